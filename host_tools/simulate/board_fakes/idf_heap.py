# SPDX-License-Identifier: MIT
"""ESP-IDF's heap: the memory that MicroPython's heap, Wi-Fi, drivers and lwIP share on a chip.

The interpreter's own heap does not grow. What an ESP32's would have taken is reckoned whenever somebody looks, by the
rules of gc_try_add_heap in MicroPython's py/gc.c. docs/design/virtual-board.md has the figures and their sources.
"""

import gc
import os
import sys

import host
from micropython import mem_current, mem_peak

_SCALE = 2 if sys.maxsize > 0x7FFFFFFF else 1  # objects of a 64-bit build are twice as large
_OWN_BYTES = (
    7400  # of the heap, for what a chip has there and we have not: asyncio, littlefs, sockets
)
_GREEDY_LEFT_BYTES = 1500  # what a growth by all that there is leaves
_LARGE_BYTES = 8192  # a request that may be too large for the heap as it is
_NAMES = 1260  # beyond it MicroPython's table of names doubles, here because of the fakes' names
_NAMES_BYTES = 9 << 10

_numbers = [int(word) for word in os.getenv("BOARD_MEMORY").split()]
_first, _free, wifi_init, wifi_active, _largest_permille, _psram = _numbers[:6]
_regions = _numbers[6:]
_overhead = _first * 13 // 512  # of an area: which blocks are used


class State:
    """What is taken of it, in bytes. There is one, the class itself: attributes that are set cost no heap."""

    heap = _first
    grown = 0
    taken = 0  # by drivers and Wi-Fi
    network = 0  # by lwIP, see lwip.py
    least = _free
    names_doubled = False
    floor = 0  # what the fakes take of the interpreter's heap
    current = 0
    peak = 0


def start():
    """From now on the heap is the firmware's."""
    gc.collect()
    State.floor = gc.mem_alloc()
    State.current = mem_current()
    State.peak = mem_peak()


def take(count):
    """By a driver; a negative count gives back."""
    State.taken += count


def free():
    return _free - (0 if _psram else State.grown) - State.taken - State.network


def largest():
    return max(0, free() * _largest_permille // 1000)


def glance():
    """The same, often: only when there was more on the heap than ever."""
    if mem_peak() - State.peak > _LARGE_BYTES:
        look()


def look():
    """Let the heap grow by what an ESP32's has grown since the last look."""
    peak = mem_peak()
    if peak > State.peak:
        given_back = peak - max(State.current, mem_current())
        once = (peak - State.current) // _SCALE
        State.peak = peak
        if given_back >= _LARGE_BYTES * _SCALE and once > _room():
            _grow(once)
    State.current = mem_current()
    if _room() < 0:
        gc.collect()
        if not State.names_doubled and _room() < 0 and host.names() > _NAMES:
            State.names_doubled = True
            State.floor += _NAMES_BYTES * _SCALE
        if _room() < 0:
            _grow(-_room())


def _room():
    used = (gc.mem_alloc() - State.floor) // _SCALE + _OWN_BYTES
    return State.heap * 499 // 512 - used


def _grow(request):
    needed = request + max(2048, request * 13 // 512)
    there = _psram - State.grown if _psram else free() - _GREEDY_LEFT_BYTES
    if there < needed:
        host.say("an ESP32 would raise MemoryError here: no room for", request, "bytes")
        return
    growth = min(there, max(State.heap, needed))
    State.heap += growth
    State.grown += growth


def info():
    """[(total, free, largest free piece, least free ever)], of each region."""
    look()
    left = max(0, free())
    State.least = min(State.least, left)
    whole = sum(_regions)
    found = []
    for total in sorted(_regions):  # what the others leave is the largest's
        part = left * total // whole
        whole -= total
        left -= part
        found.append((total, part, min(part, largest()), min(part, State.least)))
    if _psram:
        there = _psram - State.grown
        found.append((_psram, there, there, there))
    return found
