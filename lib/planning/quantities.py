# SPDX-License-Identifier: MIT
"""What can be measured: types of registers, base units and the values that can be.

Everything is kept as an integer in its base unit: W, Wh, 0.1 V, mA, mHz, 0.1 %, 0.1 degC.
"""

from meters.decode import MOST

# Register types: the low nibble is the number of 16-bit words.
TYPES = {
    "u16": 0x01, "s16": 0x11, "m16": 0x21,  # m16: sign and magnitude
    "u32": 0x02, "s32": 0x12, "f32": 0x22,
    "u64": 0x04, "s64": 0x14, "f64": 0x24,
}  # fmt: skip

ABSOLUTE = 0x40  # with a type: the sign of the count says nothing

# unit of a scale string -> power of ten to the base unit
UNITS = {
    "W": 0, "kW": 3, "mW": -3,
    "Wh": 0, "kWh": 3, "MWh": 6,
    "V": 1, "mV": -2,
    "A": 3, "mA": 0,
    "Hz": 3,
    "%": 1,
    "degC": 1,
    "": 0,
}  # fmt: skip

# Beyond these a value is refused: no house has them.
_POWER = (-1000000, 1000000)
_ENERGY = (0, 2147483647)  # the charger's int32
_RANGES = {
    "energy_day": (0, 20000000),
    "soc": (0, 1000),
    "temperature": (-500, 2000),
    "frequency": (0, 100000),
}


def plausible(quantity):
    """(smallest, largest) value of a quantity in its base unit."""
    if quantity in _RANGES:
        return _RANGES[quantity]
    if quantity.startswith("power"):
        return _POWER
    if quantity.startswith("energy"):
        return _ENERGY
    if quantity.startswith("voltage"):
        return (0, 10000)
    return (-1000000, 1000000)


def offset(text):
    """("-50 degC") -> that in the base unit; 0 for None. ValueError where it is no whole number of them."""
    if text is None:
        return 0
    negative = text[:1] == "-"
    multiply, divide = scale(text[negative:])
    if divide > 1:
        raise ValueError('offset "%s": finer than what is counted' % text)
    return -multiply if negative else multiply


def scale(text):
    """("0.1 kWh") -> (multiply, divide) that turn a raw count into the base unit."""
    number, _, unit = text.partition(" ")
    if unit not in UNITS:
        raise ValueError('scale "%s": unit must be one of %s' % (text, ", ".join(sorted(UNITS))))
    whole, _, decimals = number.partition(".")
    exponent = UNITS[unit] - len(decimals)
    multiply = int(whole + decimals)
    multiply, divide = multiply * 10 ** max(exponent, 0), 10 ** max(-exponent, 0)
    while divide > 1 and multiply % 10 == 0:
        multiply //= 10
        divide //= 10
    if not 0 < multiply <= MOST or divide > MOST:
        raise ValueError('scale "%s": more or less than can be counted with' % text)
    return multiply, divide
