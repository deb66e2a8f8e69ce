# SPDX-License-Identifier: MIT
"""Rules of MicroPython's time.ticks_*: a modular counter, compared only through ticks_diff."""

from ticks import ticks_add, ticks_diff, ticks_ms, ticks_us

PERIOD = ticks_add(0, -1) + 1  # 2**30 on a 32-bit build and on CPython, 2**62 on a 64-bit one


def test_a_tick_is_a_whole_number_within_the_period():
    assert 0 <= ticks_ms() < PERIOD
    assert 0 <= ticks_us() < PERIOD


def test_period_is_a_power_of_two_of_at_least_2_to_the_30():
    assert PERIOD >= 1 << 30
    assert PERIOD & (PERIOD - 1) == 0


def test_adding_wraps_at_the_period():
    assert ticks_add(PERIOD - 1, 1) == 0
    assert ticks_add(0, -1) == PERIOD - 1


def test_difference_is_signed():
    assert ticks_diff(150, 100) == 50
    assert ticks_diff(100, 150) == -50
    assert ticks_diff(7, 7) == 0


def test_difference_holds_across_the_wrap():
    before = PERIOD - 10
    after = ticks_add(before, 30)
    assert after == 20
    assert ticks_diff(after, before) == 30
    assert ticks_diff(before, after) == -30


def test_difference_reaches_from_minus_half_to_just_under_half_a_period():
    half = PERIOD // 2
    assert ticks_diff(half - 1, 0) == half - 1
    assert ticks_diff(half, 0) == -half


def test_time_does_not_run_backwards():
    first = ticks_us()
    second = ticks_us()
    assert ticks_diff(second, first) >= 0
