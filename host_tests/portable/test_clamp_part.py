# SPDX-License-Identifier: MIT
"""Clamps as a part: in virtual time, through firmware.hw.clamp_adc on a fake pin."""

from array import array

from clamp import rms
from clamp.component import Clamps
from clamp.reading import Clamp, PhaseSum
from clamp_fakes import Bench, Device, clamp_adc
from host_tools.simulate.clamp_waves import WAVES, Input
from planning.clamp_models import ClampError, scale
from planning.decimals import parse
from skipping import heap_taken

PEAK_MV = 990  # what the ADC holds to both sides of a bias of 1.2 V, and a little less


def error_permille(name, level_percent, seed, **settings):
    """Off the wave's own formula, at a share of what the ADC can hold of that wave."""
    wave = WAVES[name]
    crest = max(abs(wave(i / 1000)) for i in range(1000))
    rms_mv = PEAK_MV / crest * level_percent / 100
    source = Input(wave, rms_mv, seed=seed, drift_mv_per_s=2, **settings)
    bench = Bench(source)
    result = bench.run(5)
    assert result["windows"] >= 4
    return (result["current_ma"] / (rms_mv * 30) - 1) * 1000


def test_rms_is_within_3_permille_from_10_to_100_percent_of_range():
    for name in sorted(WAVES):
        for level in (10, 30, 100):
            off = error_permille(name, level, level, noise_mv=1)
            assert abs(off) <= (3 if level > 10 else 5), (name, level, off)


def test_rms_is_within_30_permille_from_1_to_10_percent_of_range():
    for name in sorted(WAVES):
        for level in (1, 3):
            assert abs(error_permille(name, level, level + 7, noise_mv=1)) <= 30, (name, level)


def test_quicker_samples_spread_over_the_whole_cycle():
    source = Input(WAVES["sine"], 300, spacing_us=(8, 14), noise_mv=1)
    bench = Bench(source)
    result = bench.run(3)
    assert 300 <= result["samples"] <= 400
    assert abs(result["current_ma"] - 9000) < 27
    assert result["windows"] == 2


def test_no_load_reads_nothing_within_the_stated_error():
    for noise_mv in (0, 1, 3, 6):
        result = Bench(Input(WAVES["sine"], 0, noise_mv=noise_mv)).run(8)
        assert result["power_w"] <= result["error_w"]
        assert result["error_w"] <= 5 + 8 * noise_mv


def test_a_step_too_small_to_be_seen_at_once_stays_within_the_stated_error():
    """error_percent 0 and 600 A/V: only the window's own uncertainty counts, and watts are fine enough to show it."""
    entry = {"amps_per_volt": 600, "error_percent": 0}
    for percent in (1, 2, 4, 8):
        source = Input(WAVES["third"], 10, noise_mv=1.5, seed=percent)
        bench = Bench(source, entry, voltage_dv=lambda: 2300)
        bench.run(10)
        source.rms_mv = 10 * (1 + percent / 100)
        for _ in range(6):
            result = bench.run(1)
            off_w = result["power_w"] - source.rms_mv * 600 * 0.23
            assert abs(off_w) <= result["error_w"], (percent, off_w, result["error_w"])


class Spiky(Input):
    """Every 150th reading is too high."""

    def read_uv(self):
        return super().read_uv() + (0 if self.reads % 150 else self.spike_uv)


def test_spikes_are_no_current_beyond_the_stated_error():
    for spike_mv in (5, 10, 20, 40, 100):
        source = Spiky(WAVES["sine"], 0, noise_mv=1)
        source.spike_uv = 1000 * spike_mv
        bench = Bench(source, {"amps_per_volt": 600, "error_percent": 0})
        for _ in range(10):
            result = bench.run(1)
            if result["windows"]:  # high spikes have a phase, which no mains confirms
                assert result["power_w"] <= result["error_w"], spike_mv
        assert result["windows"] or spike_mv > 20


def test_noise_that_the_calibration_did_not_see_widens_the_error():
    entry = {"amps_per_volt": 30, "noise_floor_ma": 45, "error_percent": 1}
    errors_w = []
    for noise_mv in (1.5, 6):
        result = Bench(Input(WAVES["sine"], 0, noise_mv=noise_mv), entry).run(4)
        assert result["power_w"] <= result["error_w"]
        errors_w.append(result["error_w"])
    assert errors_w[0] <= 8 and errors_w[1] > 30


