# SPDX-License-Identifier: MIT
"""How much heap the boot asks for, against what was measured live on an ESP32 (docs/performance.md), and what it keeps of it."""

import esp32_fakes  # noqa: F401  gives CPython the module micropython
from firmware.modes import heap_reserve
from planning.budget import heap_bytes
from skipping import heap_taken

FIRST = 54600  # of an ESP32's 56,000 bytes, what can be allocated
DOUBLED = 55300  # the least that it grows by
GARBAGE = 8000  # collected at 2 kB in quiet moments, at 4 kB in any; and holes
SPARE = 18000  # no more than that is kept from the network


def plan(devices, sunspec=False, clamps=False):
    units = [{"sunspec": {"bases": [0]} if sunspec else None}]
    return {"devices": [{}] * devices, "units": units, "clamps": [{}] if clamps else []}


def test_room_is_asked_for_as_measured_and_no_more_than_the_network_can_spare():
    for live, measured in (
        (106100, plan(4, clamps=True)),
        (110800, plan(6, clamps=True)),
        (98700, plan(2, sunspec=True)),
        (112700, plan(2, sunspec=True, clamps=True)),
    ):
        wanted = heap_bytes(measured)
        assert live + GARBAGE <= FIRST + max(wanted, DOUBLED) <= live + SPARE, (live, wanted)


def test_few_devices_ask_for_less_than_the_heap_would_double_by():
    assert heap_bytes(plan(3)) < 55000


def test_hardly_anything_of_it_is_kept():
    kept = []
    # What it gives back is free at once, without a collection.
    assert heap_taken(lambda: kept.append(heap_reserve.grown(40000))) <= 640
    assert kept[0]
