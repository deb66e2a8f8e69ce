# SPDX-License-Identifier: MIT
"""The simulated site: its physics, its registers (against published encodings) and its wire."""

import json
import os
import select
import struct
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from pymodbus.client import ModbusSerialClient
from pymodbus.exceptions import ModbusIOException

from host_tools.simulate.site import Fault, Line, Physics, Site, SiteError
from host_tools.simulate.site.physics import DAY_S
from host_tools.simulate.site.registers import encode

ROOT = Path(__file__).resolve().parents[2]
FAST = {"baudrate": 115200}


def meter(profile, unit=1, category="energy_meters", **more):
    return {"category": category, "profile": profile, "unit": unit} | more


class Master:
    """An independent Modbus master on the bridge's end: pymodbus, or raw bytes."""

    def __init__(self, site):
        self.client = ModbusSerialClient(
            site.bridge_tty, baudrate=site_baudrate(site), timeout=2, retries=0
        )
        self.client.connect()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()

    def floats(self, function, unit, address, count=1):
        return struct.unpack(f">{count}f", self.bytes(function, unit, address, 2 * count))

    def bytes(self, function, unit, address, count):
        registers = self.read(function, unit, address, count).registers
        return struct.pack(f">{count}H", *registers)

    def words(self, function, unit, address, count=1):
        return self.read(function, unit, address, count).registers

    def read(self, function, unit, address, count):
        read = {3: self.client.read_holding_registers, 4: self.client.read_input_registers}
        return read[function](address, count=count, device_id=unit)


def site_baudrate(site):
    return round(10 / site.line.byte_s)


def quick(*devices, **options):
    """A site on a fast line, with its time stopped and its meters quick."""
    site = Site({"bus": FAST, "devices": list(devices)}, **options)
    site.freeze()
    for device in site.meters.by_unit.values():
        device.turnaround_ms = 1
    return site


# Physics


@pytest.fixture(scope="module")
def day():
    physics = Physics(hour=0)
    return [physics.at(second) for second in range(0, DAY_S, 20)]


def test_grid_is_what_remains(day):
    for truth in day:
        assert truth.grid_w == truth.load_w - truth.inverter_w
        assert truth.inverter_w == truth.pv_w + truth.battery_w
        assert truth.load_w == truth.house_w + truth.rod_w


def test_phases_add_up(day):
    assert all(sum(truth.grid_phases_w) == pytest.approx(truth.grid_w) for truth in day)
    assert all(sum(truth.house_phases_w) == pytest.approx(truth.house_w) for truth in day)


def test_inverter_and_battery_keep_their_limits(day):
    for truth in day:
        assert truth.inverter_w <= 5000.001
        assert -2500.001 <= truth.battery_w <= 2500.001
        assert 0 <= truth.soc <= 100
        assert truth.pv_w >= 0


def test_a_day_has_everything_a_charger_must_cope_with(day):
    assert any(truth.grid_w < -2000 for truth in day)
    assert any(truth.grid_w > 2000 for truth in day)
    assert any(truth.battery_w < -1000 for truth in day)
    assert any(truth.battery_w > 1000 for truth in day)
    assert {truth.rod_w for truth in day} == {0.0, 1500}
    assert day[0].pv_w == 0 and max(truth.pv_w for truth in day) > 4000
    assert 45 < min(truth.rod_temp_c for truth in day) < max(t.rod_temp_c for t in day) < 51


def test_counters_are_the_integral_of_power():
    physics = Physics(hour=9)
    truths = [physics.at(9 * 3600 + second) for second in range(1201)]
    first, last = truths[0], truths[-1]

    def wh(power):
        return sum(power(truth) for truth in truths[:-1]) / 3600

    assert last.pv_wh - first.pv_wh == pytest.approx(wh(lambda t: t.pv_w))
    assert last.import_wh - first.import_wh == pytest.approx(wh(lambda t: max(t.grid_w, 0)))
    assert last.export_wh - first.export_wh == pytest.approx(wh(lambda t: max(-t.grid_w, 0)))
    assert last.charge_wh - first.charge_wh == pytest.approx(wh(lambda t: max(-t.battery_w, 0)))


