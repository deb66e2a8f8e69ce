# SPDX-License-Identifier: MIT
"""The registers of any profile, the repo's or an owner's own, filled from what profile_quantities.measured() gives.

Written apart from lib/meters, which reads them.
"""

import struct
from fractions import Fraction

from host_tools.simulate.site.profile_quantities import TAKES, own_roles

_UNITS: dict[str, int | Fraction] = {"W": 1, "kW": 1000, "Wh": 1, "kWh": 1000, "MWh": 10**6}
_UNITS |= {"V": 1, "A": 1, "Hz": 1, "%": 1, "degC": 1, "": 1}
_UNITS |= {unit: Fraction(1, 1000) for unit in ("mW", "mV", "mA")}
_FARTHEST = 130  # registers between two known ones: more is not read in one go
_BEYOND = 8  # what a read may be made longer by
# What lies behind number and length of a SunSpec model (sunspec.org, model definitions).
_LENGTHS = {1: 66, 103: 50, 113: 60, 204: 105, 214: 124, 124: 24, 160: 108, 802: 62, 701: 153}
_NOT_THERE = 0x8000  # in a SunSpec model
# The power of ten that a device with such a register chooses.
_POWERS = {"power": 0, "energy": 0, "soc": -1, "voltage": -1}


class Registers:
    """{(function, address): word} of one device, as its profile lays them out."""

    def __init__(self, profile, name=None, unit=1):
        """name: of the profile, where several stand behind one."""
        self.words = {}
        self._told = {}  # (function, address): mask and bits of a direction, which may be another value's idle bits
        self._profile = profile
        self._bases = {}
        if "sunspec" in profile:
            self._lay_out_models()
        self._put_identity(unit)
        if "choice" in profile:
            choice = profile["choice"]
            ranges = choice["profiles"].get(name) or next(iter(choice["profiles"].values()))
            self._put_bits(choice, ranges[0][0])

    def fill(self, values):
        """values: as measured() gives them."""
        held = {}
        for (role, quantity), value in sorted(values.items(), key=self._order):
            parts = self._parts(role, quantity)
            kind = quantity.partition("_")[0]
            # One direction for a sum's phases, which may flow either way, is the sum's.
            free = [
                p
                for p in parts
                if self._place(p) not in held or len(parts) > 1 and "direction" in p
            ]
            known = [_towards(p) * held[self._place(p)] for p in parts if p not in free]
            rest = Fraction(value) - sum(known)
            for part, share in _shares(free, rest, kind):
                held[self._place(part)] = self._put(part, kind, share)
        return self.words

    def _order(self, item):
        """What stands alone before the sums that may be made of it; volts last, for they may tell a direction, too."""
        (role, quantity), _ = item
        return quantity.startswith("voltage"), len(self._parts(role, quantity))

    def _parts(self, role, quantity):
        found = self._profile["roles"][role][quantity]
        defaults = self._profile.get("defaults", {})
        whole = {"function": 3, "type": "u16", "word_order": "big"} | defaults
        return [whole | part for part in (found if isinstance(found, list) else [found])]

    def _place(self, part):
        return part["function"], self._at(part), part["type"]

    def _at(self, part, helper=None):
        base = self._bases[max(part["model"])] if "model" in part else 0
        return base + (helper or part)["address"]

    def _put(self, part, kind, value):
        """Write a value; what the register then stands for, exactly."""
        unit = _scale(part) * self._put_helpers(part, kind, value)
        offset = part.get("offset")
        count = (value - (_scale({"scale": offset}) if offset else 0)) / unit
        if part.get("absolute"):
            count = abs(count)
        bits, count = _encoded(part["type"], count, self._invalid(part))
        if "high" in part:
            self.words[part["function"], self._at(part)] = bits & 0xFFFF
            self.words[part["function"], self._at(part, part["high"])] = bits >> 16
        else:
            self._put_bits({**part, "address": self._at(part)}, bits)
        return value if part.get("absolute") else count * unit

    def _put_helpers(self, part, kind, value):
        """Ratios, the power of ten and the direction; what a count is multiplied by."""
        unit = Fraction(1)
        for factor in part.get("factors", ()):
            factor = {**part, "type": "u16", **self._profile.get("defaults", {}), **factor}
            ratio = max(1 / _scale(factor), 1)
            bits, _ = _encoded(factor["type"], ratio, ())
            self._put_bits(factor, bits)
            unit *= ratio * _scale(factor)
        if "exponent" in part:
            power = _POWERS.get(kind, -2)
            self.words[part["function"], self._at(part, part["exponent"])] = power & 0xFFFF
            unit *= Fraction(10) ** power
        if "direction" in part:
            way = part["direction"]
            mask = way.get("mask", 0xFFFF)
            other = way.get("positive", 0 if way["negative"] else mask & -mask)
            place = way.get("function", part["function"]), way["address"]
            self._told[place] = mask, way["negative"] if value < 0 else other
            self.words[place] = self.words.get(place, 0) & ~mask | self._told[place][1]
            unit *= -1 if value < 0 else 1
        return unit

    def _put_bits(self, part, bits):
        size = _size(part["type"])
        words = [bits >> 16 * i & 0xFFFF for i in range(size)]  # the low one first
        function = part.get("function", self._profile.get("defaults", {}).get("function", 3))
        for i, word in enumerate(words if part.get("word_order") == "little" else words[::-1]):
            mask, told = self._told.get((function, part["address"] + i), (0, 0))
            self.words[function, part["address"] + i] = word & ~mask | told

    def _invalid(self, part):
        texts = part.get("invalid", self._profile.get("invalid", {}).get(part["type"], ()))
        return [int(text, 16) for text in texts]

    def _put_identity(self, unit):
        for part in self._profile.get("identity", {}).values():
            part = {"type": "u16", **self._profile.get("defaults", {}), **part}
            value = part.get("equals", 20_000_000 + unit)
            while isinstance(value, list):
                value = value[0]
            if part["type"] == "ascii":
                size = 2 * part.get("words", 8)
                raw = str(value).encode().ljust(size, b"\0")[:size]
                for i, word in enumerate(struct.unpack(f">{size // 2}H", raw)):
                    self.words[part["function"], part["address"] + i] = word
            else:
                self._put_bits(part, value)

    def _lay_out_models(self):
        parts = [
            part for role, quantities in own_roles(self._profile).items()
            for quantity in quantities for part in self._parts(role, quantity)
        ]  # fmt: skip
        function = self._profile.get("defaults", {}).get("function", 3)
        at = self._profile["sunspec"]["bases"][0]
        chain = [0x5375, 0x6E53]
        for number in sorted({1} | {max(part["model"]) for part in parts}):
            self._bases[number] = at + len(chain)
            chain += [number, _LENGTHS[number], *[_NOT_THERE] * _LENGTHS[number]]
        chain += [0xFFFF, 0]
        self.words.update(((function, at + i), word) for i, word in enumerate(chain))


