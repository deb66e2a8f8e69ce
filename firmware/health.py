"""Uptime and heap, and a collection of garbage at a quiet moment."""

import gc

from ticks import ticks_add, ticks_diff

_LOOK_MS = 1000
_RETRY_MS = 10
_GARBAGE_BYTES = 2048  # well before gc.threshold collects at a moment of its own (boot.py)


class Health:
    """A part. may_hold(): whether holding the loop for some ms delays nobody."""

    def __init__(self, may_hold):
        self._may_hold = may_hold
        self._second_ms = None
        self.stats = {"uptime_s": 0, "heap_live": 0, "heap_used": 0, "heap_free": 0}

    def step(self, now_ms):
        if self._second_ms is None:
            self._second_ms = now_ms
        stats = self.stats
        while ticks_diff(now_ms, self._second_ms) >= 1000:
            self._second_ms = ticks_add(self._second_ms, 1000)
            stats["uptime_s"] += 1
        stats["heap_used"] = gc.mem_alloc()
        stats["heap_free"] = gc.mem_free()
        if stats["heap_used"] - stats["heap_live"] < _GARBAGE_BYTES:
            return _LOOK_MS
        if not self._may_hold():
            return _RETRY_MS
        gc.collect()
        stats["heap_live"] = gc.mem_alloc()
        return _LOOK_MS
