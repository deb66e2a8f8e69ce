# SPDX-License-Identifier: MIT
"""Millisecond ticks that wrap around, the same on every interpreter.

On MicroPython these are time's own (period 2**30 on a 32-bit build); CPython gets twins with that period.
"""

try:
    from time import ticks_add, ticks_diff, ticks_ms, ticks_us
except ImportError:
    import time

    _PERIOD = 1 << 30

    def ticks_ms():
        return time.monotonic_ns() // 1_000_000 % _PERIOD

    def ticks_us():
        return time.monotonic_ns() // 1_000 % _PERIOD

    def ticks_add(ticks, delta):
        return (ticks + delta) % _PERIOD

    def ticks_diff(end, start):
        half = _PERIOD // 2
        return (end - start + half) % _PERIOD - half
