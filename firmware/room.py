"""The one growth of MicroPython's heap that the bridge needs, made while the boot has just begun.

Left alone, the heap doubles when its first 56,000 bytes are full, and when those are too little takes nearly all that Wi-Fi and
lwIP live on: the board stays up then, and hears nothing more. A request that does not fit in twice the heap makes it grow by what is
asked for instead (gc_try_add_heap in MicroPython's py/gc.c).
"""

from micropython import const

# With the 2 kB that MicroPython adds: eight devices, both reports, garbage. Wi-Fi and lwIP keep 25 kB on an ESP32.
_WORDS = const(16500)
_KEPT_WORDS = const(12)


def grown():
    """Make room. What is returned is to be kept: a part of the heap that is empty is given back."""
    try:
        room = [None] * _WORDS
    except MemoryError:
        return None
    del room[_KEPT_WORDS:]
    while len(room) > 1:
        room.pop()  # gives back half of what the list takes
    return room
