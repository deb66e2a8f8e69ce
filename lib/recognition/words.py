# SPDX-License-Identifier: MIT
"""Values and their direction in words, for a person who compares them with a display."""

# The first word of a quantity -> unit, and how many base units make one.
_UNITS = {
    "power": ("W", 1),
    "energy": ("kWh", 1000),
    "soc": ("%", 10),
    "temperature": ("degC", 10),
    "voltage": ("V", 10),
    "current": ("A", 1000),
    "frequency": ("Hz", 1000),
}
# What a positive and a negative power mean to the charger.
_DIRECTIONS = {
    "inverters": ("generation", "consumption"),
    "energy_meters": ("import", "export"),
    "batteries": ("discharge", "charge"),
    "smart_loads": ("consumption", "generation"),
}


def amount(quantity, value):
    """("energy_total", 8351600) -> "8351.600 kWh"; "-" for None."""
    if value is None:
        return "-"
    unit, divide = _UNITS[quantity.split("_")[0]]
    if divide == 1:
        return "%d %s" % (value, unit)
    sign = "-" if value < 0 else ""
    decimals = len(str(divide)) - 1
    whole, rest = divmod(abs(value), divide)
    fraction = str(divide + rest)[1 : decimals + 1]
    return "%s%d.%s %s" % (sign, whole, fraction, unit)


def direction(role, quantity, value):
    """("energy_meters", "power", -5) -> "export"; "" where there is none."""
    if not value or not quantity.startswith("power"):
        return ""
    return _DIRECTIONS[role][value < 0]
