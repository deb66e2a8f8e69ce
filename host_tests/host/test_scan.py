"""make scan: who answers, which profile that is, and when not to guess.

The registers are the simulated site's, which are written apart from the profiles.
"""

import json
import os
import termios
import threading

import pytest

from host_tools.owner import check, recognise, scan
from host_tools.simulate.site.registers import MODELS, image
from host_tools.simulate.site.simulation import Site

PROFILES = scan.load_profiles()
QUANTITIES = {
    "voltage_l1": 229.5,
    "voltage_l2": 230.5,
    "voltage_l3": 231.5,
    "current_l1": 4.0,
    "current_l2": 5.0,
    "current_l3": 6.0,
    "power_l1": 900.0,
    "power_l2": 1100.0,
    "power_l3": -300.0,
    "power": 1700.0,
    "import_power": 1700.0,
    "export_power": 0.0,
    "frequency": 49.98,
    "import_energy": 1234567.0,
    "export_energy": 7654321.0,
    "total_energy": 8888888.0,
    "serial": 20000001,
    "ct_ratio": 1,
    "vt_ratio": 1,
}
QUANTITIES |= {f"secondary_{key}": value for key, value in QUANTITIES.items()}
QUANTITIES |= {f"import_energy_l{i}": 1.0 for i in (1, 2, 3)}
QUANTITIES |= {f"export_energy_l{i}": 1.0 for i in (1, 2, 3)}


class Unit:
    """Answers as a model of the site, or as the registers that it is given: {(function, address): word}."""

    def __init__(self, name=None, words=None, **changes):
        self.model = MODELS[name] if name else None
        self.words = words or {}
        self.quantities = QUANTITIES | changes
        self.reads = 0

    def read(self, function, address, count):
        self.reads += 1
        if self.model:
            if not any(
                first <= address and address + count - 1 <= last
                for first, last in self.model.readable.get(function, ())
            ):
                return None
            return image(self.model.rows[function], address, count, self.quantities)
        words = [self.words.get((function, at)) for at in range(address, address + count)]
        return None if None in words else words


def verdict_on(unit):
    """(confidence, names)"""
    confidence, found = recognise.verdict(recognise.recognise(unit.read, PROFILES))
    return confidence, [candidate.name for candidate in found]


@pytest.mark.parametrize("name", ["eastron-sdm630", "eastron-sdm72d-m-v2"])
def test_meter_that_names_its_model_is_recognised_among_its_likes(name):
    assert verdict_on(Unit(name)) == ("sure", [name])


def test_serial_number_is_read_with_the_model():
    (found,) = recognise.verdict(recognise.recognise(Unit("eastron-sdm630").read, PROFILES))[1]
    assert found.serial == 20000001
    assert "230.5 V on L2" in found.evidence and "49.98 Hz" in found.evidence
    assert "the phases add up to 1700 W" in found.evidence


def test_profiles_that_read_the_same_registers_are_not_told_apart():
    confidence, names = verdict_on(Unit("chint-dtsu666"))
    assert confidence == "ambiguous"
    assert "chint-dtsu666" in names and "chint-dtsu666-secondary" in names


def test_unit_that_refuses_everything_is_nothing():
    assert verdict_on(Unit(words={})) == ("none", [])


def test_registers_full_of_zeros_are_nothing():
    class Zeros(Unit):
        def read(self, function, address, count):
            return [0] * count

    assert verdict_on(Zeros()) == ("none", [])


@pytest.mark.parametrize("changes", [{"voltage_l2": 12.0}, {"frequency": 80.0}, {"power": 2500.0}])
def test_value_that_cannot_be_speaks_against_a_profile(changes):
    unit = Unit("eastron-sdm630", **changes)
    assert (
        recognise.examine(
            recognise.Memory(unit.read), "eastron-sdm630", PROFILES["eastron-sdm630"]
        )
        is None
    )


def test_phase_without_a_wire_does_not():
    unit = Unit("eastron-sdm630", voltage_l3=0.0, power_l3=0.0, power=2000.0)
    assert verdict_on(unit) == ("sure", ["eastron-sdm630"])


def test_sum_of_zeros_is_no_evidence():
    unit = Unit("eastron-sdm630", power_l1=0.0, power_l2=0.0, power_l3=0.0, power=0.0)
    (found,) = recognise.verdict(recognise.recognise(unit.read, PROFILES))[1]
    assert not any("add up" in words for words in found.evidence)


