# SPDX-License-Identifier: MIT
"""Register decoding against struct and exact fractions."""

import gc
import struct

import planned
from meters import decode
from planning import profile
from planning.quantities import TYPES, scale
from skipping import heap_taken


def _value(fmt, raw, kind, multiply=1, by=1, little=False):
    data = struct.pack(fmt, raw)
    if little:
        words = [data[i : i + 2] for i in range(0, len(data), 2)]
        words.reverse()
        data = b"".join(words)
    number = decode.Number()
    if not number.take(b"\xff" + data + b"\xff", 1, kind, little):
        return None
    return number.scaled(multiply, by)


def _rounded(numerator, denominator):
    """Half to even, in integers: the exact value of a fraction rounded."""
    whole = numerator // denominator
    rest = 2 * (numerator - whole * denominator)
    if rest > denominator or (rest == denominator and whole % 2):
        whole += 1
    return whole


def _float_parts(value):
    """A float that is a small number of binary digits, as numerator and power-of-two denominator."""
    denominator = 1
    while value != int(value):
        value *= 2
        denominator *= 2
    return int(value), denominator


def test_integers_of_all_types():
    cases = (
        (">H", 65534, TYPES["u16"]),
        (">H", 65280, TYPES["u16"]),
        (">H", 32768, TYPES["u16"]),
        (">h", -32767, TYPES["s16"]),
        (">h", 32766, TYPES["s16"]),
        (">h", -1, TYPES["s16"]),
        (">I", 1073741823, TYPES["u32"]),
        (">i", -1073741823, TYPES["s32"]),
        (">i", -1, TYPES["s32"]),
        (">Q", 1073741823, TYPES["u64"]),
        (">q", -5000, TYPES["s64"]),
    )
    for fmt, raw, kind in cases:
        assert _value(fmt, raw, kind) == raw, (fmt, raw)
        assert _value(fmt, raw, kind, little=True) == raw, (fmt, raw)


def test_floats_that_are_no_numbers_or_far_too_large_are_refused_without_heap():
    for kind, fmt, raws in (
        (TYPES["f32"], ">I", (0x7F800000, 0xFF800000, 0x7FC00000, 0x7F7FFFFF, 0x53000000)),
        (TYPES["f64"], ">Q", (0x7FF0000000000000, 0x7FF8000000000000, 0x7FEFFFFFFFFFFFFF)),
    ):
        number = decode.Number()
        for raw in raws:
            data = struct.pack(fmt, raw)
            assert not number.take(data, 0, kind, False), hex(raw)
    for exponent in range(127, 255):  # of 2 to the power of 0 and more
        data = struct.pack(">I", exponent << 23)
        if hasattr(gc, "mem_alloc"):
            assert heap_taken(lambda data=data: number.take(data, 0, TYPES["f32"], False)) == 0
        good = exponent < 127 + 37  # 137 GW
        assert number.take(data, 0, TYPES["f32"], False) == good, exponent


def test_energies_up_to_an_int32_of_watt_hours():
    # A u32 of 0.1 Wh and a u64 of 0.1 Wh or mWh hold more counts than a small integer of 31 bits.
    for raw, by in ((4000000005, 10), (2147483649, 10), (1073741824, 10), (3999999995, 10)):
        want = _rounded(raw, by)
        assert _value(">I", raw, TYPES["u32"], by=by) == want, raw
        assert _value(">I", raw, TYPES["u32"], by=by, little=True) == want, raw
        assert _value(">Q", raw, TYPES["u64"], by=by) == want, raw
    assert _value(">Q", 1999999999500, TYPES["u64"], by=1000) == 2000000000
    assert _value(">q", -1999999999500, TYPES["s64"], by=1000) == -2000000000
    assert _value(">I", 2147483646, TYPES["u32"]) == 2147483646
    assert _value(">I", 2147483648, TYPES["u32"]) is None
    assert _value(">f", 536870912.0, TYPES["f32"], 4) is None
    assert _value(">f", 536870880.0, TYPES["f32"], 4) == 2147483520
    assert _value(">d", 1717986918.0, TYPES["f64"]) == 1717986918
    assert _value(">f", 123456.5, TYPES["f32"], 12800, 10) == 158024320


