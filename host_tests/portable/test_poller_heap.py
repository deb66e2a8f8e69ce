# SPDX-License-Identifier: MIT
"""A poll costs no heap, whatever the answer: bytes that stay, and frames that come and go, both exactly nothing.

Measured on MicroPython; on CPython the same polls have to have the outcome that the test means, and the rest is skipped.
"""

import gc
import sys

import planned
from line import adu
from meters.poller import Poller
from modbus.master import Master
from planning import grouping, profile, unit_limits
from skipping import skip

UNIT = 7
REQUESTS = 100
METER = {
    "limits": {"registers_per_read": 80, "timeout_ms": 100},
    "defaults": {"function": 3, "type": "u16"},
    "invalid": {"f32": ["0x7F800000"], "u16": ["0xFFFF"]},
    "roles": {
        "inverters": {
            "power": {
                "address": 0,
                "type": "f32",
                "scale": "0.1 kW",
                "positive": "export",
                "factors": [{"address": 8, "scale": "0.1"}],
                "direction": {"address": 9, "mask": 2, "negative": 2},
            },
            "energy_day": {"address": 2, "type": "u64", "scale": "0.1 Wh"},
            "energy_total": {
                "address": 6,
                "type": "u32",
                "scale": "0.1 Wh",
                "exponent": {"address": 10, "type": "s16"},
            },
        }
    },
}
# 1.25 * 100 W * 3.0, the other way round; 12345.6 Wh; 3000000000 * 0.1 Wh / 10
REGISTERS = b"\x3f\xa0\0\0\0\0\0\0\0\x01\xe2\x40\xb2\xd0\x5e\0\0\x1e\0\x02\xff\xff"
EXPECTED = {"inv_power_ac_w": -375, "pv_energy_day_wh": 12346, "pv_energy_total_wh": 30000000}
IMPLAUSIBLE = b"\x46\xa0\0\0" + REGISTERS[4:]


class Port:
    """Answers each request at once with what was put there for its count of registers. No heap."""

    def __init__(self, answer):
        self._replies = [answer(n) for n in range(12)]
        self._reply = b""
        self._at = 0

    def send(self, request):
        self._reply = self._replies[request[5]]
        self._at = 0

    def finish(self):
        pass

    def any(self):
        return len(self._reply) - self._at

    def readinto(self, buf):
        count = 0
        while count < len(buf) and self._at < len(self._reply):
            buf[count] = self._reply[self._at]
            count += 1
            self._at += 1
        return count


def good(count, registers=REGISTERS, unit=UNIT):
    return adu(unit, 3, 2 * count, registers[: 2 * count])


def build(answer):
    master = Master(Port(answer), 9600)
    unit = unit_limits.unit(UNIT, METER["limits"])
    pairs = profile.wanted("inverters", profile.role(METER, "inverters"), False)
    device = planned.device("inverters", *[key for key, _ in pairs])
    quantities = [profile.quantity(device, k, n, METER, "inverters", False) for k, n in pairs]
    unit.reads = grouping.reads(unit, quantities, grouping.overhead_chars(unit, master), 1)
    return Poller(master, [unit], 100), device


def run(poller, now_ms, requests):
    """Step through so many requests; the time afterwards."""
    stats = poller.units[0].stats
    until = stats["requests"] + requests
    while stats["requests"] < until:
        now_ms += max(1, poller.step(now_ms))
    return now_ms


def costs_nothing(answer, outcome, fields=None):
    """Every poll of `answer` has this outcome, leads to these fields and costs nothing."""
    poller, device = build(answer)
    now_ms = run(poller, 0, 5)
    stats = poller.units[0].stats
    before = stats[outcome]
    now_ms = run(poller, now_ms, REQUESTS)
    assert stats[outcome] - before >= REQUESTS - 1, stats
    if fields:
        assert {key: device.fields[key] for key in fields} == fields
    needs_a_heap_that_can_be_measured()
    now_ms, kept = stay(poller, now_ms)
    assert kept == 0, "%d bytes for %d requests" % (kept, REQUESTS)
    assert not come_and_go(poller, now_ms), "frames or other short-lived objects"


def needs_a_heap_that_can_be_measured():
    if not hasattr(gc, "mem_alloc"):
        skip("only MicroPython can tell what is taken from the heap")


def stay(poller, now_ms):
    """(time, bytes that many polls leave on the heap)."""
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    now_ms = run(poller, now_ms, REQUESTS)
    after = gc.mem_alloc()
    gc.enable()
    return now_ms, after - before


def litter():
    for _ in range(16):
        bytearray(16)


def come_and_go(poller, now_ms):
    """Does the collector run? After 2 kB of allocations it would, though they be freed at once."""
    gc.collect()
    gc.threshold(2048)
    litter()
    before = gc.mem_alloc()
    run(poller, now_ms, REQUESTS)
    collected = gc.mem_alloc() < before
    gc.threshold(-1)
    return collected


def test_good_answer():
    costs_nothing(good, "good", EXPECTED)


def test_silence():
    costs_nothing(lambda count: b"", "silent")


def test_bad_crc():
    costs_nothing(lambda count: good(count)[:-1] + b"\x5a", "crc")


def test_exception():
    costs_nothing(lambda count: adu(UNIT, 0x83, 6), "exception")


def test_answer_of_another_unit():
    costs_nothing(lambda count: good(count, unit=8), "wrong_unit")


def test_short_answer():
    costs_nothing(lambda count: good(count)[:-3], "short")


def test_long_answer():
    costs_nothing(lambda count: good(count) + b"\x07\x03\x55", "good", EXPECTED)


def test_noise_before_the_answer():
    costs_nothing(lambda count: b"\0\0\x07\x83\xfe" + good(count), "good", EXPECTED)


def test_nothing_but_noise():
    costs_nothing(lambda count: b"\x07\x55\xaa" * 80, "noise")


def test_echo_before_the_answer():
    def answer(count):
        return adu(UNIT, 3, 0, 0, 0, count) + good(count)

    costs_nothing(answer, "good", EXPECTED)


def test_request_of_another_master_before_the_answer():
    costs_nothing(lambda count: adu(UNIT, 3, 0, 99, 0, count) + good(count), "noise")


def test_value_that_cannot_be():
    costs_nothing(lambda count: good(count, IMPLAUSIBLE), "implausible", {"inv_power_ac_w": None})


def test_the_measure_finds_what_it_looks_for():
    needs_a_heap_that_can_be_measured()
    poller, _ = build(good)
    take = poller.units[0].reads[0].take

    def wasteful(buf, data, now_ms):
        a = b = c = d = e = f = g = 0  # a frame from the heap, freed when it ends
        return take(buf, data, now_ms + a + b + c + d + e + f + g)

    poller.units[0].reads[0].take = wasteful
    now_ms = run(poller, 0, 5)
    if sys.platform != "webassembly":  # its collector runs when it has grown, not at a threshold
        assert come_and_go(poller, now_ms)
    poller.units[0].reads[0].take = lambda buf, data, now_ms: len(bytearray(16)) == 16
    assert stay(poller, now_ms)[1] >= 16 * REQUESTS
