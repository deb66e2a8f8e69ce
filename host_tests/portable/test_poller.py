# SPDX-License-Identifier: MIT
"""The poller on a virtual line: what is asked when, what is believed, what a dead unit costs."""

import struct
import sys

import planned
from line import Line, adu
from meters import states
from meters.poller import Poller
from modbus.master import GOOD, Master
from planning import grouping, profile, unit_limits
from ticks import ticks_add

METER = {
    "limits": {"registers_per_read": 80, "timeout_ms": 300},
    "defaults": {"function": 4, "type": "f32"},
    "roles": {
        "energy_meters": {
            "power": {"address": 52, "scale": "1 W", "positive": "import"},
            "energy_import": {"address": 72, "scale": "1 kWh"},
            "energy_export": {"address": 74, "scale": "1 kWh"},
        },
        "inverters": "energy_meters",
    },
}


def float_words(function, address, value):
    high, low = struct.unpack(">HH", struct.pack(">f", value))
    return {(function, address): high, (function, address + 1): low}


def float_bytes(value):
    return struct.pack(">f", value)


def meter_unit(power, energy_import=0.0, energy_export=0.0):
    words = {}
    for address in range(0, 80):
        words[(4, address)] = 0
    for address, value in ((52, power), (72, energy_import), (74, energy_export)):
        words.update(float_words(4, address, value))
    return words


def build(
    line, units, category="energy_meters", invert=False, poll_interval_ms=1000, description=METER
):
    """(poller, [device]) for some units of one profile."""
    master = Master(line, 9600)
    devices, made = [], []
    for index, address in enumerate(units):
        unit = unit_limits.unit(address, description["limits"])
        quantities_of_role = profile.role(description, category)
        pairs = profile.wanted(category, quantities_of_role, invert)
        device = planned.device(category, *[key for key, _ in pairs], index=index)
        quantities = [
            profile.quantity(device, key, name, description, category, invert)
            for key, name in pairs
        ]
        unit.reads = grouping.reads(unit, quantities, grouping.overhead_chars(unit, master), 2)
        made.append(unit)
        devices.append(device)
    return Poller(master, made, poll_interval_ms), devices


def test_power_reaches_the_field():
    line = Line({1: meter_unit(-542.0)})
    poller, (device,) = build(line, [1])
    line.run(poller, 1500)
    assert device.fields == {"grid_power_w": -542}


def test_age_counts_from_the_end_of_the_frame():
    line = Line({1: meter_unit(100.0)})
    poller, (device,) = build(line, [1])
    line.run(poller, 1500)
    # After the request: 10 ms turnaround, then 9 characters of 10 bits at 9600 Bd.
    end_ms = line.requests[0][0] + 10 + 9 * 10 / 9.6
    assert end_ms - 1 <= device.at_ms["grid_power_w"] <= end_ms + 2


def test_a_meter_before_an_inverter_counts_export_as_production():
    line = Line({3: meter_unit(-2225.4, energy_import=1.0, energy_export=346.89)})
    poller, (device,) = build(line, [3], "inverters")
    line.run(poller, 1500)
    assert device.fields["inv_power_ac_w"] == 2225
    assert device.fields["pv_energy_total_wh"] == 346890


def test_invert_turns_power_and_swaps_the_energies():
    line = Line({3: meter_unit(2225.4, energy_import=346.89, energy_export=1.0)})
    poller, (device,) = build(line, [3], "inverters", invert=True)
    line.run(poller, 1500)
    assert device.fields["inv_power_ac_w"] == 2225
    assert device.fields["pv_energy_total_wh"] == 346890


def test_each_cycle_begins_on_its_beat():
    line = Line({1: meter_unit(1.0)})
    poller, _ = build(line, [1])
    line.run(poller, 5500)
    starts = [at_ms for at_ms, *_ in line.requests[1:]]
    assert len(starts) == 4
    for a, b in zip(starts, starts[1:]):
        assert 998 <= b - a <= 1002, starts


