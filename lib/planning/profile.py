"""From a profile's JSON (docs/profile-format.md) to the registers and quantities of a unit."""

from meters.register import Helper, Quantity, Register
from meters.unit import Unit
from planning import quantities
from values.fields import FIELDS, POSITIVE


def register(spec, profile, sign=1, kind_of=Register):
    """A Register as a profile describes it, or another kind of it."""
    defaults = profile.get("defaults", {})

    def key(name, default=None):
        return spec.get(name, defaults.get(name, default))

    type_name = key("type", "u16")
    kind = quantities.TYPES[type_name]
    little = key("word_order", "big") == "little"
    multiply, divide = quantities.scale(key("scale", "1"))
    texts = key("invalid", profile.get("invalid", {}).get(type_name, ()))
    made = kind_of(
        key("function", 3),
        spec["address"],
        kind,
        little,
        multiply * sign,
        divide,
        [_on_wire(text, kind, little) for text in texts],
    )
    made.factors = [register(factor, profile) for factor in spec.get("factors", ())]
    for factor in made.factors:
        made.multiply *= factor.multiply
        made.divide *= factor.divide
        factor.multiply = factor.divide = 1
    if "exponent" in spec:
        made.exponent = register(spec["exponent"], profile, kind_of=Helper)
    if "direction" in spec:
        made.direction = register(spec["direction"], profile, kind_of=Helper)
        made.negative = spec["direction"]["negative"]
        made.mask = spec["direction"].get("mask", 0xFFFF)
        if "positive" in spec["direction"]:
            made.positive = spec["direction"]["positive"]
    if "model" in spec:
        for one in [made] + made.helpers() + made.factors:
            one.models = spec["model"]
    _reduce(made)
    return made


def _reduce(made):
    """Take out what multiplies and divides alike."""
    a, b = abs(made.multiply), made.divide
    while b:
        a, b = b, a % b
    made.multiply //= a
    made.divide //= a


def _on_wire(text, kind, little):
    """A raw value in hex, as its bytes stand on the wire."""
    raw = int(text, 16).to_bytes(2 * (kind & 0x0F), "big")
    if little:
        raw = b"".join([raw[i : i + 2] for i in range(len(raw) - 2, -1, -2)])
    return raw


def unit(address, limits, timeout_ms=None, pause_ms=None):
    """A Unit with the `limits` of a profile; what the config says goes before them."""
    return Unit(
        address,
        timeout_ms or limits.get("timeout_ms", 500),
        limits.get("pause_ms", 0) if pause_ms is None else pause_ms,
        min(limits.get("registers_per_read", 125), 125),
        limits.get("walls", ()),
        limits.get("holes", ()),
    )


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
    if not isinstance(specs, list):
        specs = [specs]
    registers = []
    for spec in specs:
        positive = spec.get("positive")
        sign = -1 if positive and positive not in POSITIVE[category] else 1
        if invert and name == "power":
            sign = -sign
        registers.append(register(spec, profile, sign))
    low, high = specs[0].get("range", quantities.plausible(name))
    return Quantity(device, key, registers, low, high, name != "power")
