# SPDX-License-Identifier: MIT
"""Holds a value against its row of the schema; a complaint is one line and says what is allowed."""

from planning import messages
from planning.decimals import Decimal, scaled

_PLACES = 6  # of a number that is held against its limits


class SettingsError(ValueError):
    """`place` is like devices[1].unit; `problem` says what is wrong there and what is allowed."""

    def __init__(self, place, problem):
        super().__init__(place, problem)
        self.place = place
        self.problem = problem

    def __str__(self):
        return self.place + ": " + self.problem


def complain(place, problem, *values):
    """Raises SettingsError; a %s of the problem stands for each value, as its owner wrote it."""

    raise SettingsError(place, problem % tuple([messages.shown(value) for value in values]))


def nothing_named(place, what, name, names):
    """Raises: there is no such board, profile, clamp input or model."""

    raise SettingsError(place, messages.nothing_named(what, name, names))


def check_keys(value, keys, place):
    """The value must be an object, and have no key but these."""
    if type(value) is not dict:
        complain(place, "%s; an object { } is needed", value)
    for key in sorted(value):
        if key not in keys:
            hint = messages.meant(key, keys) or "; %s may be here" % messages.listed(keys)
            raise SettingsError(joined(place, key), "unknown key" + hint)


def filled(value, rows, place):
    """A new dict with every key of `rows`: what was left out by its default, a section as written."""
    check_keys(value, [row[0] for row in rows], place)
    result = {}
    for key, kind, default, allowed in rows:
        if key in value:
            result[key] = checked(value[key], kind, allowed, joined(place, key))
        elif default is ...:
            raise SettingsError(joined(place, key), "missing; " + messages.allowed(kind, allowed))
        else:
            result[key] = {} if default == () else default
    return result


def joined(place, key):
    key = "".join(c if " " < c < "\x7f" else "?" for c in key[:40])
    return place + "." + key if place else key


def checked(value, kind, allowed, place):
    problem = _wrong(value, kind, allowed)
    if problem:
        what = "what is written here" if kind == "password" else messages.shown(value)
        raise SettingsError(place, "%s %s; %s" % (what, problem, messages.allowed(kind, allowed)))
    return value


def _wrong(value, kind, allowed):
    """What is wrong with the value, or None. `type() is`, since to Python True is an int."""
    if kind == "pin" and value is None:
        return None
    if kind in ("whole", "pin", "word"):
        return _wrong_number(value, (int,), "is not a whole number", allowed)
    if kind == "number":
        return _wrong_number(value, (int, Decimal), "is not a number", allowed)
    if kind == "load" and type(value) is dict:
        return None
    if kind == "one_of" or kind == "load":
        known = any(type(one) is type(value) and one == value for one in allowed)
        return None if known else "is not allowed"
    if kind == "yes_no":
        return None if type(value) is bool else "is neither true nor false"
    if kind == "section":
        return None if type(value) is dict else "is not an object"
    if kind == "names":
        return _wrong_names(value if type(value) is list else [value], allowed)
    if kind == "list":
        return None if type(value) is list else "is not a list"
    if kind == "networks" or kind == "hosts":
        return _wrong_list(value, kind, allowed)
    if type(value) is not str:
        return "is not text in quotes"
    return _wrong_text(value, kind, allowed)


def _wrong_number(value, types, wrong_type, allowed):
    if type(value) not in types:
        return wrong_type
    low, high = [scaled(limit, _PLACES) for limit in allowed]
    return None if low <= scaled(value, _PLACES) <= high else "is out of range"


def _wrong_names(values, allowed):
    if not all(type(value) is str for value in values):
        return "is not text in quotes, and no list of such"
    if len(set(values)) < len(values):
        return "names one of them twice"
    return None if allowed[0] <= len(values) <= allowed[1] else "has %d names" % len(values)


def _wrong_list(values, kind, allowed):
    if type(values) is not list:
        return "is not a list"
    if not allowed[0] <= len(values) <= allowed[1]:
        return "has %d entries" % len(values)
    for value in values:
        if type(value) is not str:
            return "has an entry that is not text in quotes"
        good = network(value) if kind == "networks" else _is_host(value)
        if not good:
            what = "network" if kind == "networks" else "host name"
            return "has %s, which is no %s" % (messages.shown(value), what)
    return None


def _wrong_text(value, kind, allowed):
    if kind == "ip":
        return None if ip_number(value) is not None else "is not an IPv4 address"
    if kind == "label":
        return None if _is_label(value) else "is no host name"
    if kind == "host":
        digits = all(c in "0123456789." for c in value)  # an address with a slip is no name
        good = ip_number(value) is not None if digits else _is_host(value)
        return None if good else "is neither an IPv4 address nor a host name"
    if kind == "zone":
        return None if _is_zone(value) else "is no time zone as POSIX writes it"
    if any(c < " " for c in value):
        return "has a control character"
    size = len(value.encode())
    if allowed[0] <= size <= allowed[1]:
        return None
    return "is empty" if not size else "has %d bytes" % size


def _is_label(text):
    letters = "abcdefghijklmnopqrstuvwxyz0123456789-"
    fits = 1 <= len(text) <= 32 and text[0] != "-" and text[-1] != "-"
    return fits and all(c in letters for c in text.lower())


def _is_host(text):
    return all(_is_label(part) for part in text.split("."))


def _is_zone(text):
    from planning import zone  # few configs have one

    try:
        zone.changes(text)
    except ValueError:
        return False
    return True


def ip_number(text):
    """The IPv4 address as a number, None if it is none."""
    number = 0
    parts = text.split(".")
    for part in parts:
        if not 1 <= len(part) <= 3 or not all(c in "0123456789" for c in part) or int(part) > 255:
            return None
        number = number * 256 + int(part)
    return number if len(parts) == 4 else None


def network(text):
    """(address, mask) of "192.168.0.0/16", or of one address; None if it is no network."""
    address, slash, bits = text.partition("/")
    number = ip_number(address)
    if not slash:
        bits = "32"
    if number is None or not 1 <= len(bits) <= 2 or not all(c in "0123456789" for c in bits):
        return None
    rest = (1 << 32 - min(int(bits), 32)) - 1
    return None if int(bits) > 32 or number & rest else (number, 0xFFFFFFFF ^ rest)
