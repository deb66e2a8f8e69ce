# SPDX-License-Identifier: MIT
"""One window: the figures of a cycle whose true figures are known from formulas."""

import math

from clamp import rms
from clamp.rms import Window, scaled_root, turn
from host_tools.simulate.clamp_waves import WAVES, Input
from skipping import heap_taken

LOW_UV = 150000
HIGH_UV = 2450000


def filled(times_us, millivolts, period_us=20000):
    window = Window()
    for i, at_us in enumerate(times_us):
        window.times_us[i] = at_us
        window.values[i] = round(millivolts(at_us) * 10)
    return worked(window, len(times_us), period_us)


def worked(window, count, period_us=20000):
    window.begin(count, period_us, LOW_UV, HIGH_UV)
    steps = 0
    while not window.step():
        steps += 1
        assert steps < 100
    return window


def sine(peak_mv, bias_mv=1200, turns=0.0):
    return lambda at_us: bias_mv + peak_mv * math.sin(2 * math.pi * (at_us / 20000 + turns))


def every(us, until_us=20000):
    return list(range(0, until_us, us))


def test_even_samples_give_the_sine_s_rms_and_offset():
    window = filled(every(50), sine(1000))
    assert window.reason == 0
    assert abs(math.sqrt(window.mean_square) - 10000 / math.sqrt(2)) < 1
    assert abs(window.mean - 12000) <= 1
    assert window.count == 400


def test_uneven_samples_do_not_spoil_the_rms():
    times_us = [
        at for at in every(50) if not (at % 10000 < 4000 and at % 150)
    ]  # three times rarer at times
    window = filled(times_us, sine(1000, turns=0.1))
    assert window.reason == 0
    assert abs(math.sqrt(window.mean_square) / (10000 / math.sqrt(2)) - 1) < 0.001


def test_samples_after_the_end_of_the_cycle_are_left_out():
    window = filled(every(60, 24000), sine(1000))
    assert window.times_us[window.count - 1] < 20000
    assert abs(math.sqrt(window.mean_square) / (10000 / math.sqrt(2)) - 1) < 0.001


def test_a_sample_a_whole_cycle_after_the_first_is_the_next_cycle_s():
    assert filled(every(100, 20001), sine(1000)).count == 200


def test_the_largest_wave_at_the_longest_cycle_keeps_its_figures():
    square = lambda at_us: 2449 if at_us < 11111 else 151  # noqa: E731
    window = filled(every(60, 22222), square, 22222)
    assert window.reason == 0
    assert abs(math.sqrt(window.mean_square) - 11490) < 20


def test_too_few_samples_are_rejected():
    assert filled(every(250), sine(1000)).reason == rms.FEW
    assert filled([], sine(1000)).reason == rms.FEW


def test_a_hole_between_samples_is_rejected():
    for hole_us, reason in ((600, rms.UNEVEN), (400, 0)):
        times_us = [at for at in every(50) if not 5000 < at < 5000 + hole_us]
        assert filled(times_us, sine(1000)).reason == reason


def test_holes_that_are_not_rejected_do_not_spoil_the_figure():
    """Bursts of Wi-Fi on a chip with one core: 300 of each 1000 us of one half are lost, wherever they fall."""
    for name, permille in (("sine", 1), ("third", 1), ("charger", 3), ("half wave", 2)):
        for shift in range(0, 1000, 50):
            source = Input(WAVES[name], 300, noise_mv=1, start_us=shift * 40)
            window, count, begin_us = Window(), 0, source.now_us
            while source.now_us - begin_us < 19900:
                value, at_us = source.read_uv(), source.now_us - begin_us
                if at_us < 10000 or (at_us + shift) % 1000 >= 300:
                    window.times_us[count], window.values[count] = at_us, value // 100
                    count += 1
            worked(window, count)
            assert window.reason == 0
            off = math.sqrt(window.mean_square) / 3000 - 1
            assert abs(off) * 1000 < permille, (name, shift, off)


def test_a_hole_at_the_end_of_the_cycle_is_rejected():
    assert filled(every(50, 18900), sine(1000)).reason == rms.UNEVEN


def test_halves_with_different_numbers_of_samples_are_rejected():
    assert (
        filled(every(50, 10000) + list(range(10000, 20000, 120)), sine(1000)).reason == rms.UNEVEN
    )


def test_a_half_with_less_than_a_third_of_the_samples_is_found_in_either_place():
    for few, many in ((150, 60), (110, 60)):
        reason = rms.UNEVEN if few == 150 else 0
        first = every(few, 10000) + list(range(10000, 20000, many))
        second = every(many, 10000) + list(range(10000, 20000, few))
        assert filled(first, sine(1000)).reason == filled(second, sine(1000)).reason == reason


def test_a_sine_may_be_cut_for_two_percent_of_the_time():
    for permille, reason in ((15, 0), (30, rms.CLIPPED)):
        # A sine of 1 V stays above the cut for this share of the cycle.
        cut = 1450 + 1000 * math.cos(math.pi * permille / 1000)
        peak = 1000 * (2450 - 1450) / (cut - 1450)
        window = filled(every(50), lambda at_us, peak=peak: min(sine(peak, 1450)(at_us), 2450))
        assert window.reason == reason, permille
        assert abs(window.clipped_permille - permille) <= 5


