# SPDX-License-Identifier: MIT
"""The board's LED, a plain pin or one WS2812, says how the bridge is; its button asks for another mode.

light = make(plan["led"], plan["button"])
light.get_state = ...       gives one of the states below; until then it is booting

The button, held for 5 s, asks for the set-up mode, and held for 15 s for the factory reset, which is confirmed there. It asks when it is let
go. The pin is often GPIO0, which an open terminal may hold down: pressed for more than a minute, or never seen released since the start, it
counts as no button. One class for both, since the bridge pays for it: docs/performance.md.
"""

import machine
from machine import Pin, bitstream
from micropython import const

from ticks import ticks_add, ticks_diff

BOOTING = 0
SERVING = 1
NO_WIFI = 2
NO_METER = 3
LAST_GOOD = 4  # config.json was refused
SAFE = 5
SETUP = 6

# How long it is on and off in turns, in 1/50 s.
_PATTERNS = (
    b"\x32\x00",
    b"\x03\x94",
    b"\x0a\x0f\x0a\x41",
    b"\x0a\x0f\x0a\x0f\x0a\x41",
    b"\x0a\x0f\x0a\x0f\x0a\x0f\x0a\x41",
    b"\x05\x05",
    b"\x32\x32",
)
_UNIT_MS = const(20)
# Dim: it hangs in a cabinet, seen in the dark. Green, red, blue: the order on the wire.
_COLOURS = (
    b"\x08\x08\x08",
    b"\x0c\x00\x00",
    b"\x00\x00\x18",
    b"\x0a\x14\x00",
    b"\x00\x0c\x0c",
    b"\x00\x18\x00",
    b"\x14\x00\x14",
)
_DARK = b"\x00\x00\x00"
_WS2812_NS = (400, 850, 800, 450)

_LOOK_MS = const(100)  # two looks at the button in a row must agree
_SETUP_MS = const(5000)
_RESET_MS = const(15000)
_STUCK_MS = const(60000)
# Instead of when the button was pressed.
_RELEASED = const(-1)
_IGNORED = const(-2)


def make(led, button=None):
    """A component for what the board has of the two; None where it has neither."""
    if not button:
        return LED(shower(led)) if led else None
    pin = Pin(button["pin"], Pin.IN, Pin.PULL_UP)
    return LED(shower(led), pin, button["active"] != "low")


def shower(led):
    if not led:
        return lambda state, on: None
    pin = Pin(led["pin"], Pin.OUT)
    if led["active"] == "ws2812":
        return lambda state, on: bitstream(pin, 0, _WS2812_NS, _COLOURS[state] if on else _DARK)
    low = led["active"] == "low"
    return lambda state, on: pin.value(on ^ low)


class LED:
    """A component. show(state, on) lights it; a state's pattern is always shown to its end, unless a finger has to know how long it has
    held the button: from 5 s on it is lit, from 15 s on dark. button: its pin, or None; level: its value while it is pressed.
    """

    def __init__(self, show, button=None, level=0):
        self.get_state = lambda: BOOTING
        self._show = show
        self._at = 0
        self._state = BOOTING
        self._due_ms = 0  # when the pattern goes on
        self._button = button
        self._level = level
        self._look = True  # was it pressed at the last look?
        self._since_ms = _IGNORED
        show(BOOTING, 1)

    def step(self, now_ms):
        """No heap."""
        if not self._button:
            return self._go_on()
        pressed = self._button.value() == self._level
        since_ms = self._since_ms
        held_ms = ticks_diff(now_ms, since_ms) if since_ms >= 0 else 0
        if pressed == self._look:
            if not pressed:
                if held_ms >= _SETUP_MS:
                    self.ask(held_ms >= _RESET_MS)
                self._since_ms = _RELEASED
            elif since_ms == _RELEASED:
                self._since_ms = now_ms
            elif held_ms > _STUCK_MS:
                self._since_ms = _IGNORED
        self._look = pressed
        if held_ms >= _SETUP_MS:
            self._show(BOOTING, held_ms < _RESET_MS)
            return _LOOK_MS
        wait_ms = ticks_diff(self._due_ms, now_ms)
        if not 0 < wait_ms <= _STUCK_MS:
            wait_ms = self._go_on()
            self._due_ms = ticks_add(now_ms, wait_ms)
        return min(wait_ms, _LOOK_MS)

    def _go_on(self):
        if self._at == 0:
            self._state = self.get_state()
        pattern = _PATTERNS[self._state]
        self._show(self._state, 1 - self._at % 2)
        units = pattern[self._at]
        self._at = (self._at + 1) % len(pattern)
        return units * _UNIT_MS

    def ask(self, is_long):
        """main.py finds it after the reset: docs/formats/device.md."""
        machine.RTC().memory(b"N\7\0\0\0\0" if is_long else b"N\6\0\0\0\0")
        machine.reset()
