# SPDX-License-Identifier: MIT
"""make scan: who answers, how soon, which profile that is, and when not to guess."""

import json
import termios

import pytest

from host_tests.host import recognition_figures as figures
from host_tests.host.pty_device import PtyUnits
from host_tests.host.virtual_line import (
    DELIVERED,
    OTHERS,
    SERIALS,
    OnlyHolding,
    VirtualPort,
    looked_for,
)
from host_tools.owner import check, scan, scan_report
from host_tools.owner.finding import Finder
from host_tools.simulate.site.simulation import Site
from line import adu
from recognition import recogniser, search
from recognition.examination import Candidate

PROFILES = scan.load_profiles()


# How well devices are named.


def test_no_device_gets_a_wrong_name_and_the_page_has_the_figures():
    made = figures.table()
    rows = [row.split("|") for row in made.splitlines() if row.startswith("| ")][1:]
    assert [int(row[-2]) for row in rows if "---" not in row[1]] == [0] * len(figures.HOUSES)
    assert made == figures.of_page(), (
        "python -m host_tests.host.recognition_figures writes it again"
    )


# Of these every unit says its model itself, or no other profile has such registers.
SURELY = (
    "abb-b23 carlo-gavazzi-em24 carlo-gavazzi-em340 carlo-gavazzi-em540 deye-string eastron-sdm630 "
    "eastron-sdm72d-m-v2 goodwe-et huawei-sun2000 solaredge-se sungrow-sh socomec-countis-e24 marstek-venus-e-gen3"
).split()


@pytest.mark.parametrize("name", SURELY)
def test_device_that_names_its_model_is_recognised_surely(name):
    image = figures.image(name, figures.HOUSES[0])
    assert figures.recognise(figures.reader(image, None)) == ("sure", [name])


@pytest.mark.parametrize(
    "name", ["sungrow-sh", "sungrow-sh-old-firmware", "kostal-ksem", "tq-em410"]
)
def test_power_that_flows_both_ways_is_no_contradiction(name):
    (house,) = [one for one in figures.HOUSES if one.words.startswith("one phase feeds in")]
    _, names = figures.recognise(figures.reader(figures.image(name, house), None))
    assert name in names


# Where a unit is found, and how soon. In virtual time.


@pytest.mark.parametrize("registers", [{}, OnlyHolding()], ids=["any function", "holding only"])
@pytest.mark.parametrize(("setting", "unit"), DELIVERED)
def test_meter_as_delivered_is_found_within_10_s(setting, unit, registers):
    found, port = looked_for({unit: registers}, setting)
    assert found == (setting, unit)
    assert port.elapsed_ms < 10_000


def test_every_setting_of_every_profile_is_tried_in_a_minute():
    found, port = looked_for({}, None)
    assert found is None
    assert port.elapsed_ms < 60_000
    tried = {setting for setting, _ in DELIVERED}
    for serial in SERIALS:
        if "parity" in serial:
            assert (serial["baudrate"], serial["parity"], serial["stop_bits"]) in tried
    units = {unit for _, unit in DELIVERED + OTHERS}
    assert units >= {1, 2, 3, 11, 126, 247}
    assert units >= {serial.get("unit", 1) for serial in SERIALS}


def test_the_frequent_settings_come_first():
    assert DELIVERED[0] == ((9600, "none", 1), 1)
    assert DELIVERED.index(((9600, "none", 1), 247)) < DELIVERED.index(((2400, "none", 1), 1))


def test_meter_at_any_usual_setting_and_unit_is_found():
    for setting, unit in [
        ((19200, "even", 1), 2),
        ((38400, "none", 1), 126),
        ((4800, "none", 1), 1),
    ]:
        assert looked_for({unit: {}}, setting)[0] == (setting, unit)


def test_unit_that_answers_after_the_next_question_is_found_all_the_same():
    found, _ = looked_for({1: {}}, (9600, "none", 1), turnaround_ms=200)
    assert found == ((9600, "none", 1), 1)


def test_units_of_a_line_are_all_found():
    port = VirtualPort({2: {}, 9: OnlyHolding(), 247: {}}, (9600, "none", 1))
    finder = Finder(port, "ADAPTER", True, lambda *_: None)
    assert finder.units((9600, "none", 1), search.units_first(SERIALS)) == [2, 9, 247]


# On a line that exists.


def test_setting_and_unit_are_found_by_any_answer(capsys, monkeypatch):
    monkeypatch.setattr(scan.search, "units_first", lambda _: [2, 7])
    with PtyUnits({7: {}}, termios.B19200) as device:
        given = ["--port", device.port, "--baudrate", "19200", "--unit", "7"]
        assert scan.main(given) == 1
    said = capsys.readouterr().err
    assert "19200 Bd 8N" in said and "units 7" in said
    assert "unit 7: answers, but no profile fits" in said