def test_a_calibrated_noise_floor_is_subtracted_in_quadrature():
    entry = {"amps_per_volt": 30, "noise_floor_ma": 300}
    result = Bench(Input(WAVES["sine"], 500 / 30), entry).run(4)
    assert abs(result["current_ma"] - 400) <= 4  # 3, 4, 5
    assert result["noise_ma"] in (299, 300)
    assert abs(result["rms_ma"] - 500) <= 4


def test_watts_are_amps_times_the_meter_s_volts():
    bench = Bench(Input(WAVES["sine"], 100), voltage_dv=lambda: 2415)
    result = bench.run(2)
    assert abs(result["power_w"] - 724.5) <= 3
    assert result["voltage_dv"] == 2415 and result["voltage_measured"] == 1
    assert 724.5 * 0.06 <= result["error_w"] <= 724.5 * 0.06 + 4


def test_without_a_meter_nominal_volts_widen_the_error():
    entry = {"amps_per_volt": 30, "voltage": 120}
    result = Bench(Input(WAVES["sine"], 100), entry, voltage_dv=lambda: None).run(2)
    assert abs(result["power_w"] - 360) <= 2
    assert result["voltage_measured"] == 0
    assert result["error_w"] >= 36 + 21


def test_power_factor_turns_apparent_watts_into_watts():
    result = Bench(
        Input(WAVES["sine"], 100), {"amps_per_volt": 30, "power_factor": parse("0.9")}
    ).run(2)
    assert abs(result["power_w"] - 621) <= 3


def test_a_frequency_far_from_nominal_is_found_and_nothing_untrue_is_put_meanwhile():
    for hertz in (45, 60, 65):
        bench = Bench(Input(WAVES["sine"], 300, frequency_hz=hertz, noise_mv=1))
        bench.run(16)
        assert abs(bench.clamp.result["frequency_mhz"] - 1000 * hertz) < 20
        assert 3 <= bench.clamp.rejected["frequency"] <= 9
        for _, power_w, _ in bench.device.puts[-4:]:
            assert abs(power_w - 2070) <= 7, hertz


def test_nothing_is_put_before_a_second_window_confirms_the_frequency():
    bench = Bench(Input(WAVES["sine"], 300))
    bench.run(1)
    assert bench.device.puts == [] and bench.clamp.measured_ms is None
    bench.run(1)
    assert len(bench.device.puts) == 1


def test_the_loop_is_held_for_one_cycle_at_most():
    bench = Bench(Input(WAVES["sine"], 300))
    bench.run(5)
    assert 19000 < bench.longest_hold_us <= 20000


def test_windows_are_about_a_second_apart():
    bench = Bench(Input(WAVES["sine"], 300))
    bench.run(9)
    ends_ms = [at for _, _, at in bench.device.puts]
    for before, after in zip(ends_ms, ends_ms[1:]):
        assert 800 <= after - before <= 1310


def test_a_reading_is_as_old_as_the_end_of_its_window():
    source = Input(WAVES["sine"], 300, start_us=5000000)
    bench = Bench(source)
    bench.run(1)
    while bench.device.puts == []:
        reads = source.reads
        bench.step()
        if source.reads > reads:
            ended_ms = source.now_us / 1000
    assert -1.2 <= bench.device.puts[0][2] - ended_ms <= 0


def test_a_busy_bus_postpones_the_window():
    quiet = [False, False, False, True]
    bench = Bench(Input(WAVES["sine"], 300), may_hold=lambda: quiet.pop(0))
    reads = bench.source.reads
    assert [bench.step() for _ in range(3)] == [1, 1, 1]
    assert bench.source.reads == reads
    bench.run(1)
    assert bench.part.postponed == 3
    assert bench.source.reads > 250


def test_a_rejected_window_does_not_renew_the_reading():
    source = Input(WAVES["sine"], 300)
    bench = Bench(source)
    bench.run(3)
    renewed_ms = bench.clamp.measured_ms
    source.rms_mv = 1500
    bench.run(1)
    source.bias_mv = source.rms_mv = 0
    result = bench.run(1)
    assert len(bench.device.puts) == 2
    assert bench.clamp.measured_ms == renewed_ms
    assert result["rejected"] == {"few": 0, "uneven": 0, "dead": 1, "clipped": 1, "frequency": 1}


