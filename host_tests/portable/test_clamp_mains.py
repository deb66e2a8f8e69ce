# SPDX-License-Identifier: MIT
"""The frequency: from pairs (gap, advance of the phase) of a line whose frequency is known."""

from clamp.mains import Mains


def feed(mains, hertz, pairs, error=0):
    """Pairs about a second apart, as clamp.component makes them; error in 4096ths of a turn,
    alternately.
    """
    for i in range(pairs):
        gap_us = (800 + i * i * 107 % 499) * 1000
        mains.note(gap_us, round(gap_us * hertz * 4096 / 1e6 + error * (-1) ** i) % 4096)
        for _ in range(200):
            if not mains.step():
                break
        else:
            raise AssertionError("a search without an end")


def test_it_starts_at_the_nominal_frequency_unconfirmed():
    assert Mains(50).period_us == 20000
    assert Mains(50).frequency_mhz == 50000
    assert Mains(50).lost
    assert Mains(60).period_us == 16667
    assert abs(Mains(60).frequency_mhz - 60000) <= 1


def test_a_grid_near_its_nominal_frequency_is_followed_at_once():
    for hertz in (49.9, 49.98, 50.05, 50.1):
        mains = Mains(50)
        feed(mains, hertz, 8)
        assert not mains.lost
        assert abs(mains.frequency_mhz - hertz * 1000) <= 8, hertz


def test_every_frequency_from_45_to_65_is_found():
    for tenths in range(450, 651, 2):
        mains = Mains(50)
        feed(mains, tenths / 10, 40, error=40)
        assert not mains.lost
        assert abs(mains.frequency_mhz - tenths * 100) <= 40, tenths


def test_a_wrong_period_is_known_to_be_wrong():
    mains = Mains(50)
    feed(mains, 60, 6)
    assert mains.lost


def test_a_grid_that_changes_is_known_to_be_lost_within_two_pairs():
    mains = Mains(50)
    feed(mains, 50, 10)
    assert not mains.lost
    # Beside the phase that 50 Hz would have: a quarter of a turn, and half a turn.
    for advance in (1024, 2048):
        mains.note(1000000, advance)
    assert mains.lost


def test_one_leap_of_the_phase_changes_nothing():
    mains = Mains(50)
    feed(mains, 50, 5)
    mains.note(1000000, 1024)
    assert not mains.lost
    assert mains.frequency_mhz == 50000


def test_windows_far_apart_are_not_compared():
    mains = Mains(50)
    feed(mains, 50, 2)
    for gap_us in (5000000, 0, -7):
        mains.note(gap_us, 100)
    assert mains.frequency_mhz == 50000
    assert not mains.lost