def test_silent_unit_leaves_the_field_alone_and_the_others_in_time():
    line = Line({1: meter_unit(1.0), 2: meter_unit(2.0)})
    poller, (dead, alive) = build(line, [1, 2])
    line.silent.add(1)
    line.run(poller, 61000)
    assert dead.fields["grid_power_w"] is None
    assert alive.fields["grid_power_w"] == 2
    alive_at = [at_ms for at_ms, unit, *_ in line.requests if unit == 2]
    assert max(b - a for a, b in zip(alive_at, alive_at[1:])) <= 1000 + 300 + 50
    dead_at = [at_ms for at_ms, unit, *_ in line.requests if unit == 1]
    gaps = [b - a for a, b in zip(dead_at[1:], dead_at[2:])]
    assert min(gaps) >= 3200, gaps


def test_reply_from_other_unit_is_not_believed():
    line = Line({1: meter_unit(1.0)})
    poller, (device,) = build(line, [1])
    line.garble = lambda reply: adu(2, bytes(reply[1:-2]))
    line.run(poller, 2600)
    assert device.fields["grid_power_w"] is None
    assert poller.units[0].stats["wrong_unit"] >= 1


def test_reply_with_bad_crc_is_not_believed():
    line = Line({1: meter_unit(1.0)})
    poller, (device,) = build(line, [1])
    line.garble = lambda reply: reply[:-1] + bytes((reply[-1] ^ 1,))
    line.run(poller, 2600)
    assert device.fields["grid_power_w"] is None
    assert poller.units[0].stats["crc"] >= 1


def test_short_reply_is_not_believed():
    line = Line({1: meter_unit(1.0)})
    poller, (device,) = build(line, [1])
    line.garble = lambda reply: reply[:-3]
    line.run(poller, 2600)
    assert device.fields["grid_power_w"] is None
    assert poller.units[0].stats["short"] >= 1


def test_noise_and_zeros_in_front_of_the_reply_are_stepped_over():
    line = Line({1: meter_unit(1234.0)})
    poller, (device,) = build(line, [1])
    line.garble = lambda reply: b"\x00\x00\xfe\x01\x04" + reply
    line.run(poller, 1500)
    assert device.fields["grid_power_w"] == 1234


def test_echo_of_the_request_is_recognised():
    line = Line({1: meter_unit(1234.0)})
    poller, (device,) = build(line, [1])
    line.garble = lambda reply: line._sent + reply
    line.run(poller, 1500)
    assert device.fields["grid_power_w"] == 1234
    assert poller.units[0].stats["echo"] == poller.units[0].stats["good"] == 1


def test_late_reply_is_never_the_answer_to_a_later_request():
    # The unit always answers 1.2 s after the request: longer than its time-out and the cycle.
    line = Line({1: meter_unit(1.0)})
    poller, (device,) = build(line, [1])
    line.late_ms[1] = 1200
    line.run(poller, 8000)
    assert device.fields["grid_power_w"] is None
    # Cured: what is read then is the present value, not an answer from before.
    line.late_ms.clear()
    line.units[1] = meter_unit(999.0)
    line.run(poller, line.now_ms + 40000)
    assert device.fields["grid_power_w"] == 999


def test_one_late_reply_between_prompt_ones():
    line = Line({1: meter_unit(1.0)})
    poller, (device,) = build(line, [1], poll_interval_ms=200)
    line.run(poller, 1200)
    for turn in range(20):
        line.late_ms[1] = 310 + 7 * turn
        line.run(poller, line.now_ms + 230)
        line.late_ms.clear()
        line.units[1] = meter_unit(100.0 + turn)
        before_ms = line.now_ms
        line.run(poller, line.now_ms + 2500)
        assert device.fields["grid_power_w"] == 100 + turn
        assert device.at_ms["grid_power_w"] > before_ms


NEIGHBOURS = dict(
    METER,
    roles={
        "inverters": {
            "power": {"address": 52, "scale": "1 W", "positive": "generation"},
            "energy_total": {"address": 56, "scale": "1 kWh"},
        }
    },
)


def test_block_refused_at_the_first_contact_is_split_in_the_same_cycle():
    line = Line({1: float_words(4, 52, 500.0)})
    poller, (device,) = build(line, [1], "inverters", description=NEIGHBOURS)
    assert len(poller.units[0].reads) == 1
    line.run(poller, 1900)
    assert len(poller.units[0].reads) == 2
    assert device.fields["inv_power_ac_w"] == 500
    assert device.fields["pv_energy_total_wh"] is None
    line.run(poller, 60000)  # what it lacks is hardly asked for any more
    assert len([r for r in line.requests if r[3] == 56]) <= 9
    assert "meters.lengths" not in sys.modules  # some kB


