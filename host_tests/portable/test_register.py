# SPDX-License-Identifier: MIT
"""Registers with what gives them their meaning: powers of ten, directions, factors, patterns that mean "no value"."""

import planned
from meters.register import Quantity, Register
from planning import profile
from planning.quantities import TYPES
from skipping import heap_taken

INT32_MAX = 2147483647


def register(kind="s16", **spec):
    return profile.register(dict(spec, address=spec.get("address", 0), type=kind), {})


def read(made, raw, at_ms=1000):
    """Its value after a reply with these raw bytes."""
    made.read(b"\xff" + raw, 1, at_ms)
    return made.value


def word(number):
    return (number & 0xFFFF).to_bytes(2, "big")


def scaled(power, at_ms=1000):
    """A value of 12345 whose power of ten was read at at_ms."""
    made = register(exponent={"address": 9, "type": "s16"})
    read(made.exponent, word(power), at_ms)
    made.read(word(12345), 0, 5000)
    return made


def test_power_of_ten_scales_the_value():
    for power, value in (
        (0, 12345),
        (-1, 1234),
        (-2, 123),
        (-5, 0),
        (-6, 0),
        (1, 123450),
        (4, 123450000),
    ):
        assert scaled(power).value == value, power  # 1234.5 is rounded to even


def test_powers_of_ten_beyond_a_million_are_not_believed():
    made = register("u32", exponent={"address": 9, "type": "s16"})
    for power, value in ((6, 2000000), (7, None), (-6, 1), (-7, None)):
        read(made.exponent, word(power))
        assert read(made, (2 if power > 0 else 1000000).to_bytes(4, "big")) == value, power
    assert scaled(-32768).value is None  # SunSpec: not implemented


def test_direction_that_is_unknown_leaves_the_value_unknown():
    made = register(direction={"address": 9, "negative": 2, "positive": 1, "mask": 3})
    assert read(made, word(7)) is None
    for way, value in ((1, 7), (2, -7), (3, None), (0, None), (0xF0 | 1, 7), (0xF0 | 2, -7)):
        read(made.direction, word(way))
        assert read(made, word(7)) == value, way


def test_without_a_positive_direction_all_but_the_negative_one_are():
    made = register(direction={"address": 9, "negative": 2})
    for way, value in ((2, -7), (0, 7), (9, 7)):
        read(made.direction, word(way))
        assert read(made, word(7)) == value


def test_pattern_that_means_no_value_is_none():
    made = register("u16", invalid=["0x8000", "0x7FFE"])
    for raw, value in ((0x8000, None), (0x7FFE, None), (0x7FFD, 0x7FFD), (0x0080, 0x0080)):
        assert read(made, word(raw)) == value


def test_pattern_of_a_value_with_the_low_word_first():
    made = register("u32", invalid=["0x00000001"], word_order="little")
    assert read(made, b"\x00\x01\x00\x00") is None
    assert read(made, b"\x00\x00\x00\x01") == 65536


def test_factors_and_what_they_are_counted_in():
    # 230 V transformers 1 : 1, 100 A transformers of 5 A: 20, kept in tenths.
    made = register("u16", scale="0.1 W", factors=[{"address": 5, "type": "u16", "scale": "0.1"}])
    assert read(made, word(4000)) is None
    read(made.factors[0], word(200))
    assert read(made, word(4000)) == 4000 * 200 // 100
    read(made.factors[0], word(0))
    assert read(made, word(4000)) is None


def test_factors_that_are_too_large_leave_the_value_unknown_without_heap():
    made = register("u16", factors=[{"address": 5, "type": "u32"}, {"address": 7, "type": "u32"}])
    for factor in made.factors:
        read(factor, b"\x00\xff\xff\xff")
    assert read(made, word(2)) is None
    raw = word(2)
    assert heap_taken(lambda: made.read(raw, 0, 1000)) == 0


def test_nothing_beyond_an_int32_is_served():
    made = register("u32")
    assert read(made, INT32_MAX.to_bytes(4, "big")) == INT32_MAX
    assert read(made, (INT32_MAX + 1).to_bytes(4, "big")) is None
    assert read(made, (3000000000).to_bytes(4, "big")) is None
    # 2147483647.2 and 2147483647.8: the second is rounded to one more.
    made = register("u32", scale="0.6 W")
    assert read(made, (3579139412).to_bytes(4, "big")) == INT32_MAX
    assert read(made, (3579139413).to_bytes(4, "big")) is None


def build(*registers, low=-100, high=100):
    device = planned.device("inverters")
    return device, Quantity(device, "inv_power_ac_w", registers, low, high, False)


def of(value, at_ms):
    made = Register(3, 0, TYPES["s16"], False, 1, 1, ())
    made.value, made.at_ms = value, at_ms
    return made


def test_sum_is_as_old_as_its_oldest_part():
    device, quantity = build(of(1, 3000), of(2, 2000), of(3, 4000))
    assert quantity.update()
    assert device.fields["inv_power_ac_w"] == 6 and device.at_ms["inv_power_ac_w"] == 2000


def test_sum_with_an_unknown_part_is_not_put():
    device, quantity = build(of(1, 3000), of(None, 2000))
    assert quantity.update() and device.fields["inv_power_ac_w"] is None


def test_sum_that_cannot_be_is_not_put():
    for total, good in ((100, True), (101, False), (-100, True), (-101, False)):
        device, quantity = build(of(total - 1, 0), of(1, 0))
        assert quantity.update() == good
        assert device.fields["inv_power_ac_w"] == (total if good else None)