def test_energy_of_the_day_begins_anew_at_midnight():
    physics = Physics(hour=23.99)
    assert physics.at(DAY_S - 1).pv_day_wh > 1000
    assert physics.at(DAY_S).pv_day_wh == 0
    assert physics.at(DAY_S).pv_wh > 8_000_000


def test_truth_does_not_depend_on_who_asks_when():
    often, once = Physics(hour=12), Physics(hour=12)
    seen = [often.at(43200 + second) for second in range(300)]
    assert once.at(43200 + 299) == seen[299]
    assert once.at(43200 + 17) == seen[17]
    assert Physics(seed=2, hour=12).at(43500) != once.at(43500)


def test_the_past_is_computed_again_when_it_is_no_longer_kept():
    physics = Physics(hour=12)
    first = physics.at(43200)
    physics.at(43200 + 5000)
    assert physics.at(43200) == first


# Encoding: IEEE 754 and two's complement by hand, word order as the sources say


def test_numbers_are_written_as_their_data_sheets_say():
    assert encode("f32", 1, 1.0) == (0x3F80, 0x0000)
    assert encode("f32", 1, -118.625) == (0xC2ED, 0x4000)
    assert encode("f32", 1000, 1500.0) == (0x3FC0, 0x0000)
    assert encode("f32", 0.1, 1.25) == (0x4148, 0x0000)
    assert encode("s16", 1, -2500.4) == (0xF63C,)
    assert encode("u16", 0.1, 230.04) == (2300,)
    assert encode("u32le", 100, 8_346_890) == (0x460D, 0x0001)
    assert encode("u32", 1, 20_000_001) == (0x0131, 0x2D01)


def test_a_counter_too_small_for_its_value_stands_still():
    assert encode("s16", 1, 40000) == (0x7FFF,)
    assert encode("s16", 1, -40000) == (0x8000,)
    assert encode("u16", 1, -1) == (0,)


# The devices, read by pymodbus's client


def test_sdm630_shows_the_grid():
    with quick(meter("eastron-sdm630")) as site, Master(site) as master:
        truth = site.truth()
        assert master.floats(4, 1, 52) == pytest.approx([truth.grid_w], rel=1e-6)
        assert master.floats(4, 1, 0, 3) == pytest.approx(truth.voltages_v, rel=1e-6)
        assert master.floats(4, 1, 12, 3) == pytest.approx(truth.grid_phases_w, rel=1e-6)
        energies = (truth.import_wh / 1000, truth.export_wh / 1000)
        assert master.floats(4, 1, 72, 2) == pytest.approx(energies, rel=1e-6)
        assert master.floats(4, 1, 342) == pytest.approx([sum(energies)], rel=1e-6)
        assert master.words(3, 1, 0xFC02) == [0x0070]


def test_sdm72_has_its_own_code_and_no_phase_energies():
    with quick(meter("eastron-sdm72d-m-v2", 9)) as site, Master(site) as master:
        assert master.words(3, 9, 0xFC02) == [0x0089]
        assert master.floats(4, 9, 52) == pytest.approx([site.truth().grid_w], rel=1e-6)
        assert master.read(4, 9, 346, 2).exception_code == 2


def test_dtsu666_counts_tenths_of_a_watt():
    with quick(meter("chint-dtsu666", 3)) as site, Master(site) as master:
        truth = site.truth()
        assert master.words(3, 3, 6, 2) == [1, 10]
        assert master.floats(3, 3, 0x2012) == pytest.approx([truth.grid_w * 10], rel=1e-6)
        assert master.floats(3, 3, 0x2006) == pytest.approx([truth.voltages_v[0] * 10], rel=1e-6)
        assert master.floats(3, 3, 0x101E) == pytest.approx([truth.import_wh / 1000], rel=1e-6)
        assert master.floats(3, 3, 0x1028) == pytest.approx([truth.export_wh / 1000], rel=1e-6)
        assert master.read(3, 3, 0x2000, 0x46).exception_code == 2