def test_block_that_was_read_before_is_split_after_three_refusals_only():
    words = meter_unit(500.0)
    line = Line({1: words})
    poller, (device,) = build(line, [1], "inverters", description=NEIGHBOURS)
    line.run(poller, 3500)
    for refusals, reads in ((2, 1), (3, 2)):
        line.units[1] = float_words(4, 52, 700.0)
        until = poller.units[0].stats["exception"] + refusals
        while poller.units[0].stats["exception"] < until:
            line.run(poller, line.now_ms + 10)
        assert len(poller.units[0].reads) == reads
        line.units[1] = words
        line.run(poller, line.now_ms + 1500)


def test_unit_that_is_silent_to_all_but_single_values_is_read():
    description = dict(METER, limits={"registers_per_read": 80, "timeout_ms": 100})
    description["roles"] = {
        "inverters": {
            "power": [
                {"address": a, "scale": "1 W", "positive": "generation"} for a in (52, 54, 56)
            ],
            "energy_total": {"address": 58, "scale": "1 kWh"},
        }
    }
    words = {}
    for address, value in ((52, 1.0), (54, 2.0), (56, 3.0), (58, 4.0)):
        words.update(float_words(4, address, value))
    line = Line({1: words})
    line.garble = lambda reply: reply if reply[2] == 4 else b""
    poller, (device,) = build(line, [1], "inverters", description=description)
    assert poller.units[0].reads[0].count > 2
    line.run(poller, 150000)
    assert sorted([read.count for read in poller.units[0].reads]) == [2, 2, 2, 2]
    assert device.fields == {"inv_power_ac_w": 6, "pv_energy_total_wh": 4000}
    # No probe of another size is ever answered: a lost reply costs some seconds, not the unit.
    line.silent.add(1)
    line.run(poller, line.now_ms + 1500)
    line.silent.clear()
    before_ms = line.now_ms
    line.run(poller, before_ms + 10000)
    assert device.at_ms["inv_power_ac_w"] > before_ms
    assert len(poller.units[0].reads) == 4


def test_unit_that_gives_one_register_per_read_is_told_so():
    words = float_words(4, 52, 500.0)
    line = Line({1: words})
    refusal = adu(1, 0x84, 2)
    line.garble = lambda reply: reply if reply[2] == 2 else refusal
    bus, (device,) = build(line, [1], "inverters", description=NEIGHBOURS)
    line.run(bus, 10000)
    (link,) = bus.units
    assert device.fields["inv_power_ac_w"] is None
    assert link.warning == "answers no read of two registers, which its values need"
    # A unit that only lacks a value is not told so; nor is it once it does answer.
    line.garble = None
    line.run(bus, 60000)
    assert device.fields["inv_power_ac_w"] == 500 and link.warning is None


def test_block_that_is_never_answered_is_split_while_the_probe_is():
    # A unit that says nothing at all to a read which holds a register that it lacks.
    unit = float_words(4, 52, 500.0)
    unit.update(float_words(4, 54, 0.0))
    line = Line({1: unit})
    line.garble = lambda reply: b"" if reply[1] & 0x80 else reply
    poller, (device,) = build(line, [1], "inverters", description=NEIGHBOURS)
    assert len(poller.units[0].reads) == 1
    line.run(poller, 8000)
    assert len(poller.units[0].reads) == 2
    assert device.fields["inv_power_ac_w"] == 500
    # The half that stays silent is asked less and less, and takes nothing from the other.
    line.run(poller, 80000)
    before_ms = line.now_ms
    line.run(poller, before_ms + 60000)
    asked_ms = [at_ms for at_ms, _, _, address, count in line.requests if address == 56]
    assert 1 <= len([at_ms for at_ms in asked_ms if at_ms > before_ms]) <= 3
    assert device.at_ms["inv_power_ac_w"] > before_ms + 58000
    line.units[1].update(float_words(4, 56, 12.0))
    line.run(poller, line.now_ms + 31000)
    assert device.fields["pv_energy_total_wh"] == 12000