def test_fractions_of_a_count_are_exact_in_both_directions():
    # multiply and divide that share no factor, against whole-number arithmetic.
    seed = 7
    for _ in range(200):
        seed = (seed * 1103515245 + 12345) % 0x80000000
        multiply, by = 1 + seed % 9973, 1 + (seed >> 7) % 8191
        raw = seed >> 11
        want = _rounded(raw * multiply, by)
        assert _value(">I", raw, TYPES["u32"], multiply, by) == want, (raw, multiply, by)
        assert _value(">i", -raw, TYPES["s32"], multiply, by) == -want, (raw, multiply, by)
        # raw / 2**9 as a float of 20 bits
        value = _value(">f", raw / 512, TYPES["f32"], multiply, by)
        assert value == _rounded(raw * multiply, by * 512), (raw, multiply, by)


def test_sign_and_magnitude():
    assert _value(">H", 0x8000 | 1200, TYPES["m16"]) == -1200
    assert _value(">H", 1200, TYPES["m16"]) == 1200
    assert _value(">H", 0x7FFE, TYPES["m16"]) == 32766
    assert _value(">H", 0xFFFE, TYPES["m16"]) == -32766


def test_integers_too_large_and_the_end_of_a_range_are_no_value():
    assert _value(">I", 0xFFFFFFFF, TYPES["u32"]) is None
    assert _value(">i", 0x7FFFFFFF, TYPES["s32"]) is None
    assert _value(">i", -0x80000000, TYPES["s32"]) is None
    assert _value(">Q", 0xFFFFFFFFFFFFFFFF, TYPES["u64"]) is None
    assert _value(">H", 0xFFFF, TYPES["u16"]) is None
    assert _value(">H", 0xFFFF, TYPES["m16"]) is None
    assert _value(">H", 0x7FFF, TYPES["m16"]) is None
    assert _value(">h", -0x8000, TYPES["s16"]) is None
    assert _value(">h", 0x7FFF, TYPES["s16"]) is None
    assert _value(">h", 0x7FFF, TYPES["s16"], multiply=-1) is None
    assert _value(">I", 20000000, TYPES["u32"], multiply=1000) is None


def test_scaled_integers_round_half_to_even():
    assert _value(">h", 25, TYPES["s16"], by=10) == 2
    assert _value(">h", 35, TYPES["s16"], by=10) == 4
    assert _value(">h", -25, TYPES["s16"], by=10) == -2
    assert _value(">h", -26, TYPES["s16"], by=10) == -3
    assert _value(">H", 123, TYPES["u16"], multiply=10) == 1230
    assert _value(">H", 123, TYPES["u16"], multiply=-10) == -1230


def test_binary32_exact_against_fractions():
    for kind, fmt in ((TYPES["f32"], ">f"), (TYPES["f64"], ">d")):
        for raw in (0.0, 0.5, 1.5, 2.5, 0.25, 1234.5, 1234.75, -542.0, -0.5, -1.5, 4095.5, 4096.5,
                    16777215.0, 8388607.5, 262143.96875, 1e-30, 230.0, 0.0009765625, 65535.5):  # fmt: skip
            numerator, denominator = _float_parts(raw) if abs(raw) > 1e-20 else (0, 1)
            for multiply in (1, -1, 10, 1000):
                want = _rounded(numerator * multiply, denominator)
                got = _value(fmt, raw, kind, multiply)
                if abs(want) > 1073741823:
                    assert got is None or got == want, (raw, multiply, got)
                else:
                    assert got == want, (fmt, raw, multiply, got, want)
                    assert _value(fmt, raw, kind, multiply, little=True) == want


def test_binary32_of_kilowatt_hours():
    # 3468.9 kWh has no exact binary32; the nearest is 3468.89990234375.
    assert _value(">f", 3468.89990234375, TYPES["f32"], 1000) == 3468900


