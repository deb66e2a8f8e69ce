"""How much heap the boot asks for, against what was measured live on an ESP32 (docs/performance.md), and what it keeps of it."""

from firmware import room
from skipping import heap_taken

FIRST = 54600  # of an ESP32's 56,000 bytes, what can be allocated
DOUBLED = 55300  # the least that it grows by
GARBAGE = 8000  # collected at 2 kB in quiet moments, at 4 kB in any; and holes
SPARE = 18000  # no more than that is kept from the network
METER = {"profile": "eastron-sdm630"}
HYBRID = {"profile": "deye-3p-hybrid"}
CLAMP = {"clamp": ["ct1"]}
SUNSPEC = {"profile": "sunspec-inverter"}


def config(*devices, load_power="computed"):
    return {"devices": devices, "load_power": load_power}


def test_room_is_asked_for_as_measured_and_no_more_than_the_network_can_spare():
    for live, measured in (
        (106100, config(METER, HYBRID, HYBRID, CLAMP)),
        (110800, config(METER, HYBRID, HYBRID, CLAMP, METER, METER)),
        (98700, config(METER, SUNSPEC)),
        (112700, config(METER, SUNSPEC, load_power=CLAMP)),
    ):
        wanted = room.wanted(measured)
        assert live + GARBAGE <= FIRST + max(wanted, DOUBLED) <= live + SPARE, (live, wanted)
    assert room.wanted(config(*[METER] * 12, load_power=CLAMP)) == 80000


def test_few_devices_ask_for_less_than_the_heap_would_double_by():
    assert room.wanted(config(METER, HYBRID, HYBRID)) < 55000


def test_hardly_anything_of_it_is_kept():
    asked = config(METER)
    kept = []
    # What it gives back is free at once, without a collection.
    assert heap_taken(lambda: kept.append(room.grown(asked))) <= 640
    assert kept[0]
