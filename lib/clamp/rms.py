"""One mains cycle of unevenly spaced samples, and what it amounts to: integers only, no heap.

Method: one whole cycle is thought of as a ring, the last sample being followed by the first. Each
sample weighs as long as it is from halfway to the one before until halfway to the one after, so
the weights add up to exactly one cycle however the samples lie. From these sums come the mean (the
bias of the input), the mean square about that mean, and the phase of the fundamental, by which
clamp.mains finds the frequency.

Samples are kept in tenths of a millivolt from 1.2 V, the bias of the wiring in docs/clamp.md. With
weights in half microseconds every sum stays below 2**30 for one cycle of 45 Hz or more and inputs
from 0 to 3.2 V.
"""

import math
from array import array

from const import const

FEW = 1  # not enough samples for one cycle
UNEVEN = 2  # a hole, or halves of the cycle with very different numbers of samples
DEAD = 3  # the pin rests where the ADC is blind: no bias, no clamp
CLIPPED = 4  # the wave leaves the range of the ADC
REASONS = ("", "few", "uneven", "dead", "clipped", "frequency")

_MIDDLE = const(12000)  # tenths of a millivolt
_SLICE = const(32)  # samples per step: some 2 ms on an ESP32
_FEWEST = const(100)
# An interrupted loop leaves holes. Time-weighted, full-scale figures bear them up to here: 0.04 % off for a sine, 0.7 %
# for a charger's harmonics at the worst place; at 1 ms 0.13 and 3.8 %. Halves that differ are borne likewise.
_LONGEST_GAP_US = const(500)
_UNEVEN = const(3)  # of the samples, one third more in one half than in the other
_CLIPPED_PERMILLE = const(20)  # a sine that is cut for 2 % of the time loses 0.03 % of its RMS
_EDGE = const(300)  # a step of 30 mV between two samples is an edge of the load, not noise
# 64 steps of one turn; an eighth bit would not improve the phase
_SINE = array("b", [round(127 * math.sin(math.pi * k / 32)) for k in range(64)])


