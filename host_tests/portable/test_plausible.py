# SPDX-License-Identifier: MIT
"""What one reading alone is not believed: more power than the fuses carry, a counter that falls or jumps. The reading ages meanwhile."""

import json

import esp32_fakes  # noqa: F401  (before the firmware)
import planned
from firmware.refusal import expected
from meters.register import Quantity, Register
from planning import plan, settings
from planning.quantities import TYPES
from skipping import heap_taken

POWER, TOTAL = "grid_power_w", "pv_energy_total_wh"
# Three phases of 63 A at 230 V.
MOST_W = 43470


class Value:
    """One register and the quantity that it feeds; read(value): whether that was believed."""

    def __init__(self, category, key, low, high, slow, doubt):
        self.device = planned.device(category, key)
        self._key = key
        self._register = Register(3, 0, TYPES["s32"], False, 1, 1, ())
        self.quantity = Quantity(self.device, key, [self._register], low, high, slow, doubt)
        self._at_ms = 0

    def read(self, value):
        self._at_ms += 1000
        self._register.value, self._register.at_ms = value, self._at_ms
        is_good = self.quantity.update()
        assert (self.device.at_ms[self._key] == self._at_ms) == is_good, "else it ages"
        assert not is_good or self.device.fields[self._key] == value
        return is_good


def power(low=-1000000, high=1000000, doubt=MOST_W):
    return Value("energy_meters", POWER, low, high, False, doubt)


def total():
    return Value("inverters", TOTAL, 0, 2147483647, True, MOST_W)


def test_power_within_the_fuses_is_believed_at_once():
    one = power()
    for value in (0, 1, -1, MOST_W, -MOST_W, 43000, -43000):
        assert one.read(value), value


def test_power_beyond_the_fuses_is_believed_when_it_is_read_twice():
    one = power()
    for value in (MOST_W + 1, -MOST_W - 1, 999999):
        assert not one.read(value) and one.read(value), value
        assert one.read(value + 1 if value > 0 else value - 1)
        assert one.read(100)


def test_two_readings_beyond_the_fuses_that_disagree_are_not_believed():
    one = power()
    for value in (65535, -65535, 500000, 100000, 999999):
        assert not one.read(value), value
    assert one.read(800000), "less by a fifth agrees"
    for value in (500000, -500000, 380000):
        assert not one.read(value), value
    assert one.read(380000)


def test_single_reading_beyond_the_fuses_is_never_served():
    one = power()
    for value in (65535, -65536, 500000):
        assert one.read(1700) and not one.read(value)
        assert one.device.fields[POWER] == 1700
        assert one.read(1800)


def test_power_that_cannot_be_is_refused_however_often_it_is_read():
    one = power(-86940, 86940)
    for _ in range(9):
        assert not one.read(86941)


def test_where_there_is_nothing_to_doubt_all_is_believed():
    one = power(-7500, 7500, None)
    assert one.read(7500) and not one.read(7501)


def test_counter_is_believed_while_it_rises():
    one = total()
    for value in (5000000, 5000000, 5000001, 5000001 + MOST_W):
        assert one.read(value), value


def test_counter_that_falls_or_jumps_is_believed_when_it_is_read_five_times():
    for value in (0, 4999999, 5000001 + MOST_W, 2000000000):
        one = total()
        assert one.read(5000000)
        assert [one.read(value) for _ in range(6)] == [False] * 4 + [True] * 2, value


def test_counter_that_says_something_else_each_time_is_not_believed():
    one = total()
    assert one.read(5000000)
    for value in (7, 6, 3, 90000, 4, 1, 0, 2000000000) * 3:
        assert not one.read(value), value
    # One that was exchanged goes on from where the new one stands.
    assert [one.read(value) for value in (20, 21, 25, 25, 30)] == [False] * 4 + [True]