def test_one_unit_and_one_setting_may_be_named():
    def pairs(*given, fixed=False):
        parsed = scan._parser().parse_args(["--port", "x", *given])
        return scan.pairs(parsed, SERIALS, fixed)

    assert pairs("--baudrate", "9600", "--parity", "even", "--unit", "5") == (
        [((9600, "even", 1), 5)],
        [],
    )
    delivered, others = pairs("--baudrate", "14400")
    assert {baudrate for (baudrate, _, _), _ in delivered + others} == {14400}
    assert len({setting for setting, _ in pairs(fixed=True)[0]}) == 1
    assert len({unit for _, unit in pairs("--all-units")[1]}) == 247 + 1  # and 255


@pytest.mark.parametrize("unit", ["0", "256", "x"])
def test_unit_that_cannot_be_is_told(unit, capsys):
    with pytest.raises(SystemExit):
        scan.main(["--port", "x", "--unit", unit])
    said = capsys.readouterr().err
    assert said == f"scan: argument --unit: {unit} is not allowed; 1 to 255 is\n"


def test_meter_of_the_site_is_found_on_the_line(capsys):
    bus = {"baudrate": 115200, "parity": "none", "stop_bits": 1}
    config = {
        "bus": bus,
        "devices": [{"category": "energy_meters", "profile": "eastron-sdm630", "unit": 5}],
    }
    with Site(config) as site:
        site.freeze()
        given = ["--port", site.bridge_tty, "--unit", "5", "--baudrate", "115200"]
        assert scan.main(given) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert found["bus"] == bus
    assert found["devices"] == [
        {
            "category": "energy_meters",
            "profile": "eastron-sdm630",
            "unit": 5,
            "info": {"name": "Eastron SDM630", "serial": "20000005"},
        }
    ]
    assert "unit 5: sure: Eastron SDM630" in err


# What is printed.


def test_what_is_printed_is_good_in_a_config(tmp_path):
    hybrid = Candidate("deye-3p-hybrid", PROFILES["deye-3p-hybrid"])
    meter = Candidate("eastron-sdm630", PROFILES["eastron-sdm630"])
    meter.serial = "4711"
    devices = [
        *scan_report.entries(2, hybrid, PROFILES["deye-3p-hybrid"]),
        *scan_report.entries(1, meter, PROFILES["eastron-sdm630"]),
    ]
    text = scan_report.snippet({"baudrate": 9600, "parity": "none", "stop_bits": 1}, devices)
    config = {"wifi": {"ssid": "Home"}, **json.loads(text)}
    (tmp_path / "config.json").write_text(json.dumps(config))
    checked, _, _ = check.check(tmp_path / "config.json")
    assert [device["category"] for device in checked["devices"]] == [
        "inverters", "energy_meters", "batteries", "energy_meters",
    ]  # fmt: skip
    assert checked["devices"][3]["info"]["serial"] == "4711"


def test_meter_of_one_register_for_two_roles_is_one_device():
    found = Candidate("ddm-ddm18sd", PROFILES["ddm-ddm18sd"])
    assert len(list(scan_report.entries(1, found, PROFILES["ddm-ddm18sd"]))) == 1


def test_look_alikes_are_shown_with_what_differs(capsys):
    image = figures.image("deye-3p-hybrid-hv", figures.HOUSES[0])
    with PtyUnits({1: image}) as device:
        given = ["--port", device.port, "--unit", "1", "--baudrate", "9600", "--parity", "none"]
        assert scan.main(given) == 1
    said = capsys.readouterr().err
    assert "one of these; compare with the device's label and display:" in said
    assert "8351.600 kWh" in said and "83516.000 kWh" in said
    assert PROFILES["deye-3p-hybrid-hv-fw1098"]["caveat"] in said


def test_confidence_has_words_for_each_kind():
    names = {recogniser.SURE, recogniser.LIKELY, *scan_report._HEADINGS}
    assert names == set(figures.COLUMNS) - {"wrong"}


def test_another_master_on_the_line_is_told():
    port = VirtualPort({}, (9600, "none", 1))
    finder = Finder(port, "ADAPTER", True, lambda *_: None)
    line = finder.line((9600, "none", 1))
    # Another master's question to unit 7, as it arrives between two of ours.
    port.arrive(adu(7, 4, b"\x00\x00\x00\x01"))
    port.sleep_ms(100)
    line.ask(1, 4, 0, 1, 150)
    assert finder.foreign == 1
