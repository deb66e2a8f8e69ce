# SPDX-License-Identifier: MIT
"""What a unit counts, when a copy of a reply may come, and how long its probes are; and where a read finds its registers."""

from line import Line, adu
from meters import states
from meters.read import Read
from meters.unit import Unit
from modbus.master import EXCEPTION, GOOD
from planning import profile
from test_poller import NEIGHBOURS, build, meter_unit


class Reply:
    """What the last request's line tells."""

    echo = False

    def __init__(self, reply_ms):
        self.reply_ms = reply_ms


def test_mean_of_the_reply_times_follows_by_an_eighth():
    unit = Unit(1)
    unit.count(GOOD, Reply(16), 0)
    assert unit.stats["reply_mean_ms"] == 16
    unit.count(EXCEPTION, Reply(96), 0)
    assert unit.stats["reply_mean_ms"] == 26  # 16 + 80 / 8
    assert (unit.stats["reply_min_ms"], unit.stats["reply_max_ms"]) == (16, 96)


def test_copy_of_a_reply_may_come_for_a_while_and_is_awaited_by_other_reads():
    unit, read, other = Unit(1), object(), object()
    unit.part(read, 1000)
    assert unit.copy_ms(read, 1100) == 0
    assert unit.copy_ms(other, 1100) == 200
    assert unit.copy_ms(other, 1300) <= 0
    unit.part(None, 2000)
    assert unit.copy_ms(read, 2100) == unit.copy_ms(other, 2100) == 200


def test_tries_of_an_absent_unit_differ_in_length():
    read = Read(Unit(1), 3, 0, 9, ())
    read.probes = b"\2\5\6"
    unit = read.unit
    unit.reads = [read]
    lengths = []
    for _ in range(9):
        unit.probing = states.probes_next(unit)
        lengths.append(unit.length(read))
        states.after(read, states.MISSED, 0)
    assert lengths == [9, 2, 5, 6, 9, 5, 6, 9, 5]


def test_registers_are_found_where_they_stand_in_the_reply():
    made = [profile.register({"address": at, "type": "u16"}, {}) for at in (10, 13, 11)]
    read = Read(Unit(1), 3, 10, 4, made)
    read.take(b"\xff\xff\0\1\0\2\0\3\0\4", 2, 0)
    assert [register.value for register in made] == [1, 4, 2]


def test_cycle_in_which_nothing_is_due_lasts_a_while():
    line = Line({1: meter_unit(1.0)})
    poller, _ = build(line, [1], poll_interval_ms=0)
    for unit in poller.units:
        for read in unit.reads:
            read.slow = True
    line.run(poller, line.now_ms + 1000)
    assert poller.cycles <= 1000 // 50 + 10


def known_read_that_fails(code):
    """A read of two values was answered; then the unit lacks one of them. Which are still read, within 20 s.

    code: of the exception that comes instead; 0: nothing comes.
    """

    def garble(reply):
        if not reply[1] & 0x80:
            return reply
        return adu(reply[0], reply[1], code) if code else b""

    words = meter_unit(500.0)
    line = Line({1: words})
    poller, (device,) = build(line, [1], "inverters", description=NEIGHBOURS)
    line.run(poller, line.now_ms + 5000)
    assert len(poller.units[0].reads) == 1
    del words[4, 56], words[4, 57]
    line.garble = garble
    before_ms = line.now_ms
    line.run(poller, before_ms + 20000)
    return [key for key in sorted(device.at_ms) if device.at_ms[key] > before_ms]


def test_known_read_is_cut_whatever_its_failure_is():
    for code in (1, 2, 3, 4, 6, 12, 200, 0):
        assert known_read_that_fails(code) == ["inv_power_ac_w"], code


def test_new_read_is_cut_at_once_by_each_exception_that_means_not_these_registers():
    for code in (1, 2, 3):
        words = meter_unit(500.0)
        del words[4, 56]
        line = Line({1: words})
        line.garble = refusing(code)
        poller, (device,) = build(line, [1], "inverters", description=NEIGHBOURS)
        line.run(poller, line.now_ms + 500)
        assert device.fields["inv_power_ac_w"] == 500, code


def refusing(code):
    return lambda reply: adu(reply[0], reply[1], code) if reply[1] & 0x80 else reply


def test_several_registers_that_are_all_ones_are_no_values():
    made = [profile.register({"address": at, "type": "s16"}, {}) for at in (10, 11)]
    read = Read(Unit(1), 3, 10, 2, made)
    assert read.take(b"\0\7\0\5", 0, 1000)
    assert read.take(b"\xff" * 4, 0, 2000) is False
    assert [(register.value, register.at_ms) for register in made] == [(7, 1000), (5, 1000)]
    # One alone may well be -1, and so may one of several.
    assert read.take(b"\xff\xff\0\5", 0, 3000) and made[0].value == -1
    alone = Read(Unit(1), 3, 10, 1, made[:1])
    assert alone.take(b"\xff\xff", 0, 4000) and made[0].value == -1