def _towards(part):
    """What one watt in this register says of what flows away from the grid."""
    return 1 if part.get("positive", "import") in TAKES else -1


def _shares(parts, total, kind):
    """[(register, its value)] of a sum: phases alike, one of those for each direction, or all in the first."""
    if kind != "power":
        return [(part, total / len(parts)) for part in parts]
    ways = {_towards(part) for part in parts}
    fitting = [part for part in parts if len(ways) == 1 or _towards(part) * total >= 0]
    holding = fitting if len(ways) == 1 and len(parts) == 3 else fitting[:1]
    return [
        (part, _towards(part) * total / len(holding) if part in holding else Fraction(0))
        for part in parts
    ]


def _scale(part):
    number, _, unit = part.get("scale", "1").partition(" ")
    return Fraction(number) * _UNITS[unit]


def _size(kind):
    return int(kind[1:]) // 16


def _encoded(kind, count, invalid):
    """(bits, the count that they stand for); never one that means "no value"."""
    width = 16 * _size(kind)
    if kind[0] == "f":
        code = ">f" if width == 32 else ">d"
        packed = struct.pack(code, float(count))
        return int.from_bytes(packed, "big"), Fraction(struct.unpack(code, packed)[0])
    top = 2 ** (width - (kind[0] != "u")) - 1
    count = min(max(round(count), -top if kind[0] != "u" else 0), top - 1)
    bits = -count | 1 << width - 1 if kind[0] == "m" and count < 0 else count % 2**width
    if bits in invalid:
        return _encoded(kind, count - 1 if count > 0 else count + 1, invalid)
    return bits, count


class Played:
    """What a Meter plays, as registers.Model; its quantities are what measured() gives."""

    turnaround_ms = 20

    def __init__(self, profile, name=None, unit=1):
        self._registers = Registers(profile, name, unit)
        own = own_roles(profile)
        words = self._registers.fill({(role, q): 0 for role in own for q in own[role]})
        limits = profile.get("limits", {})
        self.readable = _readable(words, limits, "sunspec" in profile)
        self.registers_per_read = min(limits.get("registers_per_read", 125), 125)

    def words(self, function, address, count, quantities):
        words = self._registers.fill(quantities)
        return [words.get((function, at), 0) for at in range(address, address + count)]


def _readable(words, limits, is_exact):
    """{function: [(first, last)]}: what is near to known registers, without holes, no read running across a wall."""
    found = {}
    for function in {function for function, _ in words}:
        known = sorted(at for f, at in words if f == function)
        beyond = 0 if is_exact else _BEYOND
        allowed = set()
        for low, high in zip(known, [*known[1:], known[-1] + _FARTHEST + 1], strict=True):
            end = high if high - low <= _FARTHEST else min(low + 1 + beyond, high)
            allowed.update(range(low, end))
        for first, last in limits.get("holes", ()):
            allowed -= set(range(first, last + 1)) - set(known)
        found[function] = list(
            _runs(sorted(allowed & set(range(0x10000))), set(limits.get("walls", ())))
        )
    return found


def _runs(addresses, walls):
    first = last = None
    for at in addresses:
        if last is not None and (at != last + 1 or at in walls):
            yield first, last
            first = None
        first = at if first is None else first
        last = at
    if last is not None:
        yield first, last