def test_plan_stays_together_when_the_whole_unit_is_silent():
    line = Line({1: meter_unit(1.0, 2.0, 3.0)})
    description = dict(METER, limits={"registers_per_read": 80, "timeout_ms": 100})
    poller, _ = build(line, [1], "inverters", description=description)
    reads = len(poller.units[0].reads)
    line.silent.add(1)
    line.run(poller, 100000)
    assert len(poller.units[0].reads) == reads


def test_slow_read_is_asked_at_once_after_a_week_of_silence():
    line = Line({1: meter_unit(1.0, 2.0, 3.0)})
    description = dict(METER, roles={"inverters": {
        "power": {"address": 52, "scale": "1 W", "positive": "generation"},
        "energy_total": {"address": 72, "scale": "1 kWh"},
    }})  # fmt: skip
    poller, (device,) = build(line, [1], "inverters", description=description)
    line.run(poller, 2500)
    slow = [read for read in poller.units[0].reads if read.slow][0]
    assert not states.due(slow, slow.due_ms - 10)
    # A week is more than half of the period of the ticks, 2**30 ms, so they say that it is yet to come.
    later_ms = ticks_add(slow.due_ms, -400000000)
    assert states.due(slow, later_ms)


def test_noise_is_counted_for_the_unit_that_was_asked_and_else_for_the_line():
    line = Line({1: meter_unit(1.0), 2: meter_unit(2.0)})
    poller, _ = build(line, [1, 2])
    line.garble = lambda reply: reply if reply[0] == 1 else b"\x55\xaa\x55"
    line.run(poller, 1500)
    assert [unit.stats["noise"] for unit in poller.units] == [0, 1]
    assert poller.line.stats["noise"] == 0
    line.garble = None
    line.arrive(b"\x55\xaa\x55", 500)  # between two cycles
    line.run(poller, 3500)
    assert poller.line.stats["noise"] == 1


def test_reply_that_waited_while_the_loop_was_held_is_as_old_as_it_may_be():
    # A request of 8 characters takes 8.3 ms at 9600 Bd, the unit 10 ms, its reply of 9 characters 9.4 ms.
    for looks_ms in (0, 5, 14):
        line = Line({1: meter_unit(5.0)})
        master = Master(line, 9600)
        master.select(1, 4, 1000)
        start_ms = line.now_ms
        master.begin(52, 2, start_ms)
        for _ in range(looks_ms):
            line.now_ms += 1
            assert not master.step(line.now_ms)
        line.now_ms += 3000
        while not (outcome := master.step(line.now_ms)):
            line.now_ms += 1
        assert outcome == GOOD
        true_ms = start_ms + 8.3 + 10 + 9.4
        assert true_ms - 11 <= master.ended_ms <= true_ms + 0.5, (looks_ms, master.ended_ms)
        assert master.reply_ms <= 20


def test_held_loop_makes_no_reading_younger():
    line = Line({1: meter_unit(100.0)})
    poller, (device,) = build(line, [1])
    while not line.requests:
        line.now_ms += poller.step(line.now_ms)
    line.now_ms += 2500
    while device.fields["grid_power_w"] is None:
        line.now_ms += poller.step(line.now_ms)
    assert device.at_ms["grid_power_w"] <= line.requests[0][0] + 10 + 9.4


def test_reply_times_are_those_of_the_line():
    # 9 characters of 10 bits at 9600 Bd are 9.4 ms, seen at the next whole one.
    line = Line({1: meter_unit(1.0)})
    poller, _ = build(line, [1], poll_interval_ms=100)
    line.run(poller, 5000)
    stats = poller.units[0].stats
    steady = stats["reply_mean_ms"]
    assert stats["reply_min_ms"] <= steady <= stats["reply_max_ms"]
    assert 19 <= stats["reply_min_ms"] and stats["reply_max_ms"] <= 21
    line.turnaround_ms = 50
    line.run(poller, 12000)
    assert abs(stats["reply_mean_ms"] - steady - 40) <= 1
    assert stats["reply_min_ms"] <= 21 and 59 <= stats["reply_max_ms"] <= 61