def test_samples_at_either_edge_of_the_range_are_counted():
    for edge_mv in (150, 2450):
        wave = lambda at_us, edge_mv=edge_mv: edge_mv if at_us < 5000 else 1200  # noqa: E731
        window = filled(every(50), lambda at_us, wave=wave: wave(at_us))
        assert window.clipped_permille == 250, edge_mv


def test_spikes_from_sample_to_sample_keep_the_sums_small():
    """Differences count as 150 mV at most; so 400 of them stay below 2**30, where a number would need heap."""
    window = filled(every(50), lambda at_us: 151 if at_us % 100 else 2449)
    assert window.edge_square == 2 * 1500 * 1500 // 3

    def again():
        window.begin(400, 20000, LOW_UV, HIGH_UV)
        while not window.step():
            pass

    assert heap_taken(again) == 0


def test_a_wave_cut_at_the_top_is_rejected_and_its_share_told():
    window = filled(every(50), lambda at_us: max(142, min(sine(1400)(at_us), 2450)))
    assert window.reason == rms.CLIPPED
    # 1.2 V + 1.4 V sin > 2.45 V: between asin(1.25 / 1.4) and pi minus that
    share = 1000 * (math.pi - 2 * math.asin(1.25 / 1.4)) / (2 * math.pi)
    blind = 1000 * (math.pi - 2 * math.asin(1.05 / 1.4)) / (2 * math.pi)
    assert abs(window.clipped_permille - share - blind) < 6


def test_a_wave_below_the_blind_edge_is_rejected_too():
    assert filled(every(50), lambda at_us: max(sine(1000, 900)(at_us), 142)).reason == rms.CLIPPED


def test_a_pin_without_bias_is_dead():
    assert filled(every(50), lambda at_us: 142).reason == rms.DEAD
    assert filled(every(50), lambda at_us: 0).reason == rms.DEAD


def test_a_read_that_failed_is_not_taken_for_current():
    """It gives 0 V, which a chip's calibration makes 142 mV: one of 400 would feign 53 mV. A trough that grazes the
    blind comes there step by step.
    """
    for at in (0, 7, 200, 399):
        window = filled(every(50), lambda at_us, at=at: 142 if at_us == 50 * at else 1200)
        assert window.reason == rms.CLIPPED, at
    window = filled(every(50), lambda at_us: max(sine(1001, 1150)(at_us), 142))
    assert window.reason == 0
    assert 0 < window.clipped_permille <= 20


def test_a_grazed_peak_is_told_but_kept():
    window = filled(every(50), lambda at_us: min(sine(1001, 1450)(at_us), 2450))
    assert window.reason == 0
    assert 0 < window.clipped_permille <= 20


def test_noise_between_samples_is_found_without_the_wave():
    source = Input(WAVES["sine"], 7, noise_mv=2, seed=5)
    window = Window()
    count = 0
    while source.now_us < 19900:
        window.values[count] = source.read_uv() // 100
        window.times_us[count] = source.now_us
        count += 1
    worked(window, count)
    assert abs(math.sqrt(window.noise_square) / 20 - 1) < 0.15


def test_the_edges_of_a_dimmer_are_not_taken_for_noise():
    for rms_mv in (6, 10, 20, 200):
        total = 0
        for seed in range(10):
            source = Input(WAVES["dimmer"], rms_mv, noise_mv=1.5, seed=seed, start_us=seed * 731)
            window, begin_us, count = Window(), source.now_us, 0
            while source.now_us - begin_us < 19900:
                window.values[count] = source.read_uv() // 100
                window.times_us[count] = source.now_us - begin_us
                count += 1
            total += worked(window, count).noise_square / 10
        # Its own noise, that of two roundings, and the slope of its half waves between samples 60 us apart.
        slope_mv = rms_mv * 2 * math.pi * 50 * 60e-6
        wanted = 225 + 100 / 12 * (1 + (3200 / 4096) ** 2) + 50 * slope_mv**2
        assert abs(total / wanted - 1) < 0.06, (rms_mv, total, wanted)


def test_the_phase_is_the_fundamental_s_at_the_first_sample():
    for wanted in range(0, 4096, 128):
        turns = wanted / 4096
        wave = lambda at_us, turns=turns: (  # noqa: E731
            sine(500, turns=turns)(at_us) + sine(150, 0, 3 * turns)(3 * at_us)
        )
        off = (filled(every(50), wave).phase - wanted) % 4096
        assert min(off, 4096 - off) <= 12, (wanted, off)


def test_turn_agrees_with_atan2():
    for step in range(720):
        angle = step * math.pi / 360
        wanted = angle / (2 * math.pi) * 4096
        for size in (5e8, 1e6, 3e4):
            off = (
                turn(round(size * math.sin(angle)), round(size * math.cos(angle))) - wanted
            ) % 4096
            assert min(off, 4096 - off) < 5, step
    assert turn(0, 0) == 0


def test_scaled_root_agrees_with_sqrt():
    for square in (1, 2, 3, 99, 4900, 65535, 65536, 50000000, (1 << 28) - 1):
        for factor in (1, 500, 3000, 65535):
            wanted = factor * math.sqrt(square)
            assert abs(scaled_root(square, factor) - wanted) <= 1 + wanted * 0.0002
    assert scaled_root(0, 3000) == 0
