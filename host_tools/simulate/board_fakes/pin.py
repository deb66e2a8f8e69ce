# SPDX-License-Identifier: MIT
"""machine.Pin: the pins of the chip and no others."""

import os

import host

_PINS = bytes.fromhex(os.getenv("BOARD_PINS"))
_INPUTS = bytes.fromhex(os.getenv("BOARD_INPUTS"))


class Pin:
    IN = 1
    OUT = 3
    OPEN_DRAIN = 7
    PULL_DOWN = 1
    PULL_UP = 2
    pull = bytearray(49)  # by GPIO: was it to be pulled up?

    def __init__(self, id, mode=-1, pull=-1, *, value=None):
        if isinstance(id, Pin):
            id = id.gpio
        if id not in _PINS:
            raise ValueError("invalid pin")
        self.gpio = id
        self._level = 0
        self._mode = -1
        self._knob = None
        self.init(mode, pull, value=value)

    def init(self, mode=-1, pull=-1, *, value=None):
        if pull == Pin.PULL_UP:
            Pin.pull[self.gpio] = 1
        if self.gpio in _INPUTS:
            if mode in (Pin.OUT, Pin.OPEN_DRAIN):
                raise ValueError("pin can only be input")
            pull = -1  # they have no resistors: the port says so on its console and goes on
        if value is not None:
            self._level = 1 if value else 0
        if mode != -1:
            self._mode = mode
        if self._mode == Pin.IN:
            self._knob = host.Knob("pin" + str(self.gpio), "1" if pull == Pin.PULL_UP else "0")

    def value(self, level=None):
        if level is not None:
            self._level = 1 if level else 0
        elif self._mode == Pin.IN:
            return self._knob.read() & 1
        else:
            return self._level

    def __call__(self, level=None):
        return self.value(level)

    def on(self):
        self._level = 1

    def off(self):
        self._level = 0

    def __repr__(self):
        return f"Pin({self.gpio})"