def test_what_was_refused_and_what_was_expected_are_known():
    one = power()
    assert one.quantity.refused is None and expected(one.quantity) == (-MOST_W, MOST_W)
    one.read(-65536)
    assert one.quantity.refused == -65536
    narrow = power(0, 5000)
    narrow.read(-3)
    assert narrow.quantity.refused == -3 and expected(narrow.quantity) == (0, 5000)
    counter = total()
    assert expected(counter.quantity) == (0, 2147483647)
    counter.read(5000000)
    counter.read(17)
    assert counter.quantity.refused == 17
    assert expected(counter.quantity) == (5000000, 5000000 + MOST_W)


def test_slip_of_a_counter_is_never_served():
    # 0, and a number without its high word, between readings of a counter that goes on.
    one = total()
    for slip in (0, 5000000 & 0xFFFF, 2000000000):
        for _ in range(3):
            assert one.read(5000000)
            assert [one.read(slip) for _ in range(4)] == [False] * 4
            assert one.device.fields[TOTAL] == 5000000


def test_first_reading_of_a_counter_has_nothing_to_be_held_against():
    for value in (0, 5000000, 2147483647):
        assert total().read(value)


def test_doubt_takes_no_heap():
    one, other = power(), total()
    one.read(1)
    other.read(5000000)

    def doubt():
        for _ in range(20):
            one.quantity.update()
            other.quantity.update()

    one._register.value, other._register.value = 500000, 7
    doubt()  # the first refusal gives each quantity an attribute more
    assert heap_taken(doubt) == 0


BOARD = {
    "led": None, "button": None, "on": [], "uart": {"id": 2, "tx": 17, "rx": 16, "de": 4}, "clamps": {}, "free": [], "chip": "esp32",
}  # fmt: skip
PROFILE = {
    "vendor": "V",
    "model": "M",
    "source": ["a data sheet"],
    "defaults": {"function": 3, "type": "s32", "word_order": "big"},
    "roles": {
        "energy_meters": {"power": {"address": 0, "scale": "1 W", "positive": "import"}},
        "inverters": {
            "power": {"address": 2, "scale": "1 W", "positive": "generation"},
            "energy_day": {"address": 4, "scale": "1 Wh"},
            "energy_total": {"address": 6, "scale": "1 Wh"},
        },
    },
}


def quantities(site=None, **info):
    """{key: (low, high, doubt)} of the plan of a meter at the grid and an inverter."""
    devices = [
        {"category": "energy_meters", "profile": "x", "unit": 1, "info": info},
        {"category": "inverters", "profile": "x", "unit": 2},
    ]
    config = {"wifi": {"ssid": "Home"}, "devices": devices}
    if site is not None:
        config["site"] = site

    def load(kind, name):
        return {"board": BOARD, "profile": json.loads(json.dumps(PROFILE))}.get(kind)

    made = plan.make(settings.read(json.dumps(config), load, lambda kind: ["x"]), load)
    rows = [row for unit in made["units"] for row in unit["quantities"]]
    return {row["key"]: (row["low"], row["high"], row["doubt"]) for row in rows}


def test_left_out_63_a_on_three_phases_only_ask_for_a_second_reading():
    found = quantities()
    assert found[POWER] == (-1000000, 1000000, MOST_W)
    assert found["inv_power_ac_w"] == (-1000000, 1000000, MOST_W)
    assert found[TOTAL] == (0, 2147483647, MOST_W)
    assert found["pv_energy_day_wh"] == (0, 20000000, None), "it begins again at midnight"


def test_fuse_that_is_written_limits_the_meter_at_the_grid():
    for info in ({}, {"location": 1}):
        found = quantities({"fuse_a": 35}, **info)
        assert found[POWER] == (-48300, 48300, 24150)  # 35 A * 230 V * 3, and twice that
        assert found["inv_power_ac_w"] == (-1000000, 1000000, 24150)
    for location in (0, 2, 5):
        assert quantities({"fuse_a": 35}, location=location)[POWER] == (-1000000, 1000000, 24150)
