# SPDX-License-Identifier: MIT
"""How well a clamp's current is known: ours beside EmonLib's and ESPHome's, and ours over many runs.

The two others are written again from their descriptions: EmonLib filters the offset away with a
first-order filter and takes the RMS of 1480 samples in a row; ESPHome's ct_clamp takes what its
main loop sees in 200 ms, about a sample a millisecond, leaves out a sample that equals the one
before, and takes the RMS about the mean. Neither subtracts noise. All see the same ADC: of one
window of ours and of the others the very same samples; what the bridge publishes comes from
sixteen windows, a second apart.
"""

import math
import random

from clamp.mains import Mains
from clamp.reading import Clamp
from clamp.rms import Window
from host_tools.simulate.clamp_waves import WAVES, Input
from planning.clamp_models import scale

PEAK_MV = 990  # full range: a wave with this peak about a bias of 1.2 V
LEVELS_PERCENT = (100, 30, 10, 3, 1, 0)
NOISE_MV = 1.5  # an ESP32 with 100 nF at the pin and Wi-Fi on
TRIALS = 12
WINDOWS = 16
SWEEP_PERCENT = (100, 30, 10, 5, 2, 1, 0)
SWEEP_RUNS = 200
_AMPS_PER_VOLT = 600  # so that a milliamp and a watt are small beside any error
_EMONLIB_SAMPLES = 1480
_ESPHOME_MS = 200
_LOOP_US = 1000


class Chance(random.Random):
    """As clamp_waves.Random, and quicker."""

    def uniform(self):  # type: ignore[override]
        return self.random()

    def normal(self):
        return self.gauss(0, 1)


class Source(Input):
    """Also what clamp.reading wants of a sampler; it holds no loop."""

    chance = Chance  # type: ignore[assignment]
    calibrated = True
    start_us = 0

    def window(self, period_us):
        """As firmware.hw.clamp_adc and clamp.component fill one."""
        window = Window()
        count = 0
        self.start_us = self.now_us
        while self.now_us - self.start_us < period_us - 100:
            window.values[count] = self.read_uv() // 100
            window.times_us[count] = self.now_us - self.start_us
            count += 1
        return _worked(window, count, period_us)


class Stream:
    """200 ms of samples: times in us, values in uV."""

    def __init__(self, source):
        begin_us = source.now_us
        self.source = source
        self.times_us = []
        self.values_uv = []
        while source.now_us - begin_us < _ESPHOME_MS * 1000:
            self.values_uv.append(source.read_uv())
            self.times_us.append(source.now_us - begin_us)


def one_window(stream):
    """The first cycle of them, as lib/clamp works it through."""
    window = Window()
    count = sum(at_us < 20000 for at_us in stream.times_us)
    for i in range(count):
        window.times_us[i] = stream.times_us[i]
        window.values[i] = stream.values_uv[i] // 100
    _worked(window, count, 20000)
    return math.sqrt(max(window.mean_square - window.noise_square, 0)) / 10


def ours(stream):
    return published(stream.source)["current_ma"] / _AMPS_PER_VOLT


def published(source, windows=WINDOWS, **entry):
    """What a clamp says after so many windows."""
    mains = Mains()
    figures = scale({"amps_per_volt": _AMPS_PER_VOLT, **entry}, {})
    clamp = Clamp("ct1", source, figures, voltage_dv=lambda: 2300)
    for turn in range(windows):
        clamp.take(source.window(mains.period_us), mains, 0)
        source.now_us += 780000 + turn * turn * 107 % 499 * 1000
    return clamp.result


def _worked(window, count, period_us):
    window.begin(count, period_us, 150000, 2450000)
    while not window.step():
        pass
    if window.reason:
        raise AssertionError("window rejected")
    return window


def emonlib(stream):
    """calcIrms(1480), its offset filter having settled on earlier calls."""
    offset_uv = sum(stream.values_uv) / len(stream.values_uv)
    total = 0
    values_uv = stream.values_uv[:_EMONLIB_SAMPLES]
    for value in values_uv:
        offset_uv += (value - offset_uv) / 1024
        total += (value - offset_uv) ** 2
    return math.sqrt(total / len(values_uv)) / 1000


