# SPDX-License-Identifier: MIT
"""The one growth of MicroPython's heap that the bridge needs, made before anything large is imported.

Left alone, the heap doubles when its first bytes are full, and when those are too little takes nearly all that Wi-Fi and
lwIP live on: the board stays up then, and hears nothing more. A request that does not fit in twice the heap makes it grow by what is
asked for instead (gc_try_add_heap in MicroPython's py/gc.c).
"""

from micropython import const

from firmware.hw import chip

_WORD_BYTES = const(4)
# An area whose only used block is its first one is given back at a collection (gc_sweep): five words reach the second.
_HELD_WORDS = const(5)
_CUT_WORDS = const(17)  # each pop halves: twelve of them are enough
# What Wi-Fi takes and what is to be left to it and lwIP then: of a chip whose image has no Bluetooth, of one that has.
_WITHOUT_BLUETOOTH_BYTES = const(160000)
_NETWORK_BYTES = const(110200)
_NETWORK_LEAST_BYTES = const(79200)


def grown(wanted_bytes, network_bytes=None):
    """Make room for the bridge. What is returned is to be held."""
    try:
        reserve = [None] * (allowed_bytes(wanted_bytes, network_bytes) // _WORD_BYTES)
    except MemoryError:
        return None
    del reserve[_CUT_WORDS:]
    while len(reserve) > _HELD_WORDS:
        reserve.pop()  # gives back half of what the list takes
    return reserve


def allowed_bytes(wanted_bytes, network_bytes=None):
    """As much of it as the chip can spare; network_bytes: what is left to Wi-Fi and lwIP, else as for the bridge. To be asked before
    Wi-Fi is up.
    """
    free_bytes, _ = chip.idf_memory()
    if network_bytes is None:
        has_more = free_bytes > _WITHOUT_BLUETOOTH_BYTES
        network_bytes = _NETWORK_BYTES if has_more else _NETWORK_LEAST_BYTES
    return max(0, min(wanted_bytes, free_bytes - network_bytes))