def test_dtsu666_with_transformers_shows_the_secondary_side():
    with quick(meter("chint-dtsu666", 3), ratios={3: (40, 1)}) as site, Master(site) as master:
        assert master.words(3, 3, 6, 2) == [40, 10]
        assert master.floats(3, 3, 0x2012) == pytest.approx(
            [site.truth().grid_w * 10 / 40], rel=1e-6
        )


def test_deye_is_inverter_battery_and_meter():
    devices = [
        meter("deye-3p-hybrid", 2, category)
        for category in ("inverters", "batteries", "energy_meters")
    ]
    with quick(*devices, hour=11) as site, Master(site) as master:
        truth = site.truth()
        signed = struct.unpack(">h", master.bytes(3, 2, 636, 1))
        assert signed == (round(truth.inverter_w),)
        assert struct.unpack(">h", master.bytes(3, 2, 590, 1)) == (round(truth.battery_w),)
        assert struct.unpack(">h", master.bytes(3, 2, 625, 1)) == (round(truth.grid_w),)
        assert struct.unpack(">h", master.bytes(3, 2, 619, 1)) == (round(truth.grid_w),)
        assert sum(master.words(3, 2, 672, 4)) == round(truth.pv_w)
        assert master.words(3, 2, 588) == [round(truth.soc)]
        low, high = master.words(3, 2, 534, 2)
        assert (high << 16) + low == round(truth.pv_wh / 100)
        assert master.words(3, 2, 529) == [round(truth.pv_day_wh / 100)]


def test_a_profile_without_a_model_of_its_own_is_played_from_its_table():
    """A SunSpec inverter: marker, then model 1 of 66 registers and model 103 of 50, watts and their power of ten at 14 and 15."""
    with quick(meter("sunspec-inverter", 4, "inverters"), hour=12) as site, Master(site) as master:
        assert master.words(3, 4, 40000, 4) == [0x5375, 0x6E53, 1, 66]
        assert master.words(3, 4, 40070, 2) == [103, 50]
        power, factor = struct.unpack(">hh", master.bytes(3, 4, 40084, 2))
        assert power * 10.0**factor == pytest.approx(site.truth().inverter_w, abs=1)


def test_what_is_not_there_is_refused_or_silent():
    with quick(meter("eastron-sdm630")) as site, Master(site) as master:
        assert master.read(4, 1, 90, 2).exception_code == 2
        assert master.read(4, 1, 78, 6).exception_code == 2
        assert master.read(3, 1, 52, 2).exception_code == 2
        assert master.read(4, 1, 0, 81).exception_code == 3
        with pytest.raises(ModbusIOException):
            master.read(4, 2, 52, 2)
        assert master.read(4, 1, 52, 2).registers


def test_a_meter_before_the_inverter_sees_it_export():
    device = meter("eastron-sdm630", category="inverters")
    with quick(device, hour=12) as site, Master(site) as master:
        truth = site.truth()
        assert truth.inverter_w > 0
        assert master.floats(4, 1, 52) == pytest.approx([-truth.inverter_w], rel=1e-6)
        assert master.floats(4, 1, 74) == pytest.approx([truth.generation_wh / 1000], rel=1e-6)


def test_invert_turns_the_registers_and_not_the_truth():
    with quick(meter("eastron-sdm630", invert=True)) as site, Master(site) as master:
        truth = site.truth()
        assert master.floats(4, 1, 52) == pytest.approx([-truth.grid_w], rel=1e-6)
        assert master.floats(4, 1, 72) == pytest.approx([truth.export_wh / 1000], rel=1e-6)
        values = site.expected()["device_values"]
        assert values["energy_meters"]["0"]["grid_power_w"] == truth.grid_w


