# SPDX-License-Identifier: MIT
"""From a profile's JSON (docs/formats/profile.md) to the registers and quantities of a unit."""

from meters.register import Helper, Quantity, Register
from planning import quantities
from values.fields import FIELDS, POSITIVE

_MAINS = ("voltage_l1", "voltage_l2", "voltage_l3", "frequency")
_NEAR = 16  # registers: to read them, too, costs less than another request


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
        kind | quantities.ABSOLUTE if spec.get("absolute") else kind,
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
        for one in [made] + made.needed():
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


def home(profile, category):
    """The role whose registers serve this one: itself, or the one that it names."""
    found = profile["roles"].get(category)
    return found if isinstance(found, str) else category


def role(profile, category):
    """The quantities of a role, or None; a role given as a string names another role's registers."""
    return profile["roles"].get(home(profile, category))


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
    offset = 0
    for spec in specs:
        positive = spec.get("positive")
        sign = -1 if positive and positive not in POSITIVE[category] else 1
        if invert and name == "power":
            sign = -sign
        registers += _words_apart(spec, profile, sign) or [register(spec, profile, sign)]
        offset += sign * quantities.offset(spec.get("offset"))
    if name == "power" and home(profile, category) == "energy_meters":
        registers[0].mains = _mains(registers, role(profile, category), profile)
    low, high = specs[0].get("range", quantities.plausible(name))
    made = Quantity(device, key, registers, low, high, name != "power")
    if offset:
        made.offset = offset
    return made


def _words_apart(spec, profile, sign):
    """The low and the high word of one value as two registers that add up to it, read at once; None where they are together."""
    if "high" not in spec:
        return None
    kind = spec.get("type", profile.get("defaults", {}).get("type"))
    rest = {key: spec[key] for key in spec if key in ("function", "scale")}
    low = register(dict(rest, address=spec["address"], type="u16", invalid=()), profile, sign)
    high_type = "s16" if kind == "s32" else "u16"
    high = dict(rest, address=spec["high"]["address"], type=high_type, invalid=())
    high = register(high, profile, sign)
    high.multiply *= 65536
    _reduce(high)
    low.beside = (high,)  # to the planner only
    return [low, high]


def _mains(powers, quantities_of_role, profile):
    """Of a meter's volts and hertz what stands nearest to its power, near enough for one read; or None.

    An inverter that sleeps answers for the meter behind it with zeros, volts and all.
    """
    power = powers[0]
    found = None
    for name in _MAINS:
        spec = quantities_of_role.get(name)
        if spec is None or isinstance(spec, list):
            continue
        made = register(spec, profile)
        start = min([made.address] + [one.address for one in powers])
        words = max([made.end] + [one.end for one in powers]) - start
        fits = made.function == power.function and made.models == power.models
        if fits and words <= _NEAR and len(made.helpers()) <= len(power.helpers()):
            if found is None or words < found[0]:
                found = (words, made)
    return found and found[1]
