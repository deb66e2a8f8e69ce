# SPDX-License-Identifier: MIT
"""The one growth of MicroPython's heap that the bridge needs, made while the boot has just begun.

Left alone, the heap doubles when its first bytes are full, and when those are too little takes nearly all that Wi-Fi and
lwIP live on: the board stays up then, and hears nothing more. A request that does not fit in twice the heap makes it grow by what is
asked for instead (gc_try_add_heap in MicroPython's py/gc.c).
"""

from micropython import const

_MOST_BYTES = const(80000)
_WORD_BYTES = const(4)
_KEPT_WORDS = const(12)


def grown(wanted_bytes):
    """Make room for the bridge. What is returned is to be held: a part of the heap that is empty is given back."""
    try:
        reserve = [None] * (min(wanted_bytes, _MOST_BYTES) // _WORD_BYTES)
    except MemoryError:
        return None
    del reserve[_KEPT_WORDS:]
    while len(reserve) > 1:
        reserve.pop()  # gives back half of what the list takes
    return reserve
