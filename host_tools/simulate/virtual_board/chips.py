# SPDX-License-Identifier: MIT
"""Which GPIO of which chip can do what (data sheets; pins of flash and PSRAM count as absent)."""

from typing import NamedTuple


class Chip(NamedTuple):
    """Pins in ranges, as the fakes get them; the number of UARTs."""

    pins: str
    inputs: str  # neither outputs nor pull resistors
    adc: str  # block 1: the other does not work beside Wi-Fi
    uarts: int


CHIPS = {
    "esp32": Chip("0-5 12-19 21-23 25-27 32-39", "34-39", "32-39", 3),
    "esp32s3": Chip("0-21 33-48", "", "1-10", 3),
    "esp32c3": Chip("0-10 18-21", "", "0-4", 2),
    "esp32c6": Chip("0-23", "", "0-6", 2),
}


def environment(name):
    """What the fakes have to know of a chip; KeyError if there is none of this name."""
    chip = CHIPS[name]
    pins = {"PINS": chip.pins, "INPUTS": chip.inputs, "ADC": chip.adc}
    hexed = {f"BOARD_{key}": bytes(_numbers(ranges)).hex() for key, ranges in pins.items()}
    return hexed | {"BOARD_UARTS": str(chip.uarts)}


def _numbers(ranges):
    for part in ranges.split():
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)
