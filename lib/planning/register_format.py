# SPDX-License-Identifier: MIT
"""One register of a profile, or one of a sum: what a row of planning.profile_keys does not say alone."""

from meters.decode import MOST
from planning import profile_keys, quantities, schema
from planning.checks import checked, complain, filled, joined

# The first word of a quantity -> the units of its scale.
_UNITS = {
    "power": ("W", "kW"),
    "energy": ("Wh", "kWh", "MWh"),
    "soc": ("%",),
    "temperature": ("degC",),
    "voltage": ("V", "mV"),
    "current": ("A", "mA"),
    "frequency": ("Hz",),
}
WORD = (0, 65535)
_INT32 = (-2147483648, 2147483647)


def rows(section):
    return schema.rows(section, table=profile_keys.TABLE)


def check_wholes(values, place, fewest, most, allowed):
    """A list of so many whole numbers."""
    if type(values) not in (list, tuple) or not fewest <= len(values) <= most:
        problem = "%%s; a list of %d to %d whole numbers is needed" % (fewest, most)
        complain(place, problem, values)
    for i, value in enumerate(values):
        checked(value, "whole", allowed, "%s[%d]" % (place, i))


def check(written, quantity, profile, place):
    spec = filled(written, rows("register"), place)
    first = quantity.split("_")[0]
    _check_scale(spec["scale"], _UNITS[first], place + ".scale")
    if (first == "power") != (spec["positive"] is not None):
        problem = "missing; what a positive value means is needed"
        complain(place + ".positive", problem if first == "power" else "only power has a sign")
    if spec["offset"] is not None:
        _check_offset(spec, _UNITS[first], place)
    kind = spec["type"] or profile["defaults"]["type"]
    if spec["invalid"] is not None:
        check_marks(spec["invalid"], kind, place + ".invalid")
    if spec["range"] is not None:
        check_wholes(spec["range"], place + ".range", 2, 2, _INT32)
        if spec["range"][0] > spec["range"][1]:
            complain(place + ".range", "begins at %s; the smaller number first", spec["range"][0])
    _check_helpers(spec, place)
    if (spec["model"] is None) != (profile["sunspec"] is None):
        complain(place + ".model", 'goes with "sunspec", in every register or in none')
    if spec["model"] is not None:
        check_wholes(spec["model"], place + ".model", 1, 99, WORD)
    if spec["high"] is not None:
        _check_high(spec, kind, profile["limits"], place)
    else:
        words = int(kind[1:]) // 16
        _check_place(spec["address"], words, profile["limits"], place + ".address")


def _check_offset(spec, units, place):
    at = place + ".offset"
    if spec["direction"] is not None:
        complain(at, "not beside a direction, which says nothing of it")
    try:
        if spec["offset"].partition(" ")[2] not in units:
            raise ValueError
        quantities.offset(spec["offset"])
    except ValueError:
        problem = '%s is no offset; a number like "-50", a blank and %s is allowed'
        complain(at, problem, spec["offset"], units)


def _check_high(spec, kind, limits, place):
    """A low word at `address`, and its high word elsewhere: both in one read, or they may be of two moments."""
    filled(spec["high"], rows("high"), place + ".high")
    if kind not in ("u32", "s32"):
        complain(place + ".type", '%s has no high word; "u32" or "s32" is allowed', kind)
    for name in ("invalid", "word_order", "factors", "exponent", "direction", "absolute", "model"):
        if spec[name] is not None:
            complain(joined(place, name), 'not beside "high"')
    if quantities.scale(spec["scale"])[0] * 65536 > MOST:
        complain(place + ".scale", "%s is too large for the high word", spec["scale"])
    low, high = sorted((spec["address"], spec["high"]["address"]))
    if low == high:
        complain(place + ".high.address", "%s is the low word", high)
    if high - low >= (limits["registers_per_read"] or 125):
        complain(place + ".high.address", "too far from the low word to be read at once")
    _check_place(low, high - low + 1, limits, place + ".high.address")


def _check_helpers(spec, place):
    for i, factor in enumerate(spec["factors"] or ()):
        place_of = "%s.factors[%d]" % (place, i)
        filled(factor, rows("factor"), place_of)
        _check_scale(factor["scale"], ("",), place_of + ".scale")
    for name in ("exponent", "direction"):
        if spec[name] is not None:
            filled(spec[name], rows(name), joined(place, name))


def _check_scale(text, units, place):
    number, _, unit = text.partition(" ")
    digits = number.replace(".", "", 1)
    try:
        if unit not in units or not digits or not all(c in "0123456789" for c in digits):
            raise ValueError
        quantities.scale(text)
    except ValueError:
        if not units[0]:
            complain(place, '%s is no scale; a number like "0.1" is allowed', text)
        complain(
            place, '%s is no scale; a number like "0.1", a blank and %s is allowed', text, units
        )


def check_marks(texts, kind, place):
    """Raw values that mean "no value", in hex."""
    digits = int(kind[1:]) // 4
    checked(texts, "list", (), place)
    for i, text in enumerate(texts):
        good = type(text) is str and text[:2] == "0x" and len(text) == digits + 2
        if not good or not all(c in "0123456789ABCDEF" for c in text[2:]):
            problem = '%%s; "0x" and %d digits, 0 to 9 and A to F, are needed' % digits
            complain("%s[%d]" % (place, i), problem, text)


def _check_place(address, words, limits, place):
    """No read may touch what the profile itself forbids."""
    last = address + words - 1
    if last > 65535:
        complain(place, "%s is too near to the end for its type; 65535 is the last", address)
    for wall in limits["walls"] or ():
        if address < wall <= last:
            complain(place, "%s lies across the wall at %s", address, wall)
    for low, high in limits["holes"] or ():
        if address <= high and last >= low:
            complain(place, "%s lies in the hole from %s to %s", address, low, high)
