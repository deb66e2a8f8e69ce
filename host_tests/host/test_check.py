# SPDX-License-Identifier: MIT
"""`make check`: the device's own check on the PC, in words for the owner; and the docs' tables against the schema."""

import json
import math
import re
from pathlib import Path

import pytest

from host_tools.owner import check
from planning import schema

ROOT = Path(__file__).resolve().parents[2]
METER = {"category": "energy_meters", "profile": "eastron-sdm630", "unit": 1}


def written(folder, devices=None, **top):
    path = folder / "config.json"
    wifi = {"ssid": "Home", "password": "correct horse"}
    path.write_text(json.dumps({"wifi": wifi, "devices": devices or [METER], **top}), "utf-8")
    return path


def said(capsys, path):
    code = check.main([str(path)])
    out, err = capsys.readouterr()
    return code, out.splitlines(), err.splitlines()


def test_a_good_file_is_called_good_and_explained(tmp_path, capsys):
    code, out, err = said(capsys, written(tmp_path))
    assert (code, err) == (0, [])
    assert out[0] == "config.json is good"
    assert "  bus: 9600 Bd 8N1, TX 17, RX 16, DE 4" in out
    assert "  energy_meters 0: eastron-sdm630, unit 1" in out


def test_more_devices_than_a_small_chip_holds_are_warned_of(tmp_path, capsys):
    def devices(count):
        category = ("energy_meters", "inverters")
        return [{**METER, "category": category[i % 2], "unit": 1 + i} for i in range(count)]

    assert "PSRAM" not in str(said(capsys, written(tmp_path, devices(8))))
    code, out, _ = said(capsys, written(tmp_path, devices(9)))
    assert code == 0 and any("devices: 9 may take more memory" in line for line in out)


def test_the_example_is_good(capsys):
    code, out, _ = said(capsys, ROOT / "config.example.json")
    assert code == 0 and out[0] == "config.example.json is good"


def test_a_bad_file_is_one_line_and_exit_code_1(tmp_path, capsys):
    code, out, err = said(capsys, written(tmp_path, [{**METER, "unit": 300}]))
    assert (code, out) == (1, [])
    assert err == ["devices[0].unit: 300 is out of range; 1 to 255 is allowed"]


def test_a_missing_file_is_one_line(tmp_path, capsys):
    code, out, err = said(capsys, tmp_path / "config.json")
    assert (code, out) == (1, [])
    assert err == [
        f"{tmp_path}/config.json: No such file or directory; a readable config.json is needed"
    ]


def test_a_profile_beside_the_file_is_found(tmp_path, capsys):
    (tmp_path / "profiles").mkdir()
    ours = ROOT / "lib" / "planning" / "profiles" / "eastron-sdm630.json"
    profile = {**json.loads(ours.read_text("utf-8")), "caveat": "Never seen."}
    own = tmp_path / "profiles" / "my-meter.json"
    own.write_text(json.dumps(profile), "utf-8")
    path = written(tmp_path, [{**METER, "profile": "my-meter"}])
    code, out, _ = said(capsys, path)
    assert code == 0 and "warning: devices[0].profile: Never seen." in out
    own.write_text("{", "utf-8")
    code, _, err = said(capsys, path)
    assert code == 1 and err[0].startswith('devices[0].profile: profile "my-meter" is not JSON: ')


@pytest.mark.parametrize(
    "top, warning",
    [
        (
            {"freshness": {"limit_s": 8}},
            "freshness.limit_s: the charger wants no value older than 7 s",
        ),
        (
            {"bus": {"baudrate": 1200, "poll_interval_ms": 100}},
            "bus.poll_interval_ms: reading all powers",
        ),
        (
            {"freshness": {"limit_s": 2}, "bus": {"poll_interval_ms": 1900}},
            "freshness.limit_s: a power gets up to 2.5 s old while all units answer",
        ),
    ],
)
def test_what_is_allowed_and_doubtful_is_warned_of(tmp_path, capsys, top, warning):
    code, out, _ = said(capsys, written(tmp_path, **top))
    assert code == 0
    assert [line for line in out if line.startswith("warning: " + warning)], out


