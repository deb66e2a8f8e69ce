# SPDX-License-Identifier: MIT
"""/status.json and /metrics of the real bridge, by their schema, by Prometheus' own parser, and as the docs use them."""

import json
import re

import jsonschema
import pytest
from prometheus_client.parser import text_string_to_metric_families

import bridge
from host_tools.paths import ROOT
from host_tools.simulate.site import Site

EXAMPLE = json.loads((ROOT / "config.example.json").read_text("utf-8"))
SCHEMA = json.loads((ROOT / "docs/status.schema.json").read_text("utf-8"))
DASHBOARD = json.loads((ROOT / "docs/grafana.json").read_text("utf-8"))
TEMPLATE = (ROOT / "firmware/metrics.txt").read_text("utf-8")
# Units that are no base units of Prometheus (https://prometheus.io/docs/practices/naming/), but what everybody calls it.
_NOT_BASE = re.compile(
    r"_(ms|mA|ma|mv|dv|permille|milli\w+|percent|kilo\w+|minutes|hours|w|s)(_|$)"
)


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """(first /status.json, /status.json, /metrics, values.json) of a house in which nothing changes."""
    with Site(EXAMPLE, hour=9.6) as site:
        site.freeze()
        clamps = [f"--clamp={name}={wave}" for name, wave in site.waveforms().items()]
        folder = tmp_path_factory.mktemp("reports")
        with bridge.running(folder, EXAMPLE, site.bridge_tty, *clamps) as board:
            first = board.get("/status.json").body
            board.until(lambda a: a.status == 200, "values", limit_s=30)
            board.until(
                lambda a: a.body["clamps"]["ct1"]["windows"] > 8, "windows", 30, "/status.json"
            )
            texts = (board.get(path).body for path in ("/status.json", "/metrics"))
            yield first, *texts, board.get().body["device_values"]


@pytest.fixture(scope="module")
def families(seen):
    return {family.name: family for family in text_string_to_metric_families(seen[2])}


def samples(families):
    return [sample for family in families.values() for sample in family.samples]


def value(families, name, **labels):
    (found,) = [s.value for s in samples(families) if s.name == name and s.labels == labels]
    return found


def test_the_report_is_as_its_schema_says_before_and_after_the_first_answers(seen):
    validator = jsonschema.Draft202012Validator(SCHEMA)
    validator.check_schema(SCHEMA)
    for status in seen[:2]:
        assert [error.message for error in validator.iter_errors(status)] == []
    broken = json.loads(json.dumps(seen[1]))
    broken["units"][0]["exceptions"].pop()
    broken["falls"] = {}
    assert len(list(validator.iter_errors(broken))) == 2


def test_what_is_unknown_is_null(seen):
    unit = seen[0]["units"][0]
    if unit["good_age_ms"] is None:
        assert unit["reply_min_ms"] is unit["reply_mean_ms"] is unit["reply_max_ms"] is None
    later = seen[1]["units"][0]
    assert 0 <= later["reply_min_ms"] <= later["reply_mean_ms"] <= later["reply_max_ms"]
    assert seen[1]["units"][1]["devices"] == ["inverters 0", "batteries 0"]


def test_metrics_are_families_with_help_and_type_and_names_by_prometheus_rules(seen, families):
    """The rules of promtool check metrics: help, _total for counters and for nothing else, base units, no type in the name."""
    assert len(families) > 40
    for line in seen[2].splitlines():
        assert line == "" or line.startswith(("# HELP nrgkick_", "# TYPE nrgkick_", "nrgkick_"))
    for family in families.values():
        assert family.documentation.endswith(".") and family.type in ("counter", "gauge")
        assert not re.search(r"gauge|counter|_count$|_sum$|_bucket$", family.name)
        assert not _NOT_BASE.search(family.name), family.name
        for sample in family.samples:
            assert sample.name.endswith("_total") == (family.type == "counter")
    told = [(sample.name, tuple(sorted(sample.labels.items()))) for sample in samples(families)]
    assert len(told) == len(set(told))
    assert set(re.findall(r"# HELP (\w+)", TEMPLATE)) == set(re.findall(r"# TYPE (\w+)", TEMPLATE))


