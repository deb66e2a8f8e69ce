"""RMS from the same samples by three methods: ours, EmonLib's and ESPHome's.

The two others are written anew from their descriptions: EmonLib filters the offset away with a
first-order filter and takes the RMS of 1480 samples in a row; ESPHome's ct_clamp takes what its
main loop sees in 200 ms, about a sample a millisecond, leaves out a sample that equals the one
before, and takes the RMS about the mean. Neither subtracts noise. All see one stream of samples
of one ADC: ours four single cycles of it, the others as much of it as they use.
"""

import math
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "lib"))

from clamp.rms import Window  # noqa: E402
from host_tools.clamp_waves import WAVES, Input  # noqa: E402

PEAK_MV = 990  # full range: a wave with this peak about a bias of 1.2 V
LEVELS_PERCENT = (100, 30, 10, 3, 1, 0)
NOISE_MV = 1.5  # an ESP32 with 100 nF at the pin and Wi-Fi on
TRIALS = 12
_EMONLIB_SAMPLES = 1480
_ESPHOME_MS = 200
_LOOP_US = 1000


class Stream:
    """200 ms of samples: times in us, values in uV."""

    def __init__(self, source):
        begin_us = source.now_us
        self.times_us = []
        self.values_uv = []
        while source.now_us - begin_us < _ESPHOME_MS * 1000:
            self.values_uv.append(source.read_uv())
            self.times_us.append(source.now_us - begin_us)


def one_window(stream, begin_us=0, period_us=20000):
    """One cycle, as lib/clamp works it through."""
    return _millivolts([_window(stream, begin_us, period_us)])


def ours(stream):
    """Four windows averaged, as clamp.reading publishes them."""
    return _millivolts(
        [_window(stream, begin_us, 20000) for begin_us in (0, 47000, 94000, 141000)]
    )


def _window(stream, begin_us, period_us):
    window = Window()
    count = 0
    for at_us, value in zip(stream.times_us, stream.values_uv, strict=True):
        if begin_us <= at_us < begin_us + period_us - 100:
            window.times_us[count] = at_us - begin_us
            window.values[count] = value
            count += 1
    window.begin(count, period_us, 150000, 2450000)
    while not window.step():
        pass
    if window.reason:
        raise AssertionError("window rejected")
    quiet = window.mean_square < 300 * 300  # as in clamp.reading
    return window.mean_square - quiet * window.noise_square


def _millivolts(squares):
    return math.sqrt(max(sum(squares) / len(squares), 0)) / 10


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


METHODS = (ours, one_window, emonlib, esphome)


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
        stream = Stream(Input(wave, rms_mv, drift_mv_per_s=5, **settings))
        for method in METHODS:
            off = abs(method(stream) - rms_mv) / (rms_mv or range_mv) * 100
            found[method.__name__] = max(found[method.__name__], off)
    return found


def rows():
    """[{wave, level_percent, ours, one_window, emonlib, esphome}]: the worst of some windows, in percent."""
    return [
        {"wave": name, "level_percent": level, **worst(wave, level)}
        for name, wave in WAVES.items()
        for level in LEVELS_PERCENT
    ]


_TITLES = {
    "ours": "this bridge",
    "one_window": "one window of it",
    "emonlib": "EmonLib",
    "esphome": "ESPHome",
}


def main():
    titles = [_TITLES[method.__name__] for method in METHODS]
    print(f"| wave | load | {' | '.join(titles)} |")
    print("|---|---|" + "---|" * len(titles))
    for row in rows():
        figures = " | ".join(f"{row[method.__name__]:.2f}" for method in METHODS)
        print(f"| {row['wave']} | {row['level_percent']} % | {figures} |", flush=True)
    print(
        f"\nLargest error of {TRIALS} windows in percent of the load, at 0 % of the range. The load is in percent of the ADC's "
        f"range; 12 bits, {NOISE_MV} mV of noise, 40 to 80 us between samples, an offset that drifts by 5 mV/s. The loop is held "
        "for 20 ms by this bridge, some 90 ms by EmonLib and not at all by ESPHome, whose loop goes on for 200 ms."
    )


if __name__ == "__main__":
    main()
