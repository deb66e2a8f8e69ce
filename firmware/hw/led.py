# SPDX-License-Identifier: MIT
"""The board's LED says how the bridge is: a plain pin or one WS2812.

light = make(plan["led"])
light.get_state = ...       gives one of the states below; until then it is booting
"""

from machine import Pin, bitstream
from micropython import const

BOOTING = 0
SERVING = 1
NO_WIFI = 2
NO_METER = 3
LAST_GOOD = 4  # config.json was refused
SAFE = 5

# How long it is on and off in turns, in 1/50 s.
_PATTERNS = (
    b"\x32\x00",
    b"\x03\x94",
    b"\x0a\x0f\x0a\x41",
    b"\x0a\x0f\x0a\x0f\x0a\x41",
    b"\x0a\x0f\x0a\x0f\x0a\x0f\x0a\x41",
    b"\x05\x05",
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
)
_DARK = b"\x00\x00\x00"
_WS2812_NS = (400, 850, 800, 450)


def make(led):
    pin = Pin(led["pin"], Pin.OUT)
    if led["active"] == "ws2812":
        return LED(
            lambda state, on: bitstream(pin, 0, _WS2812_NS, _COLOURS[state] if on else _DARK)
        )
    low = led["active"] == "low"
    return LED(lambda state, on: pin.value(on ^ low))


class LED:
    """A component. show(state, on) lights it. A state's pattern is always shown to its end."""

    def __init__(self, show):
        self.get_state = lambda: BOOTING
        self._show = show
        self._at = 0
        self._state = BOOTING
        show(BOOTING, 1)

    def step(self, now_ms):
        """No heap."""
        if self._at == 0:
            self._state = self.get_state()
        pattern = _PATTERNS[self._state]
        self._show(self._state, 1 - self._at % 2)
        units = pattern[self._at]
        self._at = (self._at + 1) % len(pattern)
        return units * _UNIT_MS