def test_several_meters_see_different_places():
    devices = [meter("eastron-sdm630", unit) for unit in (5, 1, 4, 2, 3)]
    with quick(*devices, hour=14) as site, Master(site) as master:
        truth = site.truth()
        seen = [master.floats(4, unit, 52)[0] for unit in (5, 1, 4, 2, 3)]
        places = [truth.grid_w, truth.house_w, truth.rod_w, -truth.inverter_w, -truth.battery_w]
        assert seen == pytest.approx(places, rel=1e-6)


def test_several_inverters_share_the_sun():
    devices = [meter("eastron-sdm630", unit, "inverters") for unit in (1, 2)]
    with quick(*devices, hour=12) as site:
        truth = site.truth()
        served = site.expected()["device_values"]["inverters"]
        powers = [served[index]["inv_power_ac_w"] for index in "01"]
        assert powers == pytest.approx([truth.inverter_w * 2 / 3, truth.inverter_w / 3])


def test_a_test_can_bring_its_own_truth():
    class Still:
        def at(self, second):
            return replace(Physics(hour=0).at(0), grid_w=-3210.0)

    with quick(meter("eastron-sdm630"), physics=Still()) as site, Master(site) as master:
        assert master.floats(4, 1, 52) == (-3210.0,)


# Faults


@pytest.fixture
def faulty():
    with quick(meter("eastron-sdm630")) as site, Raw(site) as raw:
        yield site, raw


class Raw:
    """Bytes out, bytes in, on the bridge's end, however slow the PC is."""

    REQUEST = bytes.fromhex("010400340002 3005")

    def __init__(self, site):
        self.site = site
        self.descriptor = os.open(site.bridge_tty, os.O_RDWR | os.O_NOCTTY)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.descriptor)

    def ask(self, count=9):
        """The reply of so many bytes, and that nothing follows it."""
        os.write(self.descriptor, self.REQUEST)
        heard = b""
        while len(heard) < count and select.select([self.descriptor], [], [], 10)[0]:
            heard += os.read(self.descriptor, 512)
        return heard + self.hear()

    def ask_in_vain(self):
        """What follows a request that the meter has taken, for a little while."""
        meter = self.site.meters.by_unit[1]
        before = meter.reads
        os.write(self.descriptor, self.REQUEST)
        until(lambda: meter.reads is not before)
        return self.hear()

    def hear(self, wait_s=0.03):
        heard = b""
        while select.select([self.descriptor], [], [], wait_s)[0]:
            heard += os.read(self.descriptor, 512)
        return heard


def crc(frame):
    """Modbus over serial line 1.02, 6.2.2."""
    value = 0xFFFF
    for byte in frame:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return struct.pack("<H", value)


def test_faults_spoil_the_reply_and_heal(faulty):
    site, raw = faulty
    good = raw.ask()
    assert len(good) == 9 and good[-2:] == crc(good[:-2])

    site.fault(1, Fault("silent"))
    assert raw.ask_in_vain() == b""
    site.fault(1, Fault("bad_crc"))
    assert raw.ask()[:-1] == good[:-1] and raw.ask() != good
    site.fault(1, Fault("other_unit"))
    other = raw.ask()
    assert other[:1] == b"\x02" and other[1:-2] == good[1:-2] and other[-2:] == crc(other[:-2])
    site.fault(1, Fault("exception", code=4))
    assert raw.ask(5)[:3] == b"\x01\x84\x04"
    site.fault(1, Fault("noise", count=7))
    noisy = raw.ask(16)
    assert len(noisy) == 16 and noisy.endswith(good)
    site.fault(1, Fault("short"))
    assert raw.ask(4) == good[:4]
    site.fault(1, Fault("registers", raw={52: 0x7FC0, 53: 0}))
    assert raw.ask()[3:7] == bytes.fromhex("7FC00000")
    site.fault(1, None)
    assert raw.ask() == good