def test_floats_that_are_no_number():
    for word in (0x7FC00000, 0xFFC00000, 0x7F800000, 0xFF800000, 0x7F7FFFFF, 0xFF7FFFFF):
        assert _value(">I", word, TYPES["f32"]) is None, hex(word)
    assert _value(">Q", 0x7FF8000000000000, TYPES["f64"]) is None
    assert _value(">d", 1e18, TYPES["f64"]) is None
    assert _value(">I", 0x00000001, TYPES["f32"]) == 0


def test_many_binary32_patterns():
    # A linear congruential sequence over the patterns; the reference is computed from the bits, exactly.
    seed = 1
    for _ in range(300):
        seed = (seed * 1103515245 + 12345) % 0x80000000
        exponent = 118 + seed % 34
        mantissa = (seed >> 3) % 0x800000
        word = exponent << 23 | mantissa
        numerator = mantissa | 0x800000
        shift = exponent - 150
        for multiply in (1, 10, 1000):
            top, bottom = numerator * multiply, 1
            if shift >= 0:
                top <<= shift
            else:
                bottom <<= -shift
            want = _rounded(top, bottom)
            got = _value(">I", word, TYPES["f32"], multiply)
            assert got == want or (got is None and want > 1073000000), (
                hex(word),
                multiply,
                got,
                want,
            )
            got = _value(">I", word | 0x80000000, TYPES["f32"], multiply)
            assert got == -want or (got is None and want > 1073000000), (
                hex(word),
                multiply,
                got,
                want,
            )


def test_scale_strings():
    assert scale("1 W") == (1, 1)
    assert scale("0.1 kWh") == (100, 1)
    assert scale("0.01 kWh") == (10, 1)
    assert scale("1 MWh") == (1000000, 1)
    assert scale("0.1 V") == (1, 1)
    assert scale("0.01 V") == (1, 10)
    assert scale("0.1 W") == (1, 10)
    assert scale("1 %") == (10, 1)
    assert scale("0.001 A") == (1, 1)
    assert scale("10 W") == (10, 1)
    for bad in ("1 parsec", "kWh", "x W"):
        try:
            scale(bad)
        except ValueError:
            continue
        assert False, bad


def _directed(way, spec, raw=100):
    """100 W beside a direction register that holds `way`."""
    device = planned.device("batteries")
    power = {
        "address": 0,
        "type": "s16",
        "scale": "1 W",
        "direction": dict(spec, address=1, type="u16"),
    }
    description = {"roles": {"batteries": {"power": power}}}
    made = profile.quantity(device, "bat_power_w", "power", description, "batteries", False)
    (register,) = made.registers
    register.direction.read(struct.pack(">H", way), 0, 0)
    register.read(struct.pack(">h", raw), 0, 0)
    return register.value


def test_direction_that_is_neither_of_the_known_ones_gives_no_value():
    both = {"negative": 1, "positive": 0}
    assert [_directed(way, both) for way in (0, 1, 2, 0xFFFF)] == [100, -100, None, None]
    assert [_directed(way, {"negative": 1}) for way in (0, 1, 2, 0xFFFF)] == [100, -100, 100, None]
    assert [_directed(way, dict(both, mask=1)) for way in (2, 3)] == [100, -100]


def test_nothing_needs_no_direction():
    both = {"negative": 1, "positive": 0}
    assert [_directed(way, both, 0) for way in (0, 1, 2, 0xFFFF)] == [0, 0, 0, 0]


def test_only_an_exact_nothing_is_zero():
    number = decode.Number()
    for fmt, kind, values in (
        (">h", "s16", (0, 1, -1)),
        (">I", "u32", (0, 1, 65536)),
        (">f", "f32", (0.0, 0.25, 3.0, -1.5)),
        (">d", "f64", (0.0, 2.0**-20, 5.0)),
        (">Q", "u64", (0, 1 << 40, 3)),
    ):
        for value in values:
            number.take(struct.pack(fmt, value), 0, TYPES[kind], False)
            assert number.is_zero() == (value == 0), (kind, value)
    number.take(b"\x80\x00", 0, TYPES["m16"], False)  # minus nothing
    assert number.is_zero()
