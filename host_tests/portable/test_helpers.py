# SPDX-License-Identifier: MIT
"""A value and the register that gives it its meaning, a power of ten or a direction, are never of different moments."""

import struct

from line import Forgetful, Line, adu
from meters.poller import Poller
from modbus.master import Master
from planning import grouping, profile, unit_limits

BETWEEN = {(3, address): 0 for address in range(10, 31)}


class Witness:
    """A device that knows the watts that are true, and those that were while the last replies were on the way."""

    def __init__(self):
        self.true = set()
        self.values = 0
        self.at_ms = 0

    def put(self, key, value, at_ms):
        assert value in self.true, (value, self.true)
        self.values += 1
        self.at_ms = at_ms


def build(line, power, limits, device, poll_interval_ms=1000):
    description = {
        "limits": dict({"timeout_ms": 300}, **limits),
        "defaults": {"function": 3, "type": "s16"},
        "roles": {"batteries": {"power": power}},
    }
    master = Master(line, 9600)
    unit = unit_limits.unit(1, description["limits"])
    quantity = profile.quantity(device, "power", "power", description, "batteries", False)
    unit.reads = grouping.reads(unit, [quantity], grouping.overhead_chars(unit, master), 2)
    return Poller(master, [unit], poll_interval_ms)


def exponent(address, helper):
    """(registers, words of them for a value and its power of ten)"""
    power = {"address": address, "scale": "1 W", "positive": "discharge"}
    power["exponent"] = {"address": helper, "type": "s16"}

    def words(watts, tens):
        return {(3, address): watts // 10**tens, (3, helper): tens}

    return power, words


def direction(address, helper):
    power = {"address": address, "type": "u16", "scale": "1 W", "positive": "discharge"}
    power["direction"] = {"address": helper, "type": "u16", "negative": 1, "positive": 0}

    def words(watts, way):
        return {(3, address): watts, (3, helper): way}

    return power, words


def meaning(kind, watts, state):
    return -watts if kind is direction and state else watts


def changing(kind, address, helper, limits, poll_interval_ms=1000, spoilt=None):
    """Poll while value and helper change together, at any moment: every value that is put was true."""
    power, words = kind(address, helper)
    line = Line({1: {}})
    line.requests = Forgetful()
    witness = Witness()
    poller = build(line, power, limits, witness, poll_interval_ms)
    seed, state, watts = 7, 0, 2000
    for turn in range(40):
        seed = seed * 1103515245 + 12345 & 0x7FFFFFFF
        # What was read just before the change may be put just behind it.
        before = meaning(kind, watts, state)
        if turn % 2:
            state, watts = 1 - state, 1000 * (1 + (seed >> 8) % 9)
        line.units[1] = dict(BETWEEN)
        line.units[1].update(words(watts, state))
        witness.true = {before, meaning(kind, watts, state)}
        if spoilt:
            spoilt(line, turn)
        line.run(poller, line.now_ms + 2500 + (seed >> 16) % 1000)
    return witness, poller


def test_value_and_helper_that_one_read_may_hold_are_in_one():
    for kind in (exponent, direction):
        for address, helper in ((10, 11), (11, 10), (10, 30)):
            witness, poller = changing(kind, address, helper, {})
            assert len(poller.units[0].reads) == 1 and witness.values > 100


def test_value_waits_for_a_helper_of_another_read():
    for kind in (exponent, direction):
        for address, helper in ((10, 11), (11, 10), (10, 300), (300, 10)):
            for interval_ms in (0, 200, 1000):
                limits = {"registers_per_read": 3, "walls": [11]}
                witness, poller = changing(kind, address, helper, limits, interval_ms)
                assert len(poller.units[0].reads) == 2
                assert witness.values > 30, (address, helper, interval_ms, witness.values)


def test_value_of_another_read_is_put_as_soon_as_its_helper_is_read():
    power, words = exponent(10, 300)
    line = Line({1: words(2000, 1)})
    witness = Witness()
    witness.true = {2000}
    poller = build(line, power, {}, witness)
    line.run(poller, 5500)
    # Asked behind the value in the same cycle: it waits for that one reply.
    assert [address for _, _, _, address, _ in line.requests[:2]] == [10, 300]
    assert line.now_ms - witness.at_ms < 1000 and witness.values == 4


def test_exception_responses_for_a_while_do_not_tear_them_apart():
    def refused(line, turn):
        refuses = turn % 10 == 9
        line.garble = (lambda reply: adu(1, 0x83, 2)) if refuses else None

    for kind in (exponent, direction):
        witness, poller = changing(kind, 10, 11, {}, spoilt=refused)
        assert witness.values > 75
        for read in poller.units[0].reads:
            assert {r.address for r in read.registers} == {10, 11}


def test_unit_that_lacks_a_register_beside_them_still_has_them_in_one_read():
    power, words = exponent(10, 11)
    other = {"address": 13, "scale": "1 W", "positive": "discharge"}
    far = {"address": 8, "scale": "1 W", "positive": "discharge"}
    for lacking in (other, far):
        line = Line({1: words(2000, 2)})
        line.units[1][(3, {13: 8, 8: 13}[lacking["address"]])] = 5
        witness = Witness()
        poller = build(line, [power, other, far], {}, witness)
        line.run(poller, 20000)
        read = [
            read for read in poller.units[0].reads if 10 in [r.address for r in read.registers]
        ][0]
        assert {10, 11} <= {r.address for r in read.registers}
        assert {r.value for r in read.registers if r.address == 10} == {2000}


def test_helper_that_has_no_value_gives_none():
    power, words = exponent(10, 300)
    for tens in (0x8000, 7, 0xFFF0):
        line = Line({1: words(2000, 1)})
        line.units[1][(3, 300)] = tens
        poller = build(line, power, {}, Witness())  # which accepts nothing
        line.run(poller, 5000)
        assert poller.units[0].stats["good"] > 3


def test_ratio_may_be_older_but_not_by_more_than_a_minute():
    power = {"address": 10, "scale": "1 W", "positive": "discharge"}
    power["factors"] = [{"address": 300, "type": "u16", "scale": "1"}]
    line = Line({1: {(3, 10): 100, (3, 300): 20}})
    witness = Witness()
    witness.true = {2000}
    poller = build(line, power, {}, witness)
    line.run(poller, 5500)
    assert witness.values == 5  # from the first cycle on
    del line.units[1][(3, 300)]
    line.run(poller, 50000)
    assert line.now_ms - witness.at_ms < 1100
    line.run(poller, 70000)
    assert 60000 < witness.at_ms < 66000
    line.units[1][(3, 300)] = 20
    line.run(poller, 80000)
    assert line.now_ms - witness.at_ms < 1100


def test_reply_is_decoded_helpers_first():
    # 12 and its power of ten behind it, in one reply: 12 * 10 ** 2
    power, _ = exponent(10, 11)
    witness = Witness()
    witness.true = {1200}
    poller = build(Line({}), power, {}, witness)
    (read,) = poller.units[0].reads
    assert read.take(struct.pack(">hh", 12, 2), 0, 5000)
    assert witness.values == 1 and witness.at_ms == 5000
