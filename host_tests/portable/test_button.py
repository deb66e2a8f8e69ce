# SPDX-License-Identifier: MIT
"""The board's button in virtual time: what asks for another mode, and above all what does not."""

from esp32_fakes import Board, Pin, Reset
from firmware.hw import led
from ticks import ticks_add

PRESSED, RELEASED = 0, 1
# docs/formats/device.md, "Failed starts"
SETUP, FACTORY_RESET = b"N\x06\0\0\0\0", b"N\x07\0\0\0\0"


class Finger:
    """A board with a button and an LED that is stepped as the supervisor does. start_ms: ticks wrap at 2**30 or 2**62."""

    def __init__(self, start_ms=1000, level=RELEASED):
        Board.fresh()
        self.now_ms = start_ms
        self.shown = []
        Pin.level_in = level
        self.light = led.make({"pin": 2, "active": "high"}, {"pin": 0, "active": "low"})
        self.light._show = lambda state, on: self.shown.append(int(on))
        self.light.get_state = lambda: led.SERVING

    def for_ms(self, level, span_ms):
        """Hold the pin at this level; what was asked for, or None."""
        Pin.level_in = level
        while span_ms > 0:
            try:
                delay_ms = self.light.step(self.now_ms)
            except Reset:
                return Board.rtc
            assert 0 < delay_ms <= 100
            span_ms -= delay_ms
            self.now_ms = ticks_add(self.now_ms, delay_ms)
        return None

    def press(self, span_ms):
        """And let go."""
        return self.for_ms(PRESSED, span_ms) or self.for_ms(RELEASED, 500)


def released(**given):
    finger = Finger(**given)
    assert finger.for_ms(RELEASED, 1000) is None
    return finger


def test_five_seconds_ask_for_the_set_up_mode_when_it_is_let_go():
    finger = released()
    assert finger.for_ms(PRESSED, 9000) is None
    assert finger.for_ms(RELEASED, 300) == SETUP


def test_fifteen_seconds_ask_for_the_factory_reset():
    assert released().press(15500) == FACTORY_RESET
    assert released().press(59000) == FACTORY_RESET


def test_short_presses_do_nothing_however_many():
    finger = released()
    for _ in range(20):
        assert finger.press(4500) is None


def test_one_never_seen_released_is_no_button():
    finger = Finger(level=PRESSED)
    assert finger.press(7000) is None
    assert finger.press(7000) == SETUP, "it has been released since"


def test_one_held_for_over_a_minute_is_no_button():
    finger = released()
    assert finger.press(61000) is None
    assert finger.press(3600000) is None
    assert finger.press(6000) == SETUP


def test_a_single_look_is_no_release_and_no_press():
    finger = released()
    for _ in range(5):
        assert finger.for_ms(PRESSED, 2000) is None
        assert finger.for_ms(RELEASED, 100) is None, "a bounce"
    assert finger.for_ms(PRESSED, 3000) is None
    assert finger.for_ms(RELEASED, 300) == SETUP
    finger = released()
    for _ in range(80):
        assert finger.for_ms(PRESSED, 100) is None and finger.for_ms(RELEASED, 100) is None


def test_it_holds_where_ticks_wrap():
    for start_ms in (1 << 30, 1 << 62):
        assert released(start_ms=ticks_add(start_ms - 3000, 0)).press(6000) == SETUP


def test_the_light_tells_a_finger_how_long_it_has_held():
    finger = released()
    finger.for_ms(PRESSED, 5200)
    finger.shown.clear()
    finger.for_ms(PRESSED, 9000)
    assert set(finger.shown) == {1}
    finger.for_ms(PRESSED, 1000)
    finger.shown.clear()
    finger.for_ms(PRESSED, 1000)
    assert set(finger.shown) == {0}


def test_the_pattern_keeps_its_pace_beside_the_button():
    finger = released()
    finger.shown.clear()
    finger.for_ms(RELEASED, 30200)
    assert 9 <= sum(finger.shown) <= 11, "a flash every 3 s"


def test_a_board_without_led_or_button():
    Board.fresh()
    assert led.make(None, None) is None
    Pin.level_in = RELEASED
    bare = led.make(None, {"pin": 0, "active": "low"})
    assert bare.step(0) == 100