def test_metrics_say_the_same_as_the_report_in_base_units(seen, families):
    _, status, _, values = seen
    grid, inverter = values["energy_meters"]["0"], values["inverters"]["0"]
    meter = {"category": "energy_meters", "index": "0"}
    assert value(families, "nrgkick_device_power_watts", **meter) == grid["grid_power_w"]
    assert value(families, "nrgkick_battery_charge_ratio", category="batteries", index="0") == (
        pytest.approx(values["batteries"]["0"]["soc"] / 100)
    )
    energy = {"category": "inverters", "index": "0", "of": "total"}
    assert (
        value(families, "nrgkick_inverter_energy_watthours", **energy)
        == (inverter["pv_energy_total_wh"])
    )
    clamp = status["clamps"]["ct1"]
    assert value(families, "nrgkick_clamp_gain_amperes_per_volt", clamp="ct1") == 30
    assert value(families, "nrgkick_clamp_frequency_hertz", clamp="ct1") == pytest.approx(50, 0.01)
    assert value(families, "nrgkick_clamp_voltage_volts", clamp="ct1") == clamp["voltage_dv"] / 10
    assert value(families, "nrgkick_serving") == 1
    assert 0 <= value(families, "nrgkick_unit_age_seconds", unit="1") < 3
    assert 0 <= value(families, "nrgkick_device_age_seconds", **meter) < 3
    mean = value(families, "nrgkick_unit_reply_seconds", unit="1", stat="mean")
    assert 0.01 < mean < 0.4
    about = {"version": status["about"]["version"], "board": status["about"]["board"]}
    assert value(families, "nrgkick_info", **about) == 1


def test_every_counter_of_the_report_is_a_metric(seen):
    lines = {tuple(line.split()[:2]) for line in TEMPLATE.splitlines() if line[0] != "#"}
    _, status, _, _ = seen
    groups = ("charger", "health", "wifi", "http", "log", "crashes", "bus", "line")
    wanted = {(group, key) for group in groups for key in status[group] if key != "clients"}
    wanted |= {("unit", key) for key in status["units"][0]}
    wanted |= {("clamp", key) for key in status["clamps"]["ct1"]}
    wanted |= {("rejected", key) for key in status["clamps"]["ct1"]["rejected"]}
    no_counters = {
        ("unit", key) for key in ("unit", "exceptions", "refused", "warning", "devices")
    }
    no_counters |= {("clamp", "rejected"), ("unit", "good_age_ms")}
    assert wanted - lines == no_counters
    assert ("unit_age", "good_age_ms") in lines


def test_the_dashboard_asks_for_metrics_and_labels_that_exist(families):
    known = {sample.name: set(sample.labels) for sample in samples(families)}
    for sample in samples(families):
        known[sample.name] |= set(sample.labels)
    asked = [target for panel in DASHBOARD["panels"] for target in panel["targets"]]
    assert len(asked) > 10
    for target in asked:
        (name,) = re.findall(r"\bnrgkick_\w+", target["expr"])
        assert name in known, name
        labels = set(re.findall(r"(\w+)=\"", target["expr"]))
        labels |= set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
        assert labels - {"instance"} <= known[name], (name, labels)
        assert name.endswith("_total") == ("rate(" in target["expr"])


def test_home_assistant_gets_what_the_docs_say(seen):
    status = seen[1]
    text = (ROOT / "docs/api.md").read_text("utf-8")
    (snippet,) = re.findall(r"```yaml\n(rest:.*?)```", text, re.S)
    paths = re.findall(r"value_json((?:\.\w+|\[\d+\])+)", snippet)
    assert len(paths) >= 5
    for path in paths:
        found = status
        for name, index in re.findall(r"\.(\w+)|\[(\d+)\]", path):
            found = found[name] if name else found[int(index)]
        assert found is None or isinstance(found, int | float), path
