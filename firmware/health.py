# SPDX-License-Identifier: MIT
"""Uptime and memory: collects garbage at a quiet moment, and has the board reset when nothing is left for the network."""

import gc

from micropython import const

from firmware.hw import chip
from ticks import ticks_add, ticks_diff

_POLL_MS = const(1000)
_RETRY_MS = const(10)
_GARBAGE_BYTES = const(2048)  # well before gc.threshold collects at a moment of its own (boot.py)
# In one piece: with 1.5 kB an ESP32 hears nothing more, and what lwIP then has to send again holds the rest for minutes.
_IDF_LEAST_BYTES = const(4096)
_IDF_SHORT_S = const(30)
# What a long response may take while it is on its way (docs/design.md), and what receiving must keep.
_LONG_RESPONSE_BYTES = const(16384)

reserve = None  # keeps MicroPython's heap as large as the boot made it (heap_reserve.py)


class Health:
    """A component. may_hold(): whether holding the loop for some ms delays nobody. reset(reason). `watch(now_ms)` is to be given: called once a second."""

    def __init__(self, may_hold, reset):
        self._may_hold = may_hold
        self._reset = reset
        self.watch = None
        self._second_ms = None
        self._idf_s = 0  # the uptime of the next poll, which takes some 200 bytes
        self._short_s = -1  # since when there is too little; -1: there is enough
        self.stats = {
            "uptime_s": 0,
            "heap_live_bytes": 0,
            "heap_used_bytes": 0,
            "heap_free_bytes": 0,  # with what ESP-IDF could still give
            "idf_free_bytes": 0,
            "idf_largest_bytes": 0,
        }

    def admits(self):
        """Is there memory for a long response? No heap."""
        stats = self.stats
        return (
            stats["idf_free_bytes"] >= _LONG_RESPONSE_BYTES
            and stats["idf_largest_bytes"] >= _IDF_LEAST_BYTES
        )

    def step(self, now_ms):
        if self._second_ms is None:
            self._second_ms = now_ms
        stats = self.stats
        while ticks_diff(now_ms, self._second_ms) >= 1000:
            self._second_ms = ticks_add(self._second_ms, 1000)
            stats["uptime_s"] += 1
        if stats["uptime_s"] >= self._idf_s:
            self._idf_s = stats["uptime_s"] + 1
            self._poll_idf()
            self.watch(now_ms)
        stats["heap_used_bytes"] = gc.mem_alloc()
        stats["heap_free_bytes"] = gc.mem_free()
        if stats["heap_used_bytes"] - stats["heap_live_bytes"] < _GARBAGE_BYTES:
            return _POLL_MS
        if not self._may_hold():
            return _RETRY_MS
        gc.collect()
        stats["heap_live_bytes"] = gc.mem_alloc()
        return _POLL_MS

    def _poll_idf(self):
        """The memory that Wi-Fi and lwIP live on; MicroPython's heap takes of it when it grows."""
        free, largest = chip.idf_memory()
        self.stats["idf_free_bytes"] = free
        self.stats["idf_largest_bytes"] = largest
        uptime_s = self.stats["uptime_s"]
        if largest >= _IDF_LEAST_BYTES:
            self._short_s = -1
        elif self._short_s < 0:
            self._short_s = uptime_s
        elif uptime_s - self._short_s >= _IDF_SHORT_S:
            self._short_s = uptime_s
            self._reset("no memory left for the network")
