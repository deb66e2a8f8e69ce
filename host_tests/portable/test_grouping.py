# SPDX-License-Identifier: MIT
"""The read plan: no cheaper one is possible, and none touches what a profile forbids. Checked against trying all."""

from meters.register import Quantity, Register
from modbus.master import Master
from planning import grouping, unit_limits
from planning.quantities import TYPES

KINDS = {1: TYPES["u16"], 2: TYPES["f32"], 4: TYPES["u64"]}


def quantity(address, words=2, slow=False, function=4):
    register = Register(function, address, KINDS[words], False, 1, 1, ())
    return Quantity(None, str(address), [register], 0, 1, slow)


def planned(unit, wanted, baudrate=9600, slow_every=5):
    overhead_chars = grouping.overhead_chars(unit, Master(None, baudrate))
    return grouping.reads(unit, wanted, overhead_chars, slow_every)


def reads(places, limits=None, baudrate=9600, slow=(), slow_every=5):
    """[(address, count)] of the plan for registers at (address, words), before the reads are made to differ."""
    unit = unit_limits.unit(1, limits or {})
    wanted = [quantity(a, w) for a, w in places] + [quantity(a, w, True) for a, w in slow]
    made = planned(unit, wanted, baudrate, slow_every)
    return [(read.address, read.count - read.padding) for read in made]


def cost_ms(made, baudrate, pause_ms=0):
    """Request, turnaround, reply and silence of each read, by hand: 8N1, 20 ms of turnaround."""
    character_ms = 10000 / baudrate
    silence_ms = max(3.5 * character_ms if baudrate <= 19200 else 1.75, pause_ms)
    return sum([20 + silence_ms + (8 + 5 + 2 * count) * character_ms for _, count in made])


def allowed(address, count, limits):
    if count > limits.get("registers_per_read", 125):
        return False
    for wall in limits.get("walls", ()):
        if address < wall < address + count:
            return False
    for first, last in limits.get("holes", ()):
        if address <= last and address + count > first:
            return False
    return True


def every_plan(places, limits):
    """All ways to cut sorted places into neighbours that may be read together."""
    if not places:
        return [[]]
    found = []
    for n in range(1, len(places) + 1):
        address = places[0][0]
        count = places[n - 1][0] + places[n - 1][1] - address
        if n == 1 or allowed(address, count, limits):
            found += [[(address, count)] + rest for rest in every_plan(places[n:], limits)]
    return found


