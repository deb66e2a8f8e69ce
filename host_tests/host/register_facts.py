# SPDX-License-Identifier: MIT
"""An encoder that fills a device's registers from physical values, by what sources state (register_tables).

Written apart from lib/meters and from the profiles, so that a slip in either shows.
"""

import struct
from fractions import Fraction

# A count of the firmware's base unit, in the units of registers.csv: W, Wh, 0.1 V, mA, mHz, 0.1 %.
BASE = {
    "power": Fraction(1),
    "energy": Fraction(1),
    "voltage": Fraction(1, 10),
    "current": Fraction(1, 1000),
    "frequency": Fraction(1, 1000),
    "soc": Fraction(1, 10),
}

GAP = 0x4366  # what lies between known registers; 230 as a float
# Of each type, whatever a profile says: not a number, or the end of its range.
NO_VALUE = {
    "f32": [0x7FC00000, 0xFFFFFFFF, 0x7F800000, 0xFF800000],
    "f64": [0x7FF8 << 48],
    "u16": [0xFFFF],
    "m16": [0xFFFF],
    "s16": [0x8000],
    "u32": [0xFFFFFFFF],
    "s32": [0x80000000, 0x7FFFFFFF],
}
FACTORS = {6: 60, 7: 35, 12288: 512}  # ratios 300:5 and 3.5, a battery of 51.2 V
# SunSpec models: registers behind the number and the length (sunspec.org, model definitions).
MODEL_LENGTHS = {1: 66, 103: 50, 113: 60, 204: 105, 214: 124, 124: 24, 160: 108, 802: 62, 701: 153}


def sentinels(fact):
    """Raw values that mean "no value", of this register or of its type."""
    return fact.invalid + NO_VALUE.get(fact.type, [])


def is_split(parts):
    """Are these the low and the high word of one value, that lie apart?"""
    return (
        len(parts) == 2
        and {fact.bits for fact in parts} == {16}
        and parts[1].scale == 65536 * parts[0].scale
    )


class Device:
    """Registers of one device: {(function, address): word}."""

    def __init__(self, facts):
        self.words = {}
        self.bases = {}  # SunSpec model -> where it lies
        self._models = {max(fact.models): fact.models for fact in facts if fact.models}
        if self._models:
            self._lay_out_models()

    def at(self, fact, address):
        """Where an address of a fact lies in this device."""
        return self.bases[max(fact.models)] + address if fact.models else address

    def put_bits(self, fact, bits):
        count = fact.bits // 16
        words = [bits >> 16 * i & 0xFFFF for i in range(count)]  # low word first
        for i, word in enumerate(words if fact.little else words[::-1]):
            self.words[fact.function, self.at(fact, fact.address + i)] = word

    def put(self, fact, value, negative=False):
        """Encode a value (in the fact's unit) as the device would; the value that its registers then stand for, exactly."""
        unit = fact.scale * self._put_helpers(fact, negative)
        count = value / unit
        if fact.type[0] == "f":
            code = ">f" if fact.bits == 32 else ">d"
            packed = struct.pack(code, float(count))
            self.put_bits(fact, int.from_bytes(packed, "big"))
            return Fraction(struct.unpack(code, packed)[0]) * unit
        low, high = (
            (0, 2**fact.bits - 1)
            if fact.type[0] == "u"
            else (-(2 ** (fact.bits - 1)), 2 ** (fact.bits - 1) - 1)
        )
        # One below the ends, where sentinels live.
        count = min(max(round(count), low + (low < 0)), high - 1)
        while count & (2**fact.bits - 1) in fact.invalid:
            count += 1 if count <= 0 else -1
        self.put_bits(fact, count & (2**fact.bits - 1))
        return count * unit

    def put_split(self, parts, value):
        """The same of the low and the high word of one value."""
        count = round(value / parts[0].scale)
        if count & 0xFFFF == 0xFFFF:
            count -= 1
        for i, fact in enumerate(parts):
            self.put_bits(fact, count >> 16 * i & 0xFFFF)
        return count * parts[0].scale

    def _put_helpers(self, fact, negative):
        """Write ratio, exponent and direction registers; what one count of the value is multiplied by."""
        unit = Fraction(1)
        for address, scale in fact.times:
            self.words[fact.function, address] = FACTORS[address]
            unit *= FACTORS[address] * scale
        if fact.exponent is not None:
            power = {"power": -1, "energy": 1, "soc": -1, "voltage": -1}.get(fact.kind, -2)
            self.words[fact.function, self.at(fact, fact.exponent)] = power & 0xFFFF
            unit *= Fraction(10) ** power
        if fact.direction:
            address, mask, value, other = fact.direction
            if other is None:
                other = 0 if mask != 0xFFFF else value ^ 1
            self.words[fact.function, address] = (value if negative else other) | ~mask & 0x0005
            unit *= -1 if negative else 1
        return unit

    def _lay_out_models(self):
        def words(*values):
            for value in values:
                self.words[3, self._next] = value
                self._next += 1

        self._next = 40000
        words(0x5375, 0x6E53)
        for number in sorted({1} | set(self._models)):
            self.bases[number] = self._next
            length = MODEL_LENGTHS[number]
            words(number, length, *[0x8000] * length)
        words(0xFFFF, 0)

    def fill_gaps(self, holes=()):
        """Between known registers lies something, as in a real device; holes stay empty."""
        for function in (3, 4):
            known = sorted(address for f, address in self.words if f == function)
            for low, high in zip(known, known[1:], strict=False):
                for address in range(low + 1, high if high - low < 130 else low + 1):
                    if not any(first <= address <= last for first, last in holes):
                        self.words[function, address] = GAP
        return self.words
