# SPDX-License-Identifier: MIT
"""From register bytes to integers in base units, without heap.

32-bit MicroPython has small integers of 31 bits, so a number is taken apart into bytes and scaled byte by byte, exactly
and rounded once, half to even, as Python's round() does. Only a result beyond 2**30 (1074 MWh) is an object on the heap.
Frames of more than 11 words would come from the heap, too: that is why the work is cut into small methods.
"""

from const import const

# The largest multiplier or divisor: 16 of them, doubled twice, are a small integer.
MOST = 0xFFFFFF

# Register types; all of them are in planning.quantities. The low nibble is the number of 16-bit words.
_S16 = const(0x11)
_M16 = const(0x21)
_F32 = const(0x22)
_F64 = const(0x24)
_INT32_MAX = const(0x7FFFFFFF)
_SIXTEENTH = const(0x07FFFFFF)


class Number:
    """One number: take() it from the registers, then scaled()."""

    def __init__(self):
        self._bytes = bytearray(8)  # the magnitude before the point, highest byte first
        self._first = 0  # where it begins
        self._fraction = 0  # behind the point: _fraction / 2**_bits
        self._bits = 0
        self._inexact = False
        self.negative = False

    def take(self, buf, at, kind, little):
        """Take the register at buf[at]; False if it is no number or far too large. No heap."""
        size = 2 * (kind & 0x0F)
        i = 0
        while i < size:  # from the lowest byte on
            self._bytes[7 - i] = buf[at + ((i ^ 1) if little else (size - 1 - i))]
            i += 1
        self._first = 8 - size
        self._fraction = self._bits = 0
        self.negative = kind > 0x0F and self._bytes[8 - size] > 0x7F
        if kind == _F32:
            return self._take_binary32()
        if kind == _F64:
            return self._take_binary64()
        if self.negative:
            self._drop_sign(kind)
        # Whatever the profile says, at the very end of a type's range stands "no value", never a count.
        if size > 2:
            return self._bytes[self._first] < (0x7F if kind & 0x10 else 0xFF)
        return self._within_16_bits(kind)

    def _within_16_bits(self, kind):
        """Not u16 0xFFFF, s16 0x7FFF and 0x8000, m16 0x7FFF and 0xFFFF."""
        high, low = self._bytes[6], self._bytes[7]
        if kind < 0x10:
            return high & low < 0xFF
        return high < 0x7F or (high == 0x7F and (low < 0xFF or (self.negative and kind == _S16)))

    def is_zero(self):
        """Exactly nothing? No heap."""
        i = self._first
        while i < 8 and not self._bytes[i]:
            i += 1
        # A float's 0 has a tiny fraction.
        return i == 8 and (not self._fraction or self._bits == 64)

    def scaled(self, multiply, by):
        """The number times multiply, divided by `by` (both up to MOST), rounded; None beyond an int32."""
        if multiply < 0:
            multiply = -multiply
            self.negative = not self.negative
        if multiply > MOST or by > MOST:
            return None
        value = rest = 0
        i = self._first
        while i < 7 and not self._bytes[i]:
            i += 1
        i *= 2
        while i < 16:  # half bytes, as in division by hand
            if value > _SIXTEENTH:
                return None
            rest = (rest << 4) + (self._bytes[i >> 1] >> ((i & 1 ^ 1) << 2) & 15) * multiply
            value = (value << 4) + rest // by
            rest %= by
            i += 1
        rest = 2 * rest + self._carry(2 * multiply)
        return self._rounded(value, rest, by)

    def _rounded(self, value, halves, by):
        """value + (halves + something below 1 if inexact) / (2 * by)."""
        value += halves // (2 * by)
        halves %= 2 * by
        if halves > by or (halves == by and (self._inexact or value & 1)):
            value += 1
        if value > _INT32_MAX:
            return None
        return -value if self.negative else value

    def _carry(self, multiply):
        """What fraction times multiply brings before the point."""
        carry = 0
        self._inexact = False
        while self._bits:
            bits = self._bits & 3 or 4  # from the lowest bits on
            carry += (self._fraction & ((1 << bits) - 1)) * multiply
            if carry & ((1 << bits) - 1):
                self._inexact = True
            carry >>= bits
            self._fraction >>= bits
            self._bits -= bits
        return carry

    def _drop_sign(self, kind):
        if kind == _M16:
            self._bytes[6] &= 0x7F
            return
        carry = 1  # of the two's complement
        i = 7
        while i >= self._first:
            carry += self._bytes[i] ^ 0xFF
            self._bytes[i] = carry & 0xFF
            carry >>= 8
            i -= 1

    def _take_binary32(self):
        data = self._bytes
        exponent = (data[4] & 0x7F) << 1 | data[5] >> 7
        if exponent == 0xFF:
            return False
        return self._place((data[5] | 0x80) << 16 | data[6] << 8 | data[7], exponent - 150)

    def _take_binary64(self):
        """Of the 53 bits the upper 30: exact beyond every value that is let through."""
        data = self._bytes
        exponent = (data[0] & 0x7F) << 4 | data[1] >> 4
        if exponent == 0x7FF:
            return False
        mantissa = (data[1] & 0x0F | 0x10) << 25 | data[2] << 17 | data[3] << 9
        return self._place(mantissa | data[4] << 1 | data[5] >> 7, exponent - 1023 - 29)

    def _place(self, mantissa, exponent):
        """Put mantissa * 2**exponent into bytes and fraction; mantissa has up to 30 bits."""
        if exponent > 13:
            return False
        if exponent < 0:
            self._bits = min(-exponent, 64)  # below 2**-34 all is nothing
            if self._bits < 30:
                self._fraction = mantissa & ((1 << self._bits) - 1)
                mantissa >>= self._bits
            else:
                self._fraction = mantissa
                mantissa = 0
            exponent = 0
        low = (mantissa & 0xFFFF) << exponent
        mantissa = (mantissa >> 16 << exponent) + (low >> 16)
        self._first = 3
        self._bytes[7] = low & 0xFF
        self._bytes[6] = low >> 8 & 0xFF
        self._bytes[5] = mantissa & 0xFF
        self._bytes[4] = mantissa >> 8 & 0xFF
        self._bytes[3] = mantissa >> 16 & 0xFF
        return mantissa >> 24 == 0
