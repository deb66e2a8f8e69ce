# SPDX-License-Identifier: MIT
"""Calibration against computations of another kind: formulas, published points, a search by brute force."""

import math
import random

import pytest

from host_tools.owner.calibration import (
    Point,
    Refused,
    against_meter,
    one_load,
    steady,
    zero,
)


def seen(meter_ma, gain, noise_ma):
    """What a clamp tells of a load, by the model."""
    return math.sqrt((meter_ma / gain) ** 2 + noise_ma**2)


def house(gain=1.07, noise_ma=180, count=120, jitter=0.003, seed=1):
    """A house's loads, 0.3 to 12 A, with the jitter of both instruments."""
    chance = random.Random(seed)
    loads = [chance.choice([300, 800, 2100, 4300, 8700, 12000]) for _ in range(count)]
    return [
        Point(
            seen(load, gain, noise_ma) * (1 + chance.gauss(0, jitter)),
            load * (1 + chance.gauss(0, jitter)),
        )
        for load in loads
    ]


def test_exact_readings_give_back_gain_and_noise():
    fit = against_meter(house(jitter=0))
    assert fit.gain == pytest.approx(1.07, rel=1e-9)
    assert fit.noise_ma == pytest.approx(180, rel=1e-6)
    assert fit.error_percent() == pytest.approx(1.0, abs=0.1)


def test_jitter_averages_out():
    fit = against_meter(house())
    assert fit.gain == pytest.approx(1.07, rel=0.002)
    assert fit.noise_ma == pytest.approx(180, rel=0.05)
    assert 1.5 <= fit.error_percent() <= 2.5


def test_a_tenth_of_wild_readings_changes_little():
    points = house()
    for i in range(0, len(points), 10):
        points[i].meter_ma *= 2.5
    assert against_meter(points).gain == pytest.approx(1.07, rel=0.005)


def test_published_points_of_a_real_board_fit_within_two_percent():
    """kosl/esphome-fake-eastron-SDM630-with-CTs: 0, 5, 11 and 16 A read as these raw values."""
    floor = zero([39.0] * 5)
    gains = [one_load([raw] * 3, floor, amps).gain for raw, amps in ((118.4, 11), (166.5, 16))]
    assert gains[0] == pytest.approx(gains[1], rel=0.02)
    points = [Point(raw * 100, amps * 1000) for raw, amps in ((63.0, 5), (118.4, 11), (166.5, 16))]
    fit = against_meter(points * 8)
    for point in points:
        assert fit.current_ma(point.rms_ma) == pytest.approx(point.meter_ma, rel=0.02)
    assert fit.noise_ma == pytest.approx(3900, rel=0.15)


def test_the_fit_is_the_best_that_brute_force_finds():
    points = house(count=60, jitter=0.002, seed=4)
    fit = against_meter(points)

    def misfit(gain, noise_ma):
        total = 0
        for p in points:
            off = gain * math.sqrt(max(p.rms_ma**2 - noise_ma**2, 0)) - p.meter_ma
            total += (off / (0.01 * p.meter_ma + 30)) ** 2
        return total

    best = min(
        ((g / 10000, n) for g in range(10600, 10801, 2) for n in range(150, 211, 2)),
        key=lambda pair: misfit(*pair),
    )
    assert fit.gain == pytest.approx(best[0], rel=0.001)
    assert fit.noise_ma == pytest.approx(best[1], rel=0.05)


def test_without_small_loads_the_noise_floor_is_left_alone():
    points = [p for p in house(noise_ma=20) if p.meter_ma > 2000]
    fit = against_meter(points)
    assert fit.noise_ma is None
    assert fit.gain == pytest.approx(1.07, rel=0.002)


@pytest.mark.parametrize(
    ("points", "word"),
    [
        (house()[:10], "only"),
        ([Point(5000, 5000)] * 50, "never varied enough"),
        ([Point(300 + i, 300 + i) for i in range(50)], "never rose"),
        ([Point(1000, 1000)] * 25 + [Point(8000, 8000)] * 25, "different loads"),
        ([Point(9000 - p.rms_ma / 2, p.meter_ma) for p in house()], "falls"),
    ],
)
def test_readings_that_cannot_calibrate_are_refused_with_a_reason(points, word):
    with pytest.raises(Refused, match=word):
        against_meter(points)


def test_a_meter_on_another_conductor_is_refused():
    chance = random.Random(3)
    points = [Point(p.rms_ma * chance.uniform(0.5, 2), p.meter_ma) for p in house()]
    with pytest.raises(Refused, match="same conductor"):
        against_meter(points)


def test_a_zero_is_the_rms_of_its_readings():
    assert zero([60, 62, 58, 61, 59]) == pytest.approx(60.0, abs=0.1)
    with pytest.raises(Refused, match="jump"):
        zero([60, 62, 58, 61, 900])
    with pytest.raises(Refused, match="five"):
        zero([60])


def test_one_load_takes_the_noise_off_in_quadrature():
    fit = one_load([2500, 2500, 2500], 700, 4800)
    assert fit.gain == pytest.approx(2)
    with pytest.raises(Refused, match="noise floor"):
        one_load([100, 100], 60, 500)
    with pytest.raises(Refused, match="not steady"):
        one_load([5000, 6000, 5000], 60, 5000)


def test_only_readings_between_like_ones_are_kept():
    low, high = Point(1000, 1000), Point(5000, 5000)
    late = Point(5000, 1000)
    assert steady([low, low, low, late, high, high, high]) == [low, high]
    assert steady([low, high]) == []
