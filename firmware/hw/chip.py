# SPDX-License-Identifier: MIT
"""The chip itself: its resets, its outputs, and the memory that MicroPython leaves to Wi-Fi and lwIP."""

import esp32
import machine

reset = machine.reset
reset_cause = machine.reset_cause
soft_reset = machine.soft_reset


def switch_on(pins):
    """Outputs that power or enable what is on the board."""
    for pin in pins:
        machine.Pin(pin, machine.Pin.OUT, value=1)


def idf_memory():
    """(free bytes, the largest piece) of ESP-IDF's heap for data."""
    free = largest = 0
    for _, region_free, region_largest, _ in esp32.idf_heap_info(esp32.HEAP_DATA):
        free += region_free
        largest = max(largest, region_largest)
    return free, largest