class Window:
    """Kept room for the samples of one cycle; filled by a sampler, then worked through by step()."""

    def __init__(self, capacity=400):
        self.capacity = capacity
        self.times_us = array("H", bytes(2 * capacity + 2))
        self.values = array("i", bytes(4 * capacity + 4))  # a sampler writes microvolts
        self.count = 0
        self.period_us = 0
        self.reason = 0
        self.mean = 0  # tenths of a millivolt, from zero volts
        self.mean_square = 0  # tenths of a millivolt, squared
        self.noise_square = 0  # what of it is noise from one sample to the next
        self.phase = 0  # of the fundamental at the first sample, 4096 to a turn
        self.clipped_permille = 0
        self._shaping = False  # the pass under way: not yet the second
        self._low_uv = self._high_uv = 0
        self._clear()

    def _clear(self):
        self._next = self._before = self._last = 0
        self._high = self._low = 0
        self._cosine = self._sine = 0
        self._clipped = self._blind = self._early = self._gap = self._noise = 0

    def begin(self, count, period_us, low_uv, high_uv):
        """Take the first `count` samples as one cycle of period_us; low_uv to high_uv is the ADC's
        range.
        """
        times = self.times_us
        while count and times[count - 1] - times[0] >= period_us:
            count -= 1
        self.count = count
        self.period_us = period_us
        self._low_uv = low_uv
        self._high_uv = high_uv
        self._shaping = False
        self._clear()
        self.reason = FEW if count < _FEWEST else 0
        if not self.reason:
            times[count] = times[0] + period_us
            self._restart()

    def _restart(self):
        self._next = 0
        self._before = self.times_us[self.count - 1] - self.period_us
        self._high = self._low = 0

    def step(self):  # no heap
        """Work through some samples; True when `reason` and the figures stand."""
        if self.reason:
            return True
        stop = self._next + _SLICE
        if stop > self.count:
            stop = self.count
        return self._shape(stop) if self._shaping else self._level(stop)

    def _level(self, stop):
        """First pass: the mean, the share outside the ADC's range, the spacing, the noise."""
        times = self.times_us
        values = self.values
        low_uv = self._low_uv
        high_uv = self._high_uv
        half_us = times[0] + self.period_us // 2
        before = self._before
        last = self._last
        gap = self._gap
        early = self._early
        noise = self._noise
        total = self._low
        for i in range(self._next, stop):
            value = values[i]
            if value >= high_uv:
                self._clipped += 1
            elif value <= low_uv:
                self._blind += 1
            values[i] = value = value // 100 - _MIDDLE
            here = times[i]
            after = times[i + 1]
            total += (after - before) * value
            if after - here > gap:
                gap = after - here
            if here < half_us:
                early += 1
            delta = value - last
            if i and -_EDGE < delta < _EDGE:
                noise += delta * delta
            last = value
            before = here
        self._next = stop
        self._before = before
        self._last = last
        self._gap = gap
        self._early = early
        self._noise = noise
        self._low = total
        return stop == self.count and self._judge()

    def _judge(self):
        """Between the passes: True ends the work, because the window is rejected."""
        count = self.count
        self._mean = self._low // (2 * self.period_us)
        self.mean = self._mean + _MIDDLE
        self.clipped_permille = (self._clipped + self._blind) * 1000 // count
        self.noise_square = self._noise // (2 * count)
        if self._gap > _LONGEST_GAP_US or abs(2 * self._early - count) * _UNEVEN > count:
            self.reason = UNEVEN
        elif self._blind * 2 > count:
            self.reason = DEAD
        elif self.clipped_permille > _CLIPPED_PERMILLE:
            self.reason = CLIPPED
        self._restart()
        self._shaping = True
        return self.reason != 0

    def _shape(self, stop):
        """Second pass: squares about the mean, and the fundamental. Squares are summed in two
        halves of 14 bits.
        """
        times = self.times_us
        values = self.values
        mean = self._mean
        start = times[0]
        period_us = self.period_us
        half_us = period_us // 2
        before = self._before
        high = self._high
        low = self._low
        cosine = self._cosine
        sine = self._sine
        for i in range(self._next, stop):
            here = times[i]
            weight = times[i + 1] - before
            before = here
            value = values[i] - mean
            square = value * value
            high += weight * (square >> 14)
            low += weight * (square & 16383)
            k = ((here - start) * 64 + half_us) // period_us
            sine += weight * (value * _SINE[k & 63] >> 7)
            cosine += weight * (value * _SINE[k + 16 & 63] >> 7)
        self._next = stop
        self._before = before
        self._high = high
        self._low = low
        self._cosine = cosine
        self._sine = sine
        return stop == self.count and self._finish()

    def _finish(self):
        twice = 2 * self.period_us
        high = self._high
        self.mean_square = (
            (high // twice << 14) + (high % twice << 14) // twice + self._low // twice
        )
        self.phase = turn(self._cosine, self._sine)
        return True


def turn(y, x):  # no heap
    """The angle of (x, y), 4096 to a turn, to within 5. Source of the polynomial: atan r = r (pi/4
    + 0.273 (1 - r)).
    """
    small, large = abs(y), abs(x)
    steep = small > large
    if steep:
        small, large = large, small
    while large > 1 << 18:
        small >>= 1
        large >>= 1
    if not large:
        return 0
    r = (small << 10) // large
    angle = r * (512 + (178 * (1024 - r) >> 10)) >> 10
    if steep:
        angle = 1024 - angle
    if x < 0:
        angle = 2048 - angle
    return angle if y >= 0 else 4096 - angle & 4095


def scaled_root(square, factor):  # no heap
    """factor * sqrt(square), good to 0.02 %; square below 2**28, factor below 2**16."""
    if square < 1:
        return 0
    shift = 0
    while square < 1 << 26:
        square <<= 2
        shift += 1
    root = 1 << 14
    while True:
        better = root + square // root >> 1
        if better >= root:
            return root * factor >> shift
        root = better
