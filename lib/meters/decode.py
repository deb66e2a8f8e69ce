"""From register bytes to integers in base units, without heap.

32-bit MicroPython has small integers of 31 bits; a value that needs more is read by halves and refused (None) beyond
2**30, long before a product could need the heap. Rounding is half to even, as Python's round().
"""

# Register types. The low nibble is the number of 16-bit words.
U16 = 0x01
S16 = 0x11
M16 = 0x21  # sign and magnitude
U32 = 0x02
S32 = 0x12
F32 = 0x22
U64 = 0x04
S64 = 0x14
F64 = 0x24
TYPES = {
    "u16": U16, "s16": S16, "m16": M16,
    "u32": U32, "s32": S32, "f32": F32,
    "u64": U64, "s64": S64, "f64": F64,
}  # fmt: skip

_WORDS = 0x0F
_LIMIT = (1 << 30) - 1  # the largest small integer of 31 bits


def divide(value, by):
    """value / by, rounded half to even."""
    quotient = value // by
    twice = (value - quotient * by) * 2
    if twice > by or (twice == by and quotient & 1):
        quotient += 1
    return quotient


def integer(buf, at, kind, little):
    """The signed or unsigned integer at buf[at], or None beyond 2**30."""
    words = kind & _WORDS
    step = 2
    if little:
        at += 2 * (words - 1)
        step = -2
    value = buf[at] << 8 | buf[at + 1]
    if kind == M16:
        return -(value & 0x7FFF) if value & 0x8000 else value
    if kind & 0x10 and value & 0x8000:
        value -= 0x10000
    while words > 1:
        if not -0x4000 <= value < 0x4000:
            return None
        at += step
        value = value * 65536 + (buf[at] << 8 | buf[at + 1])
        words -= 1
    return value


def _binary(mantissa, exponent, multiply):
    """mantissa * 2**exponent * multiply, rounded; None beyond 2**30. mantissa has up to 29 bits."""
    # 12 bits at a time, so that neither product leaves the small integers for a multiply up to 8191.
    high = (mantissa >> 12) * multiply
    low = (mantissa & 0xFFF) * multiply
    high += low >> 12
    low &= 0xFFF
    shift = -exponent - 12
    if shift <= 0:
        # Everything of high and some bits of low are whole; a value is small enough only if high is.
        if -shift > 29 or high >= _LIMIT >> -shift:
            return None
        if shift < -12:
            return ((high << 12) + low) << (-shift - 12) if high < _LIMIT >> -shift else None
        rest = 12 + shift
        value = (high << -shift) + (low >> rest)
        if rest == 0:
            return value
        part = low & ((1 << rest) - 1)
        half = 1 << (rest - 1)
        return value + (part > half or (part == half and value & 1))
    if shift > 30:
        return 0
    value = high >> shift
    if value >= _LIMIT:
        return None
    part = high & ((1 << shift) - 1)
    half = 1 << (shift - 1)
    if part == half and low == 0:
        return value + (value & 1)
    return value + (part >= half)


def real(buf, at, kind, little, multiply):
    """The binary32 or binary64 at buf[at] times multiply, rounded; None for NaN, infinity and what is too large."""
    step = 2
    if little:
        at += 2 * ((kind & _WORDS) - 1)
        step = -2
    head = buf[at] << 8 | buf[at + 1]
    at += step
    low = buf[at] << 8 | buf[at + 1]
    if kind == F32:
        exponent = (head >> 7) & 0xFF
        if exponent == 0xFF:
            return None
        mantissa = (head & 0x7F | 0x80) << 16 | low
        exponent -= 150
    else:
        exponent = (head >> 4) & 0x7FF
        if exponent == 0x7FF:
            return None
        at += step
        # The upper 29 bits of 53 are exact beyond every value that is let through.
        mantissa = (head & 0x0F | 0x10) << 24 | low << 8 | buf[at]
        exponent -= 1023 + 28
    if exponent < -120:
        return 0
    negative = (head & 0x8000 != 0) != (multiply < 0)
    value = _binary(mantissa, exponent, abs(multiply))
    return -value if negative and value is not None else value


def scaled(buf, at, kind, little, multiply, by):
    """The register at buf[at] times multiply, divided by `by`, rounded; None if it is no number or too large."""
    if kind & 0x20 and kind != M16:
        value = real(buf, at, kind, little, multiply)
    else:
        value = integer(buf, at, kind, little)
        if value is not None:
            if abs(value) > _LIMIT // (abs(multiply) or 1):
                return None
            value *= multiply
    if by != 1 and value is not None:
        value = divide(value, by)
    return value