def test_a_line_that_only_a_dead_unit_makes_too_slow_is_warned_of(tmp_path, capsys):
    devices = [METER, {**METER, "category": "inverters", "unit": 2, "timeout_ms": 4000}]
    code, out, _ = said(capsys, written(tmp_path, devices, freshness={"limit_s": 5}))
    warning = (
        "warning: freshness.limit_s: while one unit does not answer, the powers of the others"
    )
    assert code == 0 and [line for line in out if line.startswith(warning)], out
    _, out, _ = said(capsys, written(tmp_path, devices[:1], freshness={"limit_s": 5}))
    assert not [line for line in out if "freshness.limit_s" in line], out


def test_a_line_that_is_always_too_slow_is_refused(tmp_path, capsys):
    devices = [METER, {**METER, "category": "inverters", "unit": 2, "pause_ms": 1500}]
    top = {"freshness": {"limit_s": 1}, "bus": {"poll_interval_ms": 0}}
    code, out, err = said(capsys, written(tmp_path, devices, **top))
    assert (code, out) == (1, [])
    assert err[0].startswith(
        "freshness.limit_s: 1 s is less than reading all powers takes, about 1"
    )


def test_time_on_the_wire_is_that_of_the_frames(tmp_path, capsys):
    # 9600 Bd 8N1 is 25/24 ms a character. One float: 8 + 5 + 4 characters, 20 ms turnaround, a silence of 100 ms.
    _, out, _ = said(capsys, written(tmp_path, [{**METER, "pause_ms": 100}]))
    cycle_ms = math.ceil(17 * 25 / 24) + 20 + 100
    assert f"    function 4, 52 to 53: grid_power_w (each cycle, {cycle_ms} ms)" in out
    assert f"  cycle: all powers take about {cycle_ms} ms on the wire" in out


def test_the_plan_is_told_in_words_without_a_secret(tmp_path, capsys):
    hybrid = {"profile": "deye-3p-hybrid", "unit": 2}
    devices = [METER, {"category": "inverters", **hybrid}, {"category": "batteries", **hybrid}]
    _, out, _ = said(capsys, written(tmp_path, devices, freshness={"when_stale": "omit"}))
    text = "\n".join(out)
    assert "unit 1: " in text and "unit 2: " in text and "horse" not in text
    assert text.count("model number") == 2, "asked once of each unit"
    assert text.count("warning: devices[1].profile:") == 1 and "devices[2].profile" not in text
    assert "energy_meters 0: grid_power_w; left out while it is too old" in text
    # The battery is of the inverter's unit: its power is within the inverter's.
    assert "load_power_w: from inverters 0, energy_meters 0" in [line.strip() for line in out]


def documented():
    """The first four cells of every row of docs/config.md."""
    found = []
    for line in (ROOT / "docs" / "config.md").read_text("utf-8").splitlines():
        row = re.match(r"\| (`.*?`) \| (.*?) \| (.*?) \|(.*?)\|", line)
        if row:
            found.append(tuple(cell.strip() for cell in row.groups()))
    return found


def test_the_docs_tables_are_the_schemas():
    expected = [cells(row) for section in schema.sections() for row in schema.rows(section)]
    assert documented() == expected


def cells(row):
    """(key, kind, default, allowed) of a schema row in words."""
    key, kind, default, allowed = row
    return f"`{key}`", kind.replace("_", " "), _default(default), _allowed(kind, allowed)


def _default(value):
    if value is ...:
        return "needed"
    if value is None:
        return "none"
    return "its defaults" if value == () else f"`{_json(value)}`"


