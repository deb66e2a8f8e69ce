"""All clamps of the board in turn: one window each a second, never two back to back."""

from ticks import ticks_add, ticks_diff

from .mains import Mains
from .rms import Window

_INTERVAL_MS = 1000
_BUSY_MS = 1
_END_US = 100  # the last sample is finished before the cycle is over


class Clamps:
    """A part. may_hold(): whether holding the loop for a mains cycle now would delay nobody (the bus is quiet)."""

    def __init__(self, clamps, nominal_hz=50, may_hold=None, interval_ms=_INTERVAL_MS):
        self.clamps = clamps
        self.mains = Mains(nominal_hz)
        self.postponed = 0
        self.cycles = 0  # windows worked through
        self._window = Window()
        self._may_hold = may_hold
        self._interval_ms = interval_ms // len(clamps)
        self._turn = 0
        self._windows = 0
        self._due_ms = None
        self._working = False
        self._ended_ms = 0

    def step(self, now_ms):  # no heap
        """Hold the loop for one cycle when a window is due; otherwise work for some 2 ms at most."""
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
        count = sampler.sample(self._window, period_us - _END_US)
        self._window.begin(count, period_us, sampler.low_uv, sampler.high_uv)
        self._working = True
        self._ended_ms = ticks_add(now_ms, period_us // 1000)
        self._windows += 1
        # gaps differ, so that clamp.mains can tell 50 Hz from 51
        self._due_ms = ticks_add(now_ms, self._interval_ms + self._windows * 97 % 250)

    def _work(self):
        if self.mains.step() or not self._window.step():
            return
        self.clamps[self._turn].take(self._window, self.mains, self._ended_ms)
        self.cycles = (self.cycles + 1) & 0x3FFFFFFF
        self._turn = (self._turn + 1) % len(self.clamps)
        self._working = False
