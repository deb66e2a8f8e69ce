# SPDX-License-Identifier: MIT
"""What only the set-up mode needs of the chip."""

import sys

import machine
from micropython import const

_TIMEOUT_MS = const(120000)  # some profiles at once take seconds
_CONSOLE_MS = const(600000)  # time for an owner at the console


def feeder():
    """A watchdog; returns what feeds it."""
    return machine.WDT(timeout=_TIMEOUT_MS).feed


def relax():
    """It cannot be stopped, only be given longer."""
    machine.WDT(timeout=_CONSOLE_MS).feed()


def name():
    """Of the chip as boards/*.json have it, such as esp32c3: the last word of MicroPython's "Generic ESP32C3 module with ESP32C3"."""
    return sys.implementation[2].split(" ")[-1].lower()


def button(described):
    """For `button` of a board: is_pressed()."""
    pin = machine.Pin(described["pin"], machine.Pin.IN, machine.Pin.PULL_UP)
    level = described["active"] != "low"
    return lambda: pin.value() == level
