# SPDX-License-Identifier: MIT
"""What a clamp makes of windows whose figures are given: averages, errors, and what is not compared."""

import math

from clamp import rms
from clamp.reading import Clamp

LEVEL = 1000 * 1000  # mean square of 100 mV, in tenths of a millivolt
NOISE = 50 * 50  # of 5 mV
SAMPLES = 300


class Sampler:
    start_us = 0
    low_uv = 150000
    high_uv = 2450000
    calibrated = True


class Window:
    """The figures of a window that was worked through."""

    def __init__(self, mean_square=LEVEL, noise_square=NOISE, reason=0, phase=0, mean=12000):
        self.mean_square = mean_square
        self.noise_square = noise_square
        self.reason = reason
        self.phase = phase
        self.mean = mean
        self.count = SAMPLES
        self.edge_square = 0
        self.clipped_permille = 0
        self.times_us = [0]


class Mains:
    frequency_mhz = 50000
    lost = False

    def __init__(self):
        self.noted = []

    def note(self, gap_us, advance):
        self.noted.append(advance)


def clamp(gain_ua=1000, noise_square=None):
    """One of 10 A/V unless another gain is given, of whose error nothing is known but what its windows tell."""
    figures = {
        "gain_ua": gain_ua,
        "error_permille": 0,
        "uncalibrated_permille": 0,
        "noise_square": noise_square,
        "nominal_dv": 2300,
        "power_factor_permille": 1000,
    }
    return Clamp("ct1", Sampler(), figures, voltage_dv=lambda: 2300)


def after(made, *windows, mains=None):
    """The result, after these windows a second apart."""
    mains = mains or Mains()
    for number, window in enumerate(windows):
        made.take(window, mains, 1000 * number)
    return made.result


def milliamps(mean_square, gain_ua=1000):
    return math.sqrt(mean_square) * gain_ua / 1000


def test_a_window_moves_the_average_by_an_eighth_while_the_load_rests():
    result = after(clamp(), *[Window()] * 20, Window(LEVEL + 40000))
    assert abs(result["rms_ma"] - milliamps(LEVEL + 40000 / 8)) < 1


def test_the_first_windows_count_alike():
    result = after(clamp(), Window(), Window(), Window(), Window(LEVEL + 40000))
    assert abs(result["rms_ma"] - milliamps(LEVEL + 40000 / 4)) < 1


def test_a_load_that_changed_is_told_at_once():
    # Five standard deviations of a window's mean square, sqrt((4 signal + 2 noise) noise / samples), and a 32nd of it.
    sigma = math.sqrt((4 * (LEVEL - NOISE) + 2 * NOISE) * NOISE / SAMPLES)
    limit = 5 * sigma + LEVEL / 32
    result = after(clamp(), *[Window()] * 20, Window(round(LEVEL + 1.1 * limit)))
    assert abs(result["rms_ma"] - milliamps(LEVEL + 1.1 * limit)) < 1
    result = after(clamp(), *[Window()] * 20, Window(round(LEVEL + 0.9 * limit)))
    assert abs(result["rms_ma"] - milliamps(LEVEL + 0.9 * limit / 8)) < 1


def test_error_counts_half_the_noise_that_neighbours_cannot_tell():
    result = after(clamp(60000), *[Window(noise_square=10000)] * 20)
    spread = 2 * math.sqrt((4 * (LEVEL - 10000) + 2 * 10000) * 10000 / SAMPLES)
    square = LEVEL - 10000
    error_ma = milliamps(square, 60000) - milliamps(square - spread - 10000 / 2, 60000)
    error_ma += milliamps(1, 60000)  # one step of what is kept, 0.1 mV
    assert 0.98 < result["error_w"] / (230 * error_ma / 1000) < 1.02


def test_error_is_never_less_than_what_the_rounding_hides():
    result = after(clamp(1), *[Window()] * 20)
    assert (result["power_w"], result["error_w"]) == (0, 1)


def test_phase_is_believed_from_two_millivolts_on():
    assert after(clamp(), Window(390, 0))["frequency_mhz"] is None
    assert after(clamp(), Window(410, 0))["frequency_mhz"] == 50000


def test_noise_is_told_only_while_it_can_be_told_from_the_wave():
    """Below 30 mV, 300 tenths."""
    assert after(clamp(), Window(89000))["noise_ma"] is not None
    assert after(clamp(), Window(91000))["noise_ma"] is None
    assert after(clamp(noise_square=NOISE), Window(91000))["noise_ma"] == 50


def test_offset_is_told_in_millivolts():
    assert after(clamp(), Window(mean=11800))["offset_mv"] == 1180


def test_windows_before_and_after_a_dead_pin_are_not_compared():
    for reason, advances in ((rms.UNEVEN, [300]), (rms.DEAD, []), (rms.CLIPPED, [])):
        mains = Mains()
        windows = Window(phase=100), Window(reason=reason), Window(phase=400)
        after(clamp(), *windows, mains=mains)
        assert mains.noted == advances, reason


def test_average_begins_anew_when_the_windows_had_a_wrong_length():
    made, mains = clamp(), Mains()
    after(made, *[Window()] * 20, mains=mains)
    mains.lost = True
    after(made, Window(), mains=mains)
    assert made.rejected["frequency"] == 1
    mains.lost = False
    result = after(made, Window(LEVEL + 40000), mains=mains)
    assert abs(result["rms_ma"] - milliamps(LEVEL + 40000)) < 1
