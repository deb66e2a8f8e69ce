# SPDX-License-Identifier: MIT
"""Microseconds for whoever samples an ADC: the PC's other processes do not make holes in a burst of reads.

The core of an ESP32 that runs MicroPython has no other work than interrupts. A PC takes its processor away for
milliseconds, again and again; while reads follow one another, such a pause does not count. Waveform and ticks_us() stand
still together.
"""

from time import ticks_add, ticks_diff, ticks_us

_PAUSE_US = 200  # longer than any turn of a sampling loop
_LONGEST_US = 200_000
_TURN_US = 50
_BURST = 16  # so many in a row are one

_seen_us = ticks_us()
_lost_us = 0
_row = 0


def now_us():
    """time.ticks_us without the pauses. No heap."""
    global _seen_us, _lost_us, _row
    real_us = ticks_us()
    gap_us = ticks_diff(real_us, _seen_us)
    _seen_us = real_us
    if gap_us < _PAUSE_US:
        _row += 1
    elif _row >= _BURST and gap_us < _LONGEST_US:
        _lost_us = ticks_add(_lost_us, gap_us - _TURN_US)
    else:
        _row = 0
    return ticks_add(real_us, -_lost_us)