def esphome(stream):
    """One update of sensor ct_clamp, sample_duration 200 ms."""
    taken = []
    last_uv = None
    due_us = 0
    for at_us, value in zip(stream.times_us, stream.values_uv, strict=True):
        if at_us < due_us:
            continue
        due_us = at_us + _LOOP_US
        if value != last_uv:
            taken.append(value)
        last_uv = value
    mean = sum(taken) / len(taken)
    return math.sqrt(max(sum(v * v for v in taken) / len(taken) - mean * mean, 0)) / 1000


METHODS = (one_window, emonlib, esphome, ours)


def full_mv(wave):
    """The RMS at full range of that wave."""
    return PEAK_MV / max(abs(wave(i / 1000)) for i in range(1000))


def worst(wave, level_percent, trials=TRIALS, **settings):
    """{method: largest error in percent of the value, or of the range at no load}."""
    range_mv = full_mv(wave)
    rms_mv = range_mv * level_percent / 100
    found = {method.__name__: 0.0 for method in METHODS}
    for trial in range(trials):
        settings.update(
            seed=1000 * level_percent + trial, start_us=trial * 1700, noise_mv=NOISE_MV
        )
        stream = Stream(Source(wave, rms_mv, drift_mv_per_s=5, **settings))
        for method in METHODS:
            off = abs(method(stream) - rms_mv) / (rms_mv or range_mv) * 100
            found[method.__name__] = max(found[method.__name__], off)
    return found


def sweep(wave, level_percent, runs=SWEEP_RUNS, noise_mv=NOISE_MV):
    """(largest error in percent of the value, or of the range at no load; share of the runs within their error_w)."""
    range_mv = full_mv(wave)
    rms_mv = range_mv * level_percent / 100
    settings = {"drift_mv_per_s": 5, "frequency_hz": 49.95, "noise_mv": noise_mv}
    largest = within = 0
    for run in range(runs):
        seed = 1000 * level_percent + run
        source = Source(wave, rms_mv, seed=seed, start_us=run * 5171, **settings)
        result = published(source, error_percent=0)
        off_w = abs(result["power_w"] - rms_mv * _AMPS_PER_VOLT * 0.23)
        largest = max(largest, off_w / ((rms_mv or range_mv) * _AMPS_PER_VOLT * 0.23) * 100)
        within += off_w <= result["error_w"]
    return largest, within / runs


_TITLES = {
    "ours": "this bridge",
    "one_window": "one window of it",
    "emonlib": "EmonLib",
    "esphome": "ESPHome",
}


def main():
    order = (ours, one_window, emonlib, esphome)
    print(f"| wave | load | {' | '.join(_TITLES[m.__name__] for m in order)} |")
    print("|---|---|" + "---|" * len(order))
    for name, wave in WAVES.items():
        for level in LEVELS_PERCENT:
            found = worst(wave, level)
            figures = " | ".join(f"{found[method.__name__]:.2f}" for method in order)
            print(f"| {name} | {level} % | {figures} |", flush=True)
    print(
        f"\nLargest error of {TRIALS} runs in percent of the load, at 0 % of the range. The load is in percent of the ADC's "
        f"range; 12 bits, {NOISE_MV} mV of noise, 40 to 80 us between samples, an offset that drifts by 5 mV/s. The loop is held "
        f"for 20 ms a second by this bridge, which averages ({WINDOWS} s here), some 90 ms by EmonLib and not at all by ESPHome, "
        "whose loop goes on for 200 ms.\n"
    )
    print(f"| wave | {' | '.join(f'{level} %' for level in SWEEP_PERCENT)} |")
    print("|---|" + "---|" * len(SWEEP_PERCENT))
    for name, wave in WAVES.items():
        cells = (sweep(wave, level) for level in SWEEP_PERCENT)
        figures = " | ".join(f"{off:.2f} ({100 * share:.0f})" for off, share in cells)
        print(f"| {name} | {figures} |", flush=True)
    print(
        f"\nThis bridge alone, largest error of {SWEEP_RUNS} runs, at 49.95 Hz; in brackets the percentage of runs whose "
        "error was within the error_w beside it."
    )


if __name__ == "__main__":
    main()