def test_power_that_changes_between_two_reads_gets_another_chance():
    class Rising(Unit):
        """The total is behind for the first two reads."""

        def read(self, function, address, count):
            if address == 52:
                self.quantities["power"] = 1000.0 if self.reads < 40 else 1700.0
            return super().read(function, address, count)

    unit = Rising("eastron-sdm630")
    memory = recognise.Memory(unit.read)
    unit.reads = 36
    assert recognise.examine(memory, "eastron-sdm630", PROFILES["eastron-sdm630"])


def test_same_register_is_read_once_for_all_profiles():
    unit = Unit("eastron-sdm630")
    recognise.recognise(unit.read, PROFILES)
    assert unit.reads < 4 * len(PROFILES)


# SunSpec common and inverter models: "SunS", 1 with 66 registers, 103 with 50, the end marker.
SUNSPEC = {40000: 0x5375, 40001: 0x6E53, 40002: 1, 40003: 66, 40070: 103, 40071: 50}
SUNSPEC |= {40122: 0xFFFF, 40123: 0}


def test_sunspec_chain_is_followed_to_the_models():
    unit = Unit(words={(3, at): word for at, word in SUNSPEC.items()})
    models = recognise.sunspec_models(unit.read)
    assert models == [1, 103]
    names = recognise.sunspec_profiles(models, PROFILES)
    assert "sunspec-inverter" in names and "sunspec-meter" not in names


def test_what_is_printed_is_good_in_a_config(tmp_path):
    candidate = recognise.Candidate("deye-3p-hybrid", PROFILES["deye-3p-hybrid"])
    meter = recognise.Candidate("eastron-sdm630", PROFILES["eastron-sdm630"], serial=4711)
    devices = [*scan.entries(2, candidate), *scan.entries(1, meter)]
    text = scan.snippet({"baudrate": 9600, "parity": "none", "stop_bits": 1}, devices)
    config = {"wifi": {"ssid": "Home"}, **json.loads(text)}
    (tmp_path / "config.json").write_text(json.dumps(config))
    checked, _ = check.check(tmp_path / "config.json")
    assert [device["category"] for device in checked["devices"]] == [
        "inverters", "energy_meters", "batteries", "energy_meters",
    ]  # fmt: skip
    assert checked["devices"][3]["info"]["serial"] == "4711"


def crc(data):
    """Modbus over serial line 1.02, 6.2.2."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value.to_bytes(2, "little")


class Strict:
    """A unit behind a pty that hears only its own baudrate, and answers everything with exception 2."""

    def __init__(self, unit, speed):
        self._unit, self._speed = unit, speed
        self._master, self._slave = os.openpty()
        self.port = os.ttyname(self._slave)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        try:
            while request := os.read(self._master, 256):
                if (termios.tcgetattr(self._master)[4], request[0]) == (self._speed, self._unit):
                    reply = bytes([self._unit, request[1] | 0x80, 2])
                    os.write(self._master, reply + crc(reply))
        except OSError:
            pass

    def close(self):
        os.close(self._slave)
        os.close(self._master)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(scan, "_TURNAROUND_S", 0.02)
    monkeypatch.setattr(scan, "SETTINGS", scan.SETTINGS[:4])


def test_setting_and_unit_are_found_by_any_answer(quick, capsys):
    device = Strict(3, termios.B19200)
    assert scan.main(["--port", device.port]) == 1
    device.close()
    said = capsys.readouterr().err
    assert "19200 Bd 8N1, units 3" in said and "unit 3: answers, but no profile fits" in said


def test_silent_line_is_told_with_what_helps(quick, capsys):
    device = Strict(200, termios.B9600)
    assert scan.main(["--port", device.port]) == 1
    device.close()
    assert "nobody answers" in capsys.readouterr().err


def test_one_unit_and_one_setting_may_be_named():
    parsed = scan._parser().parse_args(["--port", "x", "--baudrate", "9600", "--parity", "even"])
    assert scan.settings(parsed) == [(9600, "even", 1)]
    parsed = scan._parser().parse_args(["--port", "x", "--baudrate", "14400"])
    assert [baudrate for baudrate, _, _ in scan.settings(parsed)] == [14400] * 3


def test_missing_adapter_is_told(tmp_path, capsys):
    assert scan.main(["--port", str(tmp_path / "nothing")]) == 1
    assert "is not there" in capsys.readouterr().err


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
