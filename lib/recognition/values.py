# SPDX-License-Identifier: MIT
"""What a profile makes of a unit's registers, decoded by the bridge's own classes: the one file here that knows them."""

from planning import profile as profiles

# Instead of a value: the unit has no such register; the register holds what cannot be.
MISSING = "missing"
IMPLAUSIBLE = "implausible"

_WORDS = 0x0F  # of a register's kind


class _Sum:
    """Stands for a device: takes the value of a quantity."""

    def __init__(self):
        self.value = None

    def put(self, key, value, at_ms):
        self.value = value


def own_roles(profile):
    """[(role, {quantity: registers})] of the roles that do not borrow another's registers, the fullest first."""
    own = [(role, names) for role, names in profile["roles"].items() if isinstance(names, dict)]
    return sorted(own, key=lambda pair: -len(pair[1]))


def models(profile):
    """Numbers of the SunSpec models that a profile reads."""
    found = []
    for _, names in own_roles(profile):
        for specs in names.values():
            for spec in specs if isinstance(specs, list) else [specs]:
                found.extend([number for number in spec.get("model", ()) if number not in found])
    return found


def value(unit, profile, role, name, again=False):
    """The value of a quantity in its base unit, signed as the charger wants it; MISSING, IMPLAUSIBLE, or None where the
    unit says that it has no value now. A generator of reads.
    """
    taken, sought = quantity(profile, role, name)
    return (yield from refreshed(unit, taken, sought, again))


def refreshed(unit, taken, sought, again=True):
    """The same of what quantity() gave. A generator of reads."""
    for register in sought.registers:
        for one in register.helpers() + [register]:
            if (yield from read(unit, one, again)) is None:
                return MISSING
    return taken.value if sought.update() else IMPLAUSIBLE


def quantity(profile, role, name):
    """(taken, quantity): taken.value is its value once all of quantity.registers are read and it is updated."""
    taken = _Sum()
    return taken, profiles.quantity(taken, name, name, profile, role, False)


def read(unit, register, again=False):
    """Read one register, its helpers left out; its words, or None. A generator of reads."""
    address = address_of(unit, register)
    if address is None:
        return None
    words = yield from unit.words(register.function, address, register.kind & _WORDS, again)
    if words is not None:
        register.read(_bytes(words), 0, 0)
    return words


def address_of(unit, register):
    """Where a register lies in this unit; None if the unit lacks its SunSpec model."""
    if not register.models:
        return register.address
    for number in register.models:
        if number in unit.models:
            return unit.models[number] + register.address
    return None


def _bytes(words):
    data = bytearray()
    for word in words:
        data.append(word >> 8)
        data.append(word & 0xFF)
    return data


def places(profile, role, name):
    """[(function, address, count)] of the registers of a quantity at fixed addresses, without their helpers."""
    registers = quantity(profile, role, name)[1].registers
    return [(r.function, r.address, r.kind & _WORDS) for r in registers if not r.models]
