# SPDX-License-Identifier: MIT
"""What the log says of a value that was not believed. Loaded for the moment: it is rarely needed, and code lies on the heap."""


def words(unit, quantity):
    """One line, in the unit of the field. quantity: with `refused`."""
    by = 10 if quantity.key in quantity.device.tenths else 1
    low, high = expected(quantity)
    return "unit %d says %s %d, %d to %d is expected" % (
        unit.address,
        quantity.key,
        quantity.refused // by,
        low // by,
        high // by,
    )


def expected(quantity):
    """(lowest, highest) of what is believed at once."""
    low, high = quantity.low, quantity.high
    if quantity.doubt and quantity.base is not None:
        low = max(low, quantity.base)
        high = min(high, quantity.base + quantity.doubt)
    return low, high
