# SPDX-License-Identifier: MIT
"""One mains cycle of unevenly spaced samples, and what it amounts to: integers only, no heap.

Method: one whole cycle is thought of as a ring, the last sample being followed by the first. Each
sample weighs as long as it is from halfway to the one before until halfway to the one after, so
the weights add up to exactly one cycle however the samples lie. From these sums come the mean (the
bias of the input), the mean square about that mean, and the phase of the fundamental, by which
clamp.mains finds the frequency.

Samples are tenths of a millivolt. With weights in half microseconds and 1.2 V as zero, the bias of the
wiring in docs/clamp.md, every sum stays below 2**30 for one cycle of 45 Hz or more and inputs from 0 to
3.2 V.
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
# An interrupted loop leaves holes. Time-weighted, full-scale figures tolerate them up to here: 0.04 % off for a sine, 0.7 %
# for a charger's harmonics at the worst place; at 1 ms 0.13 and 3.8 %. Halves that differ are tolerated likewise.
_LONGEST_GAP_US = const(500)
_CLIPPED_PERMILLE = const(20)  # a sine that is cut for 2 % of the time loses 0.03 % of its RMS
# No wave falls by 300 mV from one sample to the next into the blind: that is a read that failed and gave 0, and one of
# them among 300 samples feigns 60 mV.
_FALL = const(3000)
# Neighbours that differ by more than five times the usual saw an edge of the load, or a spike: not noise. So the two
# edges of a dimmer stand out until they are as low as the noise itself. The limit keeps the sums of squares small.
_EDGE = const(5)
_LARGEST_EDGE = const(1500)
# 64 steps of one turn; an eighth bit would not improve the phase
_SINE = array("b", [round(127 * math.sin(math.pi * k / 32)) for k in range(64)])


class Window:
    """Kept room for the samples of one cycle; filled by a sampler, then worked through by step()."""

    def __init__(self, capacity=400):
        self.capacity = capacity
        self.times_us = array("H", bytes(2 * capacity + 2))
        self.values = array("H", bytes(2 * capacity))  # tenths of a millivolt
        self.count = 0
        self.period_us = 0
        self.reason = 0
        self.mean = 0  # tenths of a millivolt
        self.mean_square = 0  # about the mean
        self.noise_square = 0  # the noise in it: half the mean square of differences of neighbours
        self.edge_square = 0  # what the larger differences put into it, should they be spikes
        self.phase = 0  # of the fundamental at the first sample, 4096 to a turn
        self.clipped_permille = 0
        self._lowest = self._highest = 0
        self._clear()

    def _clear(self):
        self._next = self._before = self._last = 0
        self._high = self._low = self._cosine = self._sine = self._noise = self._edges = 0
        self._blind = self._clipped = self._failed = self._holes = self._swing = 0
        self._edge = 0  # known after the first pass

    def begin(self, count, period_us, low_uv, high_uv):
        """Take the first `count` samples as one cycle of period_us; low_uv to high_uv is the ADC's
        range.
        """
        times = self.times_us
        while count and times[count - 1] - times[0] >= period_us:
            count -= 1
        self.count = count
        self.period_us = period_us
        self._lowest = low_uv // 100
        self._highest = high_uv // 100
        self._clear()
        self.reason = FEW if count < _FEWEST else 0
        if not self.reason:
            times[count] = times[0] + period_us
            self._restart(self.values[count - 1])

    def _restart(self, last):
        self._next = self._high = self._low = 0
        self._last = last
        self._before = self.times_us[self.count - 1] - self.period_us

    def step(self):  # no heap
        """Work through some samples; True when `reason` and the figures stand."""
        if self.reason:
            return True
        stop = min(self._next + _SLICE, self.count)
        if self._edge:
            self._shape(stop)
        else:
            self._level(stop)
        self._next = stop
        if stop < self.count:
            return False
        if self._edge:
            self._finish()
            return True
        self._judge()
        return self.reason != 0

    def _level(self, stop):
        """First pass: the mean, what is wrong with the samples, by how much neighbours usually differ."""
        times = self.times_us
        values = self.values
        before = self._before
        last = self._last
        swing = self._swing
        total = self._low
        for i in range(self._next, stop):
            value = values[i]
            if value >= self._highest:
                self._clipped += 1
            elif value <= self._lowest:
                self._blind += 1
                if last - value > _FALL:
                    self._failed += 1
            here = times[i]
            after = times[i + 1]
            if after - here > _LONGEST_GAP_US:
                self._holes += 1
            total += (after - before) * (value - _MIDDLE)
            swing += abs(value - last)
            last = value
            before = here
        self._before = before
        self._last = last
        self._swing = swing
        self._low = total

    def _judge(self):
        """Between the passes: is it worth the second?"""
        count = self.count
        times = self.times_us
        half_us = times[0] + self.period_us // 2
        self.mean = self._low // (2 * self.period_us) + _MIDDLE
        self.clipped_permille = (self._clipped + self._blind) * 1000 // count
        # Less than a third of the samples in one half of the cycle.
        if self._holes or times[count // 3] >= half_us or times[count * 2 // 3] < half_us:
            self.reason = UNEVEN
        elif self._blind * 2 > count:
            self.reason = DEAD
        elif self._failed or self.clipped_permille > _CLIPPED_PERMILLE:
            self.reason = CLIPPED
        self._edge = min(_EDGE * self._swing // count + 1, _LARGEST_EDGE)
        self._restart(self.values[count - 1] - self.mean)

    def _shape(self, stop):
        """Second pass: squares about the mean, the noise, the fundamental. Squares are summed in two
        halves of 14 bits.
        """
        times = self.times_us
        values = self.values
        mean = self.mean
        start = times[0]
        period_us = self.period_us
        half_us = period_us // 2
        before, last = self._before, self._last
        high, low = self._high, self._low
        cosine, sine = self._cosine, self._sine
        edge, noise = self._edge, self._noise
        for i in range(self._next, stop):
            here = times[i]
            weight = times[i + 1] - before
            before = here
            value = values[i] - mean
            delta = value - last
            last = value
            if -edge < delta < edge:
                noise += delta * delta
            else:
                self._edges += min(delta * delta, _LARGEST_EDGE * _LARGEST_EDGE)
            square = value * value
            high += weight * (square >> 14)
            low += weight * (square & 16383)
            k = ((here - start) * 64 + half_us) // period_us
            sine += weight * (value * _SINE[k & 63] >> 7)
            cosine += weight * (value * _SINE[k + 16 & 63] >> 7)
        self._before = before
        self._high = high
        self._low = low
        self._cosine = cosine
        self._sine = sine
        self._last = last
        self._noise = noise

    def _finish(self):
        twice = 2 * self.period_us
        high = self._high
        self.mean_square = (
            (high // twice << 14) + (high % twice << 14) // twice + self._low // twice
        )
        self.noise_square = self._noise // (2 * self.count)
        # Uneven samples: one may weigh a third more than the usual.
        self.edge_square = self._edges // self.count * 2 // 3
        self.phase = turn(self._cosine, self._sine)


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