def _allowed(kind, allowed):
    if kind == "load":
        return ", ".join(f"`{_json(value)}`" for value in allowed) + " or an object"
    if kind == "one_of":
        return ", ".join(f"`{_json(value)}`" for value in allowed)
    if not allowed:
        return {
            "yes_no": "`true`, `false`",
            "ip": "IPv4 address",
            "host": "IPv4 address or name",
            "zone": "POSIX time zone",
        }.get(kind, "")
    low, high = allowed
    unit = {
        "names": " names",
        "hosts": " host names",
        "networks": " networks",
        "text": " bytes",
        "password": " bytes",
        "label": " letters, digits, `-`",
    }.get(kind, "")
    return f"{low} to {high}{unit}" + (", `null`" if kind == "pin" else "")


def _json(value):
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


DEYE = {"category": "inverters", "profile": "deye-3p-hybrid", "unit": 2}
BATTERY = {"category": "batteries", "profile": "deye-3p-hybrid", "unit": 2}


@pytest.mark.parametrize(
    "devices, warning",
    [
        ([{**METER, "profile": "acrel-adw300"}], "devices[0].profile: a new acrel-adw300 talks 1200 8N1, and bus says 9600 8N1"),
        ([METER, {**METER, "category": "inverters", "profile": "eastron-sdm120", "unit": 2}], "devices[1].profile: a new eastron-sdm120 talks 2400 8N1"),
        ([METER, {**DEYE, "unit": 1}], "devices[1].unit: 1 is eastron-sdm630 already"),
        ([METER, {**METER, "category": "smart_loads", "profile": "eastron-sdm120"}], "devices[1].unit: 1 is eastron-sdm630 already"),
        ([{**METER, "info": {"serial": "7"}}, {**METER, "unit": 3, "info": {"serial": "7"}}], 'devices[1].info.serial: "7" is that of devices[0], too'),
        ([DEYE], "devices: no meter at the grid"),
        ([{"category": "energy_meters", "fixed": {"grid_power_w": 1}}], "devices[0].fixed: the power at the grid never changes so"),
        ([METER, {**DEYE, "battery_connected": False}, BATTERY], "devices[1].battery_connected: false, though"),
        ([{**METER, "info": {"serial": "7"}}, {**METER, "profile": "algodue-uem", "unit": 3}], "devices[1].info.serial: missing; the charger tells energy_meters apart"),
    ],
)  # fmt: skip
def test_what_an_owner_easily_overlooks_is_told(tmp_path, capsys, devices, warning):
    code, out, _ = said(capsys, written(tmp_path, devices))
    assert code == 0 and any(line.startswith(f"warning: {warning}") for line in out), out


def test_a_house_as_it_should_be_is_told_nothing_of_that(tmp_path, capsys):
    devices = [{**METER, "info": {"serial": "7"}}, DEYE, BATTERY]
    _, out, _ = said(capsys, written(tmp_path, devices))
    assert "  inverters 0: deye-3p-hybrid, unit 2, with the battery behind it" in out
    assert [line for line in out if line.startswith("warning") and "].profile:" not in line] == []


@pytest.mark.parametrize(
    "typed, meant",
    [
        ("SDM630", '"eastron-sdm630"?'),
        ("dtsu666", '"chint-dtsu666", '),
        ("eastron-sdm63", '"eastron-sdm630"?'),
    ],
)
def test_a_model_without_its_maker_gets_a_suggestion(tmp_path, capsys, typed, meant):
    _, _, err = said(capsys, written(tmp_path, [{**METER, "profile": typed}]))
    assert f'no profile "{typed}"; did you mean {meant}' in err[0]


@pytest.mark.parametrize("text", ['{"wifi": {"ssid": "H",}}', '{"a": [1, ]}'])
def test_a_comma_too_many_is_called_one_and_the_file_by_its_name(tmp_path, capsys, text):
    path = tmp_path / "mine.json"
    path.write_text(text)
    _, _, err = said(capsys, path)
    comma = text.index(",", text.index("H") if "H" in text else 0) + 1
    assert err == [
        f"mine.json: not JSON: line 1, column {comma}: nothing follows this comma; take it away"
    ]
