# SPDX-License-Identifier: MIT
"""All clamps of the board in turn: one window each a second, never two back to back.

A rejected window is not repeated before its turn: who waits for the loop, bus and server, is delayed by one mains
cycle a second for each clamp, whatever happens. The freshness limit leaves six more tries.
"""

from const import const
from ticks import ticks_add, ticks_diff

from .mains import Mains
from .rms import Window

# Rounds last 0.8 to 1.3 s, 1.05 s on average, in no regular order: by that clamp.mains tells 50 Hz
# from 51 or 60. The factor was chosen so that a period that is wrong by 0.3 to 15 Hz is found out
# within 13 rounds, mostly within 5.
_SHORTEST_MS = const(800)
_SPREAD_MS = const(499)
_FACTOR = const(107)
_BUSY_MS = const(1)
_END_US = const(100)  # the last sample is finished before the cycle is over


class Clamps:
    """A part. may_hold(): whether holding the loop for a mains cycle now would delay nobody (the
    bus is quiet).
    """

    def __init__(self, clamps, nominal_hz=50, may_hold=None):
        self.clamps = clamps
        self.mains = Mains(nominal_hz)
        self.postponed = 0
        self.cycles = 0  # windows worked through
        self._window = Window()
        self._may_hold = may_hold
        self._turn = 0
        self._rounds = 0
        self._due_ms = None
        self._working = False
        self._ended_ms = 0

    def step(self, now_ms):  # no heap
        """Hold the loop for one cycle when a window is due; otherwise work for some 2 ms at most."""
        if self.mains.step():
            return 0
        if self._working:
            self._work()
            return 0
        if self._due_ms is None:
            self._due_ms = now_ms
        wait_ms = ticks_diff(self._due_ms, now_ms)
        if wait_ms > 0:
            return wait_ms
        if self._may_hold is not None and not self._may_hold():
            self.postponed += 1
            return _BUSY_MS
        self._sample(now_ms)
        return 0

    def _sample(self, now_ms):
        period_us = self.mains.period_us
        sampler = self.clamps[self._turn].sampler
        try:
            count = sampler.sample(self._window, period_us - _END_US)
        except OSError:
            count = 0  # the ADC has failed: too few samples
        self._window.begin(count, period_us, sampler.low_uv, sampler.high_uv)
        self._working = True
        self._ended_ms = ticks_add(now_ms, (period_us - _END_US) // 1000)
        round_ms = _SHORTEST_MS + self._rounds * self._rounds * _FACTOR % _SPREAD_MS
        self._due_ms = ticks_add(now_ms, round_ms // len(self.clamps))

    def _work(self):
        if not self._window.step():
            return
        self._working = False
        self.cycles = (self.cycles + 1) & 0x3FFFFFFF
        self.clamps[self._turn].take(self._window, self.mains, self._ended_ms)
        self._turn += 1
        if self._turn == len(self.clamps):
            self._turn = 0
            self._rounds = (self._rounds + 1) % _SPREAD_MS