def test_a_spoiled_window_is_not_repeated_before_its_turn():
    source = Input(WAVES["sine"], 300)
    bench = Bench(source)
    bench.run(3)
    source.spacing_us = (300, 320)
    starts_ms = []
    for _ in range(8):
        bench.run(1)
        starts_ms.append(bench.adc.start_us // 1000)
    assert all(b - a >= 800 for a, b in zip(starts_ms, starts_ms[1:]))
    assert bench.clamp.rejected["few"] == 8


def test_an_adc_that_fails_is_a_window_without_samples_and_the_next_clamp_has_its_turn():
    class Failing:
        start_us, low_uv, high_uv, calibrated = 0, 0, 1, True

        def sample(self, window, length_us):
            raise OSError(5)

    bench = Bench(Input(WAVES["sine"], 300))
    figures = scale({"amps_per_volt": 30}, {})
    failing = Clamp("ct2", Failing(), figures, bench.device, "sl_power_w")
    bench.part.clamps.insert(0, failing)
    bench.run(3)
    assert failing.rejected["few"] >= 3 and failing.measured_ms is None
    assert len(bench.device.puts) == 2  # of the other


def test_a_step_of_the_load_is_not_averaged_away():
    source = Input(WAVES["sine"], 300)
    bench = Bench(source)
    bench.run(4)
    source.rms_mv = 30
    assert abs(bench.run(1)["current_ma"] - 900) <= 5
    source.rms_mv = 0
    assert bench.run(1)["current_ma"] <= 15


def test_an_unplugged_clamp_reads_nothing_and_a_pin_at_a_rail_is_refused():
    source = Input(WAVES["sine"], 0, bias_mv=1180, noise_mv=1)
    bench = Bench(source)
    result = bench.run(3)
    assert result["power_w"] <= result["error_w"] and result["windows"] == 3
    for bias_mv, reason in ((3300, "clipped"), (0, "dead"), (2600, "clipped"), (100, "dead")):
        source.bias_mv = bias_mv
        before = bench.clamp.rejected[reason]
        assert bench.run(1)["windows"] == 3
        assert bench.clamp.rejected[reason] == before + 1, bias_mv


def test_clamps_take_turns():
    inputs = [Input(WAVES["sine"], mv) for mv in (100, 200, 300)]
    module = clamp_adc()
    now = [0]
    clamps = []
    for i, source in enumerate(inputs):
        clamps.append(Clamp("ct%d" % i, module.ClampADC(source), scale({"amps_per_volt": 30}, {})))
    part = Clamps(clamps)
    held_ms = []
    for _ in range(4000):
        reads = [source.reads for source in inputs]
        module.ticks_us = lambda: max(source.now_us for source in inputs)
        for source in inputs:
            source.now_us = now[0] * 1000
        delay_ms = part.step(now[0])
        if reads != [source.reads for source in inputs]:
            held_ms.append((now[0], [r != s.reads for r, s in zip(reads, inputs)].index(True)))
        now[0] = max(source.now_us for source in inputs) // 1000 + delay_ms + 1
        if now[0] > 6000:
            break
    assert [which for _, which in held_ms[:6]] == [0, 1, 2, 0, 1, 2]
    assert all(b[0] - a[0] > 260 for a, b in zip(held_ms, held_ms[1:]))
    assert [abs(c.result["current_ma"] - 3000 * (i + 1)) < 15 for i, c in enumerate(clamps)] == [
        True
    ] * 3


def test_a_phase_sum_is_as_old_as_its_oldest_clamp():
    device = Device()
    total = PhaseSum(device, "load_power_w", ("ct1", "ct2", "ct3"))
    total.put("ct1", 100, 1000)
    total.put("ct2", 200, 1300)
    assert device.puts == []
    total.put("ct3", 300, 1600)
    total.put("ct1", 150, 2000)
    total.put("ct1", 160, 3000)
    assert device.puts == [
        ("load_power_w", 600, 1000),
        ("load_power_w", 650, 1300),
        ("load_power_w", 660, 1300),
    ]


def test_scales_come_from_a_model_or_from_amps_per_volt():
    models = {
        "bare": {"turns": 2000, "error_percent": 3},
        "volt": {"amps_per_volt": 30, "error_percent": 1},
    }
    of_model = scale({"model": "volt"}, models)
    assert of_model["gain_ua"] == 3000
    assert (of_model["error_permille"], of_model["uncalibrated_permille"]) == (40, 110)
    stated = scale({"amps_per_volt": 30, "error_percent": 1}, models)
    assert (stated["error_permille"], stated["uncalibrated_permille"]) == (10, 10)
    assert scale({"model": "bare", "burden_ohm": 22}, models)["gain_ua"] == 9091
    owners = {"model": "volt", "amps_per_volt": parse("29.4"), "error_percent": parse("0.8")}
    assert scale(owners, models)["gain_ua"] == 2940
    assert scale(owners, models)["error_permille"] == 8
    noisy = scale({"amps_per_volt": 30, "noise_floor_ma": 300}, models)
    assert noisy["noise_square"] == 100 * 100  # 300 mA are 10 mV at 30 A/V


def test_entries_without_a_scale_say_what_is_missing():
    models = {"bare": {"turns": 2000}}
    for entry, word in (
        ({}, "amps_per_volt"),
        ({"model": "bare"}, "burden_ohm"),
        ({"model": "other"}, "other"),
        ({"amps_per_volt": 900}, "655"),
    ):
        try:
            scale(entry, models)
        except ClampError as error:
            assert word in str(error)
        else:
            raise AssertionError(entry)


class Replay:
    """Kept samples, put into the window without touching the heap; shifted by `step` at each
    window.
    """

    low_uv = 150000
    high_uv = 2450000
    calibrated = True

    def __init__(self, wave, rms_mv, frequency_hz=50):
        source = Input(wave, rms_mv, noise_mv=1, frequency_hz=frequency_hz)
        self.start_us = 0
        self._times_us = array("H", bytes(800))
        self._values = array("H", bytes(800))
        for i in range(400):
            self._values[i] = source.read_uv() // 100
            self._times_us[i] = source.now_us

    def sample(self, window, length_us):
        self.start_us += 1037000
        count = 0
        while self._times_us[count] < length_us:
            window.times_us[count] = self._times_us[count]
            window.values[count] = self._values[count]
            count += 1
        return count


class Silent:
    def put(self, key, value, now_ms):
        pass


def allocated(part, steps):
    """Bytes taken from the heap by that many steps."""

    def work():
        now_ms = 0
        for _ in range(steps):
            now_ms += part.step(now_ms)

    return heap_taken(work)


def test_no_heap_per_window():
    cases = [
        (WAVES["sine"], 300, 50),
        (WAVES["sine"], 5, 50),
        (WAVES["sine"], 300, 63),
        (WAVES["sine"], 1600, 50),
    ]
    for wave, rms_mv, hertz in cases:
        clamp = Clamp(
            "ct1",
            Replay(wave, rms_mv, hertz),
            scale({"amps_per_volt": 30}, {}),
            Silent(),
            "sl_power_w",
        )
        part = Clamps([clamp])
        assert allocated(part, 1) == 0
        assert allocated(part, 900) == 0, (rms_mv, hertz)
        assert clamp.result["windows"] + sum(clamp.rejected.values()) >= 20


class Steady:
    """A pin and a clock that allocate nothing."""

    def __init__(self):
        self.now_us = 0
        self.input = self

    def read_uv(self):
        self.now_us += 50
        return 1200000

    def ticks_us(self):
        return self.now_us


def test_no_heap_per_sample():
    module = clamp_adc()
    pin = Steady()
    module.ticks_us = pin.ticks_us
    adc = module.ClampADC(pin)
    window = rms.Window()
    assert heap_taken(lambda: adc.sample(window, 19900)) == 0
    assert adc.sample(window, 19900) > 390


class Uncalibrated:
    """A pin of an ESP32 without a reference in its eFuses: MicroPython's read_uv() raises there, as seen with 1.24."""

    def __init__(self, counts):
        self._counts = counts

    def read_uv(self):
        raise OSError(-258, "ESP_ERR_INVALID_ARG")

    def read_u16(self):
        return self._counts << 4 | self._counts >> 8


def test_a_chip_without_calibration_is_read_by_the_nominal_line():
    # esp_adc_cal of ESP-IDF 4.4, ESP32 at 11 dB: mV = ((vref * 196602 / 4096) * counts + 32768) / 65536 + 142.
    for counts, uv in ((0, 142000), (1500, 1350000), (2200, 1914000)):
        adc = clamp_adc().ClampADC(Uncalibrated(counts))
        assert not adc.calibrated
        assert abs(adc._read_uv() - uv) < 2000, (counts, adc._read_uv())
    assert clamp_adc().ClampADC(Steady()).calibrated
