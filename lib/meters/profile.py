"""From a profile's JSON (docs/design.md, "Profiles") to registers and quantities, at boot."""

from meters import decode, quantities
from nrgkick.fields import FIELDS, POSITIVE
from ticks import ticks_diff


class Register:
    """One value in the unit's registers: where it is, how it is read, and its last value in base units."""

    def __init__(self, spec, profile, quantity="", sign=1):
        defaults = profile.get("defaults", {})

        def key(name, default=None):
            return spec.get(name, defaults.get(name, default))

        self.function = key("function", 3)
        self.address = spec["address"]
        type_name = key("type", "u16")
        self.kind = decode.TYPES[type_name]
        self.words = self.kind & 0x0F
        self.little = key("word_order", "big") == "little"
        self.multiply, self.divide = quantities.scale(key("scale", "1"))
        self.multiply *= sign
        self.invalid = _patterns(key("invalid", profile.get("invalid", {}).get(type_name, ())), self)
        self.offset = 0
        self.value = None
        self.at_ms = 0
        self.factors = [Register(factor, profile) for factor in spec.get("factors", ())]
        for factor in self.factors:
            self.multiply *= factor.multiply
            self.divide *= factor.divide
            factor.multiply = factor.divide = 1
        self.exponent = Register(spec["exponent"], profile) if "exponent" in spec else None
        direction = spec.get("direction")
        self.direction = Register(direction, profile) if direction else None
        self.negative = direction["negative"] if direction else 0

    def helpers(self):
        """The registers that must be known before this one can be read."""
        found = list(self.factors)
        if self.exponent:
            found.append(self.exponent)
        if self.direction:
            found.append(self.direction)
        return found

    def read(self, buf, data, now_ms):
        """Take the value from a reply whose registers begin at buf[data]. No heap."""
        at = data + self.offset
        self.at_ms = now_ms
        self.value = None
        for pattern in self.invalid:
            if buf.startswith(pattern, at):
                return
        multiply, by = self.multiply, self.divide
        for factor in self.factors:
            if factor.value is None:
                return
            multiply *= factor.value
        exponent = self.exponent
        if exponent is not None:
            if exponent.value is None or not -9 <= exponent.value <= 9:
                return
            if exponent.value < 0:
                by *= 10**-exponent.value
            else:
                multiply *= 10**exponent.value
        direction = self.direction
        if direction is not None:
            if direction.value is None:
                return
            if ticks_diff(now_ms, direction.at_ms) > 0:
                self.at_ms = direction.at_ms
            if direction.value == self.negative:
                multiply = -multiply
        self.value = decode.scaled(buf, at, self.kind, self.little, multiply, by)


class Quantity:
    """The sum of some registers, put into a field of a device when all of them are known."""

    def __init__(self, device, key, registers, low, high, slow):
        self.device = device
        self.key = key
        self.registers = registers
        self.low = low
        self.high = high
        self.slow = slow

    def update(self):
        """Put the sum, stamped with its oldest part; False if it cannot be true. No heap."""
        total = 0
        at_ms = self.registers[0].at_ms
        for register in self.registers:
            if register.value is None:
                return True
            total += register.value
            if ticks_diff(at_ms, register.at_ms) > 0:
                at_ms = register.at_ms
        if not self.low <= total <= self.high:
            return False
        self.device.put(self.key, total, at_ms)
        return True


def _patterns(texts, register):
    """Hex strings of raw values as they stand on the wire."""
    patterns = []
    for text in texts:
        raw = int(text, 16).to_bytes(2 * register.words, "big")
        if register.little:
            raw = b"".join([raw[i : i + 2] for i in range(len(raw) - 2, -1, -2)])
        patterns.append(raw)
    return patterns


def role(profile, category):
    """The quantities of a role, or None; a role given as a string names another role's registers."""
    found = profile["roles"].get(category)
    return profile["roles"][found] if isinstance(found, str) else found


def wanted(category, quantities_of_role, invert):
    """[(key, quantity)]: which quantity of a role feeds which of the maker's keys."""
    pairs = []
    for key, _, names in FIELDS[category]:
        for name in names:
            if invert and name == "energy_export":
                name = "energy_import"
            if name in quantities_of_role:
                pairs.append((key, name))
                break
    return pairs


def quantity(device, key, name, profile, category, invert):
    """One Quantity of a role. Power is signed as the charger wants it, then inverted if the owner says so."""
    specs = role(profile, category)[name]
    registers = []
    for spec in specs if isinstance(specs, list) else [specs]:
        sign = 1
        positive = spec.get("positive")
        if positive and positive not in POSITIVE[category]:
            sign = -1
        if invert and name == "power":
            sign = -sign
        registers.append(Register(spec, profile, name, sign))
    low, high = quantities.plausible(name)
    for register_spec in specs if isinstance(specs, list) else [specs]:
        if "range" in register_spec:
            low, high = register_spec["range"]
    return Quantity(device, key, registers, low, high, name != "power")
