# SPDX-License-Identifier: MIT
"""What the fakes have to know of a chip: which GPIO can do what, and how much memory there is.

Pins are those of host_tools/build/chips.json; those of the flash count as absent. docs/design/virtual-board.md tells where
the figures of the memory come from.
"""

import json
from pathlib import Path
from typing import NamedTuple

from host_tools.owner import bluetooth_memory

_CHIPS = json.loads((Path(__file__).parents[2] / "build" / "chips.json").read_text("utf-8"))


class Memory(NamedTuple):
    """Bytes that MicroPython's heap, Wi-Fi and lwIP share; `regions` are ESP-IDF's, and sum up to more."""

    chip: str
    first_heap: int
    free: int  # left to ESP-IDF at the REPL, before Wi-Fi
    largest_permille: int  # of what is free, in one piece
    regions: tuple[int, ...]
    psram: int = 0


_STOCK = Memory("esp32", 57_344, 138_656, 550, (240, 7_288, 16_648, 79_912, 15_072, 113_840))

MEMORIES = {
    "esp32-stock": _STOCK,
    "esp32-flashed": _STOCK._replace(
        free=_STOCK.free + bluetooth_memory.RELEASED_BYTES,
        regions=(6_432, 32_768, 23_336, *_STOCK.regions[3:]),
    ),
    "esp32-c3": Memory("esp32c3", 65_536, 158_200, 325, (194_560, 18_432, 8_168)),
    "esp32-c6": Memory("esp32c6", 65_536, 158_200, 325, (286_720, 16_384)),
    "esp32-s3-psram": Memory("esp32s3", 65_536, 190_000, 550, (277_504, 21_504), 8 << 20),
}

# What MicroPython takes while Wi-Fi is initialised, and more of it while it is active.
WIFI = 28_000, 15_000


def default(chip):
    """The name in MEMORIES of a board with this chip, as it is sold."""
    return next(name for name, memory in MEMORIES.items() if memory.chip == chip)


def heap(name):
    """How large MicroPython's heap may become there; of PSRAM no more than a PC gives easily."""
    memory = MEMORIES[name]
    return memory.first_heap + (min(memory.psram, 1 << 20) or memory.free)


def environment(chip, name=None):
    """The fakes' environment variables; KeyError if there is no such chip or memory."""
    found = _CHIPS[chip]
    memory = MEMORIES[name or default(chip)]
    pins = {
        "PINS": sorted(set(found["pins"]) - set(found["flash"])),
        "INPUTS": found["input_only"],
        "ADC": found["adc1"],
        "UARTS": found["uarts"],
    }
    figures = (memory.first_heap, memory.free, *WIFI, memory.largest_permille, memory.psram)
    return (
        {"BOARD_CHIP": chip}
        | {f"BOARD_{key}": bytes(numbers).hex() for key, numbers in pins.items()}
        | {"BOARD_MEMORY": " ".join(map(str, figures + memory.regions))}
    )