def test_a_refusal_is_an_answer_but_no_good_one():
    line = Line({1: meter_unit(1.0)})
    poller, _ = build(line, [1])
    line.run(poller, 2500)
    good_ms = poller.units[0].at_ms["good_age_ms"]
    assert 2000 <= good_ms <= 2500
    line.units[1] = {}
    line.run(poller, 9000)
    unit = poller.units[0]
    assert unit.exceptions[2] == unit.stats["exception"] > 0
    assert unit.at_ms["good_age_ms"] == good_ms


def test_late_answer_is_counted_for_its_unit():
    line = Line({1: meter_unit(1.0), 2: meter_unit(2.0)})
    poller, _ = build(line, [1, 2])
    line.late_ms[2] = 600
    line.run(poller, 2500)
    assert [unit.stats["late"] for unit in poller.units] == [0, 1]


def test_another_master_is_noticed_and_the_answer_to_it_not_believed():
    line = Line({1: meter_unit(1.0)})
    poller, (device,) = build(line, [1])
    # It asks the same unit for as many registers elsewhere, and the unit answers that.
    line.garble = lambda reply: adu(1, 4, 0, 0, 0, 2) + adu(1, 4, 4, float_bytes(777.0))
    line.run(poller, 5000)
    assert device.fields["grid_power_w"] is None
    assert poller.line.stats["foreign"] >= 1


def test_time_out_and_pause_are_each_units_own():
    line = Line({1: meter_unit(1.0), 2: meter_unit(2.0)})
    poller, _ = build(line, [1, 2])
    quick, slow = poller.units
    quick.timeout_ms, slow.pause_ms = 50, 200
    line.silent.add(1)
    line.run(poller, 1600)
    (first_ms, unit, *_), (second_ms, other, *_) = line.requests[:2]
    assert (unit, other) == (1, 2)
    assert 50 + 200 <= second_ms - first_ms <= 50 + 200 + 9 + 3


def test_time_on_the_wire_at_every_speed_and_character():
    # Bits by hand: start, 8 data, parity if any, 1 or 2 stop bits.
    for baudrate in (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200):
        for bits in (10, 11, 12):
            master = Master(None, baudrate, bits)
            for characters in (1, 8, 9, 125, 255):
                exact = characters * bits * 1000 / baudrate
                assert exact <= master.wire_ms(characters) < exact + 1
            silence = 3.5 * bits * 1000 / baudrate if baudrate <= 19200 else 1.75
            assert silence - 1 < master.silence_ms <= silence  # the port waits for the rest


def test_sending_never_holds_the_loop_for_long():
    # Line.finish() itself refuses more than 10 ms; and it may not come too late for a quick answer either.
    for baudrate in (1200, 2400, 9600, 19200, 115200):
        line = Line({1: meter_unit(5.0)}, baudrate, turnaround_ms=4)
        master = Master(line, baudrate)
        master.select(1, 4, 1000)
        master.begin(52, 2, line.now_ms)
        while True:
            line.now_ms += 1
            before_ms = line.now_ms
            outcome = master.step(line.now_ms)
            assert line.now_ms - before_ms <= 5, baudrate
            if outcome:
                break
        assert outcome == GOOD and -2 <= master.reply_ms - 4 - master.wire_ms(9) <= 2


def test_value_that_cannot_be_is_refused_and_counted():
    line = Line({1: meter_unit(5e6)})
    poller, (device,) = build(line, [1])
    line.run(poller, 1500)
    assert device.fields["grid_power_w"] is None
    assert poller.units[0].stats["implausible"] == 1
    assert poller.units[0].implausible == "grid_power_w"


def test_power_beyond_the_fuses_is_not_put_before_it_was_read_twice():
    line = Line({1: meter_unit(50000.0)})
    poller, (device,) = build(line, [1])
    quantity = [one for read in poller.units[0].reads for one in read.quantities][0]
    limits = quantity.low, quantity.high, quantity.slow, 43470
    quantity.__init__(device, quantity.key, quantity.registers, *limits)
    line.run(poller, 1500)
    assert device.fields["grid_power_w"] is None and poller.units[0].stats["implausible"] == 1
    line.run(poller, 2500)
    assert device.fields["grid_power_w"] == 50000 and poller.units[0].stats["implausible"] == 1


