# SPDX-License-Identifier: MIT
"""The energy of the day from a total: only what is known to have been made since midnight."""

import planned
from meters.daily import Daily
from meters.register import Quantity, Register
from planning.quantities import TYPES

POWER, DAY, TOTAL = "inv_power_ac_w", "pv_energy_day_wh", "pv_energy_total_wh"


class Clock:
    day = None

    def __call__(self):
        return self.day


class Store:
    kept = None

    def load(self):
        return self.kept

    def save(self, day, total_wh):
        self.kept = (day, total_wh)


def build(store=None):
    clock, device = Clock(), planned.device("inverters", TOTAL, DAY)
    return clock, device, Daily(device, DAY, clock, store or Store())


class Total:
    """A unit's total in front of it, as the poller reads it: what falls for a moment is not put."""

    def __init__(self, daily):
        self._register = Register(3, 0, TYPES["u32"], False, 1, 1, ())
        registers = [self._register]
        self._quantity = Quantity(daily, TOTAL, registers, 0, 2147483647, True, 43470)

    def put(self, key, total_wh, at_ms):
        self._register.value, self._register.at_ms = total_wh, at_ms
        self._quantity.update()


def test_total_passes_and_the_day_is_left_out_while_the_time_is_unknown():
    _, device, daily = build()
    daily.put(TOTAL, 5000, 10)
    assert device.fields == {POWER: None, TOTAL: 5000, DAY: None}


def test_day_is_left_out_until_the_first_midnight():
    clock, device, daily = build()
    clock.day = 100
    daily.put(TOTAL, 5000, 10)
    daily.put(TOTAL, 5600, 20)
    assert device.fields[DAY] is None


def test_day_counts_from_midnight_with_the_age_of_the_total():
    clock, device, daily = build()
    clock.day = 100
    daily.put(TOTAL, 5000, 10)
    clock.day = 101
    daily.put(TOTAL, 5000, 20)
    assert device.fields[DAY] == 0
    daily.put(TOTAL, 5750, 30)
    assert device.fields == {POWER: None, TOTAL: 5750, DAY: 750}
    assert device.at_ms[DAY] == 30
    clock.day = 102
    daily.put(TOTAL, 5751, 40)
    assert device.fields[DAY] == 1


def test_unit_that_was_away_over_midnight_is_not_guessed_at():
    clock, device, daily = build()
    clock.day = 100
    daily.put(TOTAL, 5000, 10)
    clock.day = 101
    daily.put(TOTAL, 9000, 20)  # made some time since the last reading: yesterday or today
    assert device.fields[DAY] is None
    clock.day = 103  # a whole day was missed
    daily.put(TOTAL, 9000, 30)
    assert device.fields[DAY] is None


def test_what_a_unit_may_have_made_unseen_around_midnight():
    for made_wh, day_wh in ((0, 0), (100, 100), (101, None), (-1, None)):
        clock, device, daily = build()
        clock.day = 100
        daily.put(TOTAL, 5000, 10)
        clock.day = 101
        daily.put(TOTAL, 5000 + made_wh, 20)
        assert device.fields[DAY] == day_wh, made_wh


def test_total_that_falls_ends_the_count_of_the_day():
    clock, device, daily = build()
    daily = Total(daily)
    clock.day = 100
    daily.put(TOTAL, 5000, 10)
    clock.day = 101
    daily.put(TOTAL, 5000, 20)
    device.fields[DAY] = None
    for now_ms in range(30, 80, 10):  # not at the first such reading, which may be a slip
        daily.put(TOTAL, 12, now_ms)
    assert device.fields == {POWER: None, TOTAL: 12, DAY: None}
    clock.day = 102
    daily.put(TOTAL, 12, 40)
    assert device.fields[DAY] == 0


def test_total_that_is_less_for_a_moment_keeps_the_day():
    # 0, and a number without its high word, between readings of a counter that goes on.
    for slip in (0, 5000 & 0xFF):
        clock, device, daily = build()
        daily = Total(daily)
        clock.day = 100
        daily.put(TOTAL, 5000, 10)
        clock.day = 101
        daily.put(TOTAL, 5000, 20)
        for now_ms in range(30, 190, 20):
            daily.put(TOTAL, slip, now_ms)
            assert device.fields[TOTAL] >= 5000 and device.at_ms[TOTAL] < now_ms
            daily.put(TOTAL, 5700, now_ms + 10)
            assert (device.fields[TOTAL], device.fields[DAY]) == (5700, 700)


def test_counter_set_back_over_midnight_begins_no_day():
    clock, device, daily = build()
    daily = Total(daily)
    clock.day = 100
    daily.put(TOTAL, 5000, 10)
    clock.day = 101
    for now_ms in range(20, 80, 10):
        daily.put(TOTAL, 12, now_ms)
    assert (device.fields[TOTAL], device.fields[DAY]) == (12, None)


def test_total_that_slips_at_midnight_begins_no_day():
    clock, device, daily = build()
    daily = Total(daily)
    for day, total_wh in ((100, 5000), (101, 0), (101, 5000)):
        clock.day = day
        daily.put(TOTAL, total_wh, 10)
    assert (device.fields[TOTAL], device.fields[DAY]) == (5000, 0)


def test_reset_within_the_day_is_survived_with_a_store():
    store = Store()
    clock, device, daily = build(store)
    clock.day = 100
    daily.put(TOTAL, 5000, 10)
    clock.day = 101
    daily.put(TOTAL, 5001, 20)
    assert store.kept == (101, 5000)
    clock, device, daily = build(store)
    clock.day = 101
    daily.put(TOTAL, 5800, 30)
    assert device.fields[DAY] == 800


def test_what_was_stored_on_another_day_or_for_another_meter_is_not_taken():
    for kept in ((100, 5000), (101, 7000)):
        store = Store()
        store.kept = kept
        clock, device, daily = build(store)
        clock.day = 101
        daily.put(TOTAL, 5800, 30)
        assert device.fields[DAY] is None


def test_count_begins_anew_when_the_time_was_unknown():
    clock, device, daily = build()
    clock.day = 100
    daily.put(TOTAL, 5000, 10)
    clock.day = None  # the clock found itself wrong, perhaps by a day
    daily.put(TOTAL, 5040, 20)
    clock.day = 101
    daily.put(TOTAL, 5050, 30)
    assert device.fields[DAY] is None


def test_midnight_of_today_is_found_again_when_the_time_was_unknown():
    store = Store()
    clock, device, daily = build(store)
    for day, total_wh in ((100, 5000), (101, 5000), (None, 5600), (101, 5700)):
        clock.day = day
        daily.put(TOTAL, total_wh, 10)
    assert device.fields[DAY] == 700