def test_a_fault_may_be_for_some_requests_only(faulty):
    site, raw = faulty
    site.fault(1, Fault("silent", times=1))
    assert raw.ask_in_vain() == b""
    assert len(raw.ask()) == 9


def test_a_late_reply_comes_after_all(faulty):
    site, raw = faulty
    good = raw.ask()
    site.fault(1, Fault("late", times=1, delay_ms=40))
    begun_s = time.monotonic()
    assert raw.ask() == good
    assert time.monotonic() - begun_s >= 0.04


def test_an_unknown_fault_is_refused():
    with pytest.raises(ValueError, match="bad_crc"):
        Fault("bad-crc")


def test_a_meter_forgets_what_came_before_a_silence(faulty):
    site, raw = faulty
    os.write(raw.descriptor, b"\x01\x04\x00")
    until(lambda: site.line.byte_counts[0] == 3)
    assert raw.hear() == b""
    assert len(raw.ask()) == 9


# The wire


class VirtualTime:
    """Stands for time and select in the line's module: time passes only while bytes are under way, and then at once;
    while it is `held`, not even then.
    """

    def __init__(self, monkeypatch):
        self.now_s = 0.0
        self.held = False
        for module in ("time", "select"):
            monkeypatch.setattr(f"host_tools.simulate.site.line.{module}", self)

    def monotonic(self):
        return self.now_s

    def select(self, readers, writers, others, rest_s):
        ready = select.select(readers, writers, others, 0)
        if ready[0] or rest_s == 0:
            return ready
        if self.held or rest_s > 0.1:  # nothing is under way
            return select.select(readers, writers, others, 0.01)
        self.now_s += rest_s
        return ready


def read_bytes(tty, count):
    """So many, which may come one by one."""
    data = b""
    while len(data) < count:
        data += os.read(tty, count)
    return data


def until(there):
    """Wait until there() is true."""
    end_s = time.monotonic() + 30
    while not there():
        assert time.monotonic() < end_s
        time.sleep(0.001)


def wire_times(line, count, reply_count, monotonic):
    """Seconds until the request is through, and until the reply to it is."""
    bridge = os.open(line.bridge_tty, os.O_RDWR | os.O_NOCTTY)
    meters = os.open(line.meter_tty, os.O_RDWR | os.O_NOCTTY)
    begun_s = monotonic()
    os.write(bridge, bytes(count))
    assert os.read(meters, 512) == bytes(count)
    through_s = monotonic() - begun_s
    os.write(meters, bytes(reply_count))
    read_bytes(bridge, reply_count)
    os.close(bridge)
    os.close(meters)
    return through_s, monotonic() - begun_s


@pytest.mark.parametrize(
    "baudrate, parity, stop_bits, bits",
    [
        (9600, "none", 1, 10),
        (9600, "even", 1, 11),
        (19200, "none", 2, 11),
        (115200, "none", 1, 10),
    ],
)
def test_bytes_take_their_time(baudrate, parity, stop_bits, bits, monkeypatch):
    request_s = 8 * bits / baudrate
    reply_s = request_s + 0.005 + 9 * bits / baudrate
    with Line(baudrate, parity, stop_bits, turnaround_ms=5) as line:
        through_s, replied_s = wire_times(line, 8, 9, time.monotonic)
        assert through_s >= request_s and replied_s >= reply_s
    virtual = VirtualTime(monkeypatch)
    with Line(baudrate, parity, stop_bits, turnaround_ms=5) as line:
        for _ in range(3):
            through_s, replied_s = wire_times(line, 8, 9, virtual.monotonic)
            assert 0 <= through_s - request_s + 1e-9 < 0.0005
            assert 0 <= replied_s - reply_s + 1e-9 < 0.0005
            virtual.now_s += 1


