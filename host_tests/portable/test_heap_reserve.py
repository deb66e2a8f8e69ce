# SPDX-License-Identifier: MIT
"""How much heap the boot asks for, by what a chip has, and what of it is held. Which areas MicroPython gives back: gc_areas."""

from esp32_fakes import Esp32
from firmware.modes import heap_reserve
from gc_areas import Heap, List
from planning.budget import heap_bytes
from skipping import heap_taken

# What ESP-IDF has before Wi-Fi is up, seen on an emulated ESP32: with the official image, and as make flash leaves it.
STOCK, FLASHED = 138368, 177316
WIFI = 49600  # what Wi-Fi, the sockets and the log take of it, once connected
FIRST_HEAPS = (56 * 1024, 64 * 1024)
HELD, CUT = 5, 17  # words


def plan(devices, sunspec=False, clamps=False):
    units = [{"sunspec": {"bases": [0]} if sunspec else None}]
    return {"devices": [{}] * devices, "units": units, "clamps": [{}] if clamps else []}


def allowed(wanted_bytes, free_bytes):
    Esp32.regions = [(200000, free_bytes, free_bytes, 0)]
    return heap_reserve.allowed_bytes(wanted_bytes)


def test_network_keeps_what_it_needs_however_much_is_wanted():
    for wanted_bytes in (60000, 80000, 500000):
        assert STOCK - WIFI - allowed(wanted_bytes, STOCK) >= 29000
        assert FLASHED - WIFI - allowed(wanted_bytes, FLASHED) >= 60000


def test_what_is_wanted_is_had_where_there_is_enough():
    example = heap_bytes(plan(4, clamps=True))
    for free_bytes in (FLASHED, 8000000):
        assert allowed(example, free_bytes) == example
    assert example - 5000 < allowed(example, STOCK) < example
    assert allowed(example, 20000) == 0


def test_reserve_holds_its_area_on_each_chips_first_heap():
    for first_bytes in FIRST_HEAPS:
        for wanted_bytes in range(36000, 80000, 400):
            heap = Heap(first_bytes, 110000)
            used = heap.alloc(30000)
            items = List(heap, wanted_bytes // 4)
            items.cut(CUT)
            while len(items) > HELD:
                items.pop()
            assert heap.blocks_at(items.places[1]) <= 3
            before = heap.pool_bytes()
            heap.collect([used] + items.places)
            assert heap.pool_bytes() == before and heap.has(items.places[1])


def test_hardly_anything_of_it_is_held():
    Esp32.regions = [(200000, STOCK, STOCK, 0)]
    held = []
    # What it gives back is free at once, without a collection.
    assert heap_taken(lambda: held.append(heap_reserve.grown(40000))) <= 640
    assert len(held[0]) == HELD
