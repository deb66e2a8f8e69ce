# SPDX-License-Identifier: MIT
"""Time zones as POSIX writes them (IEEE Std 1003.1, 8.3): "CET-1CEST,M3.5.0,M10.5.0/3". Loaded at boot and for the check.

Of the three kinds of rules only M is taken, month.week.weekday: no zone of today needs another.
"""

from array import array

# As far as 30 bits of seconds reach: small integers, which cost no heap.
_YEARS = range(2024, 2058)
_MONTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DAY_S = 86400
_DIGITS = "0123456789"
_OFFSET = "+-:" + _DIGITS
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def changes(text):
    """(first offset, other offset, when they take turns): seconds, since 2024-01-01 UTC. Raises ValueError."""
    head, *rules = text.split(",")
    offset, rest = _split(_after_name(head), _OFFSET)
    standard_s = -_seconds(offset, 24)
    if not rest and not rules:
        return standard_s, standard_s, array("i")
    offset, rest = _split(_after_name(rest), _OFFSET)
    summer_s = -_seconds(offset, 24) if offset else standard_s + 3600
    if rest or len(rules) != 2:
        raise ValueError
    start, end = [_rule(rule) for rule in rules]
    if start[0] == end[0]:
        raise ValueError  # they would not surely take turns
    found = []
    for year in _YEARS:
        found.append((_moment(year, *start) - standard_s, summer_s))
        found.append((_moment(year, *end) - summer_s, standard_s))
    found.sort()
    return found[1][1], found[0][1], array("i", [at_s for at_s, _ in found])


def _split(text, allowed):
    """The allowed characters that text begins with, and the rest."""
    size = 0
    while size < len(text) and text[size] in allowed:
        size += 1
    return text[:size], text[size:]


def _after_name(text):
    if text[:1] == "<":
        name, found, rest = text[1:].partition(">")
        if not found:
            raise ValueError
    else:
        name, rest = _split(text, _LETTERS)
    if len(name) < 3:
        raise ValueError
    return rest


def _seconds(text, most_h):
    """hours[:minutes[:seconds]], with a sign or without."""
    sign = -1 if text[:1] == "-" else 1
    parts = (text[1:] if text[:1] in ("+", "-") else text).split(":")
    if len(parts) > 3:
        raise ValueError
    total_s = _whole(parts[0], 0, most_h) * 3600
    unit_s = 60
    for part in parts[1:]:
        total_s += _whole(part, 0, 59) * unit_s
        unit_s = 1
    return sign * total_s


def _whole(text, low, high):
    if any(c not in _DIGITS for c in text) or not low <= int(text) <= high:
        raise ValueError  # int("") raises one too
    return int(text)


def _rule(text):
    """(month, week, weekday, second of the day) of "M10.5.0/3"; week 5 is the last one, weekday 0 is Sunday."""
    date, slash, at = text.partition("/")
    parts = date[1:].split(".")
    if date[:1] != "M" or len(parts) != 3:
        raise ValueError
    month, week, weekday = parts
    at_s = _seconds(at, 167) if slash else 7200
    return _whole(month, 1, 12), _whole(week, 1, 5), _whole(weekday, 0, 6), at_s


def _moment(year, month, week, weekday, at_s):
    """Seconds from 2024-01-01, a Monday, on the clock of the zone."""
    leap = year % 4 == 0
    first = (year - 2024) * 365 + (year - 2021) // 4 + sum(_MONTHS[: month - 1])
    if leap and month > 2:
        first += 1
    length = 29 if leap and month == 2 else _MONTHS[month - 1]
    day = (weekday - first - 1) % 7 + 7 * (week - 1)
    return (first + day - (7 if day >= length else 0)) * _DAY_S + at_s