def test_two_that_speak_at_once_spoil_each_other(monkeypatch):
    virtual = VirtualTime(monkeypatch)
    virtual.held = True
    with Line(9600, turnaround_ms=0) as line:
        bridge = os.open(line.bridge_tty, os.O_RDWR | os.O_NOCTTY)
        meters = os.open(line.meter_tty, os.O_RDWR | os.O_NOCTTY)
        os.write(meters, b"reply")
        until(lambda: line.byte_counts == (0, 5))
        os.write(bridge, b"request")
        until(lambda: line.byte_counts == (7, 5))
        virtual.held = False
        assert read_bytes(meters, 7) != b"request"
        assert read_bytes(bridge, 5) != b"reply"
        os.close(bridge)
        os.close(meters)
        assert line.collisions == 1


def test_a_line_with_echo_gives_the_bridge_its_own_bytes():
    with Line(115200, echo=True) as line:
        bridge = os.open(line.bridge_tty, os.O_RDWR | os.O_NOCTTY)
        os.write(bridge, b"echo")
        assert read_bytes(bridge, 4) == b"echo"
        os.close(bridge)


# Configs and the command line


def test_the_example_config_can_be_played():
    config = json.loads((ROOT / "config.example.json").read_text())
    with Site(config) as site:
        values = site.expected()["device_values"]
        assert sorted(site.meters.by_unit) == [1, 2]
        assert set(values) == {
            "energy_meters",
            "inverters",
            "batteries",
            "smart_loads",
            "load_power_w",
        }
        assert site.waveforms()["ct1"].startswith("sine(")


def test_a_clamp_gives_the_amperes_of_the_rod():
    device = {"category": "smart_loads", "clamp": "ct1", "amps_per_volt": 30}
    site = Site({"devices": [device]}, hour=14)
    truth = replace(site.truth(), rod_w=1500.0, voltages_v=(240.0, 230.0, 230.0))
    assert site.devices[0].clamp_volts(truth) == pytest.approx(1500 / 240 / 30)
    assert load_w(site, truth) == pytest.approx(1500 / 240 * 230)


def test_a_clamp_beside_a_meter_takes_its_volts():
    clamp = {"category": "smart_loads", "clamp": "ct1", "model": "SCT-013-000", "burden_ohm": 40}
    site = Site({"devices": [clamp, meter("eastron-sdm630")]}, hour=14)
    truth = replace(site.truth(), rod_w=1500.0, voltages_v=(240.0, 230.0, 230.0))
    assert load_w(site, truth) == pytest.approx(1500)
    assert site.devices[0].clamp_volts(truth) == pytest.approx(1500 / 240 / 50)


def load_w(site, truth):
    return site.expected(truth)["device_values"]["smart_loads"]["0"]["sl_power_w"]


@pytest.mark.parametrize(
    "devices, words",
    [
        ([meter("sdm99")], "devices[0].profile"),
        ([meter("eastron-sdm630", 0)], "devices[0].unit"),
        ([meter("eastron-sdm630"), meter("chint-dtsu666")], "unit 1 is both"),
        ([{"category": "energy_meters", "profile": "eastron-sdm630"}], "unit"),
        ([{"category": "smart_loads", "clamp": "ct1"}], "model"),
    ],
)
def test_what_the_site_cannot_play_it_names(devices, words):
    with pytest.raises(SiteError) as refused:
        Site({"devices": devices})
    assert words in str(refused.value)


def test_the_site_alone_gives_its_port_a_name_and_ends_when_asked(tmp_path):
    link = tmp_path / "uart"
    process = subprocess.Popen(
        [sys.executable, "-m", "host_tools.simulate.site", "--uart-link", link],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline().startswith(f"ready {link}")
    assert os.path.exists(os.readlink(link))
    process.terminate()
    assert process.wait(5) == 0
    assert not link.is_symlink()