def test_slow_quantities_are_asked_less_often():
    line = Line({1: meter_unit(1.0, 2.0, 3.0)})
    description = dict(METER, roles={"inverters": {
        "power": {"address": 52, "scale": "1 W", "positive": "generation"},
        "energy_total": {"address": 72, "scale": "1 kWh"},
    }})  # fmt: skip
    poller, _ = build(line, [1], "inverters", description=description)
    line.run(poller, 11000)
    fast = [r for r in line.requests if r[3] == 52]
    slow = [r for r in line.requests if r[3] == 72]
    assert len(fast) == 10 and 4 <= len(slow) <= 6, (len(fast), len(slow))


# Reads that no wall lets be one, all of two registers.
APART = {
    "limits": {"timeout_ms": 100, "walls": [50, 150, 250]},
    "defaults": {"function": 3, "type": "u32"},
    "roles": {
        "batteries": {
            "power": {"address": 0, "scale": "1 W", "positive": "discharge"},
            "energy_import": {"address": 100, "scale": "1 Wh"},
            "energy_export": {"address": 200, "scale": "1 Wh"},
        },
        "inverters": {
            "power": [
                {"address": 0, "scale": "1 W", "positive": "generation"},
                {"address": 100, "scale": "1 W", "positive": "generation"},
            ],
            "energy_total": {"address": 200, "scale": "1 Wh"},
        },
    },
}


def apart_unit(*values):
    words = {}
    for i in range(len(values)):
        for at in range(10):
            words[(3, 100 * i + at)] = 0
        words[(3, 100 * i + 1)] = values[i]
    return words


def spoil(line, address, spoilt):
    """Let `spoilt` do what it wants to the replies to reads at this address; to all without one."""

    def garble(reply):
        asked = line._sent[2] << 8 | line._sent[3]
        return spoilt(reply) if address is None or asked == address else reply

    line.garble = garble


def twice(line, copy_ms):
    def spoilt(reply):
        line.arrive(reply, copy_ms)
        return reply

    return spoilt


def refusing(code):
    return lambda reply: adu(1, 0x84, code)


def after_all(line, code):
    def spoilt(reply):
        line.arrive(reply, 90)
        return adu(1, 0x83, code)

    return spoilt


def test_reply_that_comes_twice_is_no_answer_to_another_read():
    for copy_ms in (30, 60, 90, 120):
        line = Line({1: apart_unit(5000, 1111, 7)})
        poller, (device,) = build(line, [1], "inverters", description=APART, poll_interval_ms=300)
        spoil(line, None, twice(line, copy_ms))
        line.run(poller, 6000)
        assert device.fields == {"inv_power_ac_w": 6111, "pv_energy_total_wh": 7}, copy_ms
        assert poller.units[0].stats["good"] > 20


def test_answer_behind_a_refusal_is_no_answer_to_another_read():
    for code in (5, 6, 10, 11):
        line = Line({1: apart_unit(5000, 1111, 7)}, turnaround_ms=60)
        poller, (device,) = build(line, [1], "inverters", description=APART, poll_interval_ms=300)
        spoil(line, 0, after_all(line, code))
        line.run(poller, 6000)
        assert device.fields == {"inv_power_ac_w": None, "pv_energy_total_wh": 7}, code


def test_read_that_is_never_answered_keeps_no_other_from_its_turn():
    for spoilt in (lambda reply: b"", lambda reply: reply[:-1] + bytes((reply[-1] ^ 1,))):
        for address in (0, 100, 200):
            line = Line({1: apart_unit(1, 2, 3)})
            poller, (device,) = build(line, [1], "inverters", description=APART)
            spoil(line, address, spoilt)
            line.run(poller, 12000)
            values = {r.address: r.value for read in poller.units[0].reads for r in read.registers}
            del values[address]
            assert None not in values.values(), (address, values)
            # It falls behind, and comes back.
            before = len(line.requests)
            line.run(poller, line.now_ms + 60000)
            asked = [r[3] for r in line.requests[before:]]
            assert asked.count(address) <= 8 and asked.count(0 if address else 100) > 20
            line.garble = None
            line.run(poller, line.now_ms + 32000)
            assert device.fields == {"inv_power_ac_w": 3, "pv_energy_total_wh": 3}