def test_no_plan_is_quicker_at_any_speed():
    # Pseudo-random, the same on every interpreter.
    seed = 1
    for turn in range(60):
        places, address = [], 0
        for _ in range(7):
            seed = seed * 1103 % 65521
            address += (0, 0, 2, 6, 20, 60, 200)[seed % 7]
            words = (1, 2, 2, 4)[seed // 7 % 4]
            places.append((address, words))
            address += words
        limits = (
            {},
            {"registers_per_read": 10},
            {"walls": [places[3][0], 100]},
            {"holes": [[places[2][0] + places[2][1], places[3][0] - 1]], "pause_ms": 100},
        )[turn % 4]
        if turn % 4 == 3 and limits["holes"][0][0] > limits["holes"][0][1]:
            limits = {"pause_ms": 100}
        for baudrate in (1200, 9600, 19200, 115200):
            made = reads(places, limits, baudrate)
            for one in made:
                assert allowed(one[0], one[1], limits), (one, limits)
            for place in places:
                assert any([a <= place[0] and place[0] + place[1] <= a + n for a, n in made])
            pause_ms = limits.get("pause_ms", 0)
            best_ms = min([cost_ms(p, baudrate, pause_ms) for p in every_plan(places, limits)])
            # Its costs are whole characters, so a read's may be one too small.
            slack_ms = len(made) * 10000 / baudrate
            assert cost_ms(made, baudrate, pause_ms) <= best_ms + slack_ms, (places, made)


def test_a_gap_is_read_across_only_where_the_line_is_quick_enough():
    # A further request costs 20 ms, 3.5 and 13 characters: at 1200 Bd 157 ms, the gap of 20 registers 333 ms.
    assert reads([(0, 2), (22, 2)], baudrate=1200) == [(0, 2), (22, 2)]
    # At 9600 Bd 37 ms and 42 ms, at 19200 Bd 29 ms and 21 ms.
    assert reads([(0, 2), (22, 2)], baudrate=9600) == [(0, 2), (22, 2)]
    assert reads([(0, 2), (22, 2)], baudrate=19200) == [(0, 24)]


def test_a_pause_makes_a_longer_gap_worth_it():
    assert reads([(0, 2), (42, 2)]) == [(0, 2), (42, 2)]
    assert reads([(0, 2), (42, 2)], {"pause_ms": 200}) == [(0, 44)]


def test_walls_holes_and_the_limit_hold_for_neighbours_too():
    places = [(122, 2), (124, 1), (125, 2)]
    assert reads(places) == [(122, 5)]
    assert reads(places, {"walls": [125]}) == [(122, 3), (125, 2)]
    few = reads(places, {"registers_per_read": 4})
    assert len(few) == 2 and max([count for _, count in few]) <= 4
    assert reads([(0, 2), (4, 2)], {"holes": [[3, 3]]}) == [(0, 2), (4, 2)]


def test_no_read_is_longer_than_modbus_allows():
    made = reads([(2 * i, 2) for i in range(100)], {}, 115200)
    assert sum([count for _, count in made]) == 200
    assert max([count for _, count in made]) <= 125 and len(made) == 2


def test_other_functions_are_other_reads():
    unit = unit_limits.unit(1, {})
    wanted = [quantity(0, function=3), quantity(2, function=4)]
    made = planned(unit, wanted)
    assert sorted([(read.function, read.address, read.count) for read in made]) == [
        (3, 0, 2),
        (4, 2, 2),
    ]


def test_slow_quantities_ride_along_where_that_is_cheap_and_else_come_seldom():
    unit = unit_limits.unit(1, {})
    wanted = [quantity(0), quantity(2, slow=True), quantity(100, slow=True)]
    made = planned(unit, wanted)
    assert [(read.address, read.count, read.slow) for read in made] == [
        (0, 4, False),
        (100, 2, True),
    ]


def test_probes_keep_to_the_walls_holes_and_limit_where_they_can():
    for limits, address, count, sizes in (
        ({}, 0, 12, (2, 4, 6)),
        ({}, 0, 2, (4, 6, 8)),
        ({}, 0, 1, (2, 3, 4)),
        ({"walls": [4]}, 0, 2, (4, 1, 3)),
        ({"holes": [[3, 9]]}, 0, 1, (2, 3, 4)),
        ({"registers_per_read": 4}, 0, 4, (2, 1, 3)),
    ):
        words = [(address + i, 1) for i in range(count)] if count & 1 else None
        places = words or [(address + i, 2) for i in range(0, count, 2)]
        (read,) = planned(unit_limits.unit(1, limits), [quantity(a, w) for a, w in places])
        assert tuple(read.probes) == sizes, (limits, count, tuple(read.probes))


def shapes(addresses, limits=None, words=2):
    """[(address, count, alike)] of reads too far apart to be one."""
    wanted = [quantity(address, words) for address in addresses]
    made = planned(unit_limits.unit(1, limits or {}), wanted)
    for read in made:
        assert len(read.probes) == 3
        for size in read.probes:
            assert size not in [other.count for other in made]
    return [(read.address, read.count, read.same_length) for read in made]


def test_no_two_reads_of_a_unit_have_one_length():
    assert shapes([0, 1000]) == [(0, 2, False), (1000, 4, False)]
    assert shapes([0, 1000, 2000], words=1) == [
        (0, 1, False),
        (1000, 2, False),
        (2000, 3, False),
    ]


def test_read_is_made_longer_only_where_it_may_be():
    for limits in ({"holes": [[1002, 1002]]}, {"walls": [1002]}, {"registers_per_read": 3}):
        assert shapes([0, 1000], limits) == [(0, 2, True), (1000, 2, True)], limits
    # Eight registers more cost about what it costs to wait.
    counts = [count for _, count, alike in shapes(range(0, 7000, 1000)) if not alike]
    assert counts == [4, 6, 8, 10]


def test_reads_of_other_functions_may_have_one_length():
    wanted = [quantity(0, function=3), quantity(2, function=4)]
    made = planned(unit_limits.unit(1, {}), wanted)
    assert [(read.count, read.same_length) for read in made] == [(2, False), (2, False)]


def test_words_that_lie_apart_come_in_one_reply():
    # Far enough that two reads would be quicker.
    low, high = quantity(100, 1).registers[0], quantity(160, 1).registers[0]
    low.beside = (high,)
    value = quantity(100, 1)
    value.registers = [low, high]
    (read,) = planned(unit_limits.unit(1, {}), [value])
    assert (read.address, read.count) == (100, 61)
    assert read.registers == [low, high] and read.quantities == [value]