def test_unit_that_refused_everything_for_a_while_is_back_within_seconds_and_whole_again():
    for code, refused_ms in ((1, 5000), (2, 5000), (3, 5000), (2, 120000), (4, 5000)):
        line = Line({1: meter_unit(500.0)})
        poller, (device,) = build(line, [1], "inverters", description=NEIGHBOURS)
        line.run(poller, 3500)
        spoil(line, None, refusing(code))
        line.run(poller, line.now_ms + refused_ms)
        line.garble = None
        back_ms = line.now_ms
        line.run(poller, back_ms + 5000)
        assert device.at_ms["inv_power_ac_w"] > back_ms, (code, refused_ms)
        for _ in range(5):
            line.requests.clear()
            line.run(poller, line.now_ms + 60000)
        assert len(poller.units[0].reads) == 1 and not poller.units[0].reads[0].failures
        assert device.at_ms["inv_power_ac_w"] > back_ms + 290000
        assert "meters.lengths" not in sys.modules


def test_unit_that_never_grants_the_whole_is_hardly_asked_for_it():
    line = Line({1: meter_unit(500.0)})
    line.garble = lambda reply: adu(1, 0x84, 2) if line._sent[5] > 2 else reply
    poller, (device,) = build(line, [1], "inverters", description=NEIGHBOURS)
    for _ in range(60):
        line.requests.clear()  # the small heap of a board
        line.run(poller, line.now_ms + 60000)
    assert poller.units[0].stats["exception"] < 20
    assert device.at_ms["inv_power_ac_w"] > line.now_ms - 2500


def test_sum_of_which_one_part_is_gone_never_looks_fresh_again():
    line = Line({1: apart_unit(5000, 1111, 7)})
    poller, (device,) = build(line, [1], "inverters", description=APART)
    line.run(poller, 3000)
    assert device.fields["inv_power_ac_w"] == 6111
    for at in range(10):
        del line.units[1][(3, at)]
    put_ms = device.at_ms["inv_power_ac_w"]
    # Some cycles an hour, for two weeks: ticks wrap around after 12 days, and look young again after half of them.
    shift_ms = 0
    for _ in range(24 * 14):
        line.requests.clear()
        until_ms = line.now_ms + 6000
        while line.now_ms < until_ms:
            line.now_ms += max(1, poller.step(ticks_add(shift_ms, line.now_ms)))
        device.expire(ticks_add(shift_ms, line.now_ms))
        assert device.fields["inv_power_ac_w"] is None or device.at_ms["inv_power_ac_w"] == put_ms
        shift_ms = ticks_add(shift_ms, 3600000)


def test_nothing_is_asked_while_another_master_waits_for_its_answer():
    line = Line({1: meter_unit(42.0)})
    poller, (device,) = build(line, [1], poll_interval_ms=300)
    line.run(poller, 1200)
    asked = len(line.requests)
    # Just before our next request another master asks; its answer comes 60 ms later.
    free_ms = line.now_ms
    while poller.step(line.now_ms) < 20:
        line.now_ms += 1
    line.now_ms += poller.step(line.now_ms) - 12
    line.arrive(adu(1, 4, 0, 0, 0, 2))
    line.arrive(adu(1, 4, 4, float_bytes(230.0)), 60)
    line.run(poller, free_ms + 700)
    assert device.fields["grid_power_w"] == 42
    assert poller.line.stats["foreign"] == 1
    assert len(line.requests) > asked and poller.units[0].stats["noise"] == 0
    # One that is never answered: ours is not asked before its time-out.
    while poller.step(line.now_ms) < 20:
        line.now_ms += 1
    line.now_ms += poller.step(line.now_ms) - 12
    request_ms = line.now_ms
    line.arrive(adu(1, 4, 0, 0, 0, 2))
    line.run(poller, request_ms + 3000)
    after = [at_ms for at_ms, *_ in line.requests if at_ms > request_ms]
    assert after[0] >= request_ms + 300 and device.fields["grid_power_w"] == 42
    assert poller.units[0].stats["noise"] == 1
