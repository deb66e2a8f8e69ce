# SPDX-License-Identifier: MIT
"""One profile held against a unit: what speaks for it, or that something speaks against it."""

from const import const
from recognition import evidence, identity, values

# Points, beside those of evidence.py.
_STRONG = const(8)
_WEAK = const(4)
_MODEL = const(4)
_NEIGHBOURHOOD = const(1)  # registers where others have none
_MOST_NEIGHBOURHOODS = const(4)
_LACK = const(2)

_BESIDES_STRONG = const(2)  # what a name in a register needs besides, to be sure of it...
_BESIDES_WEAK = const(5)  # ...and a small number
_NEAR = const(32)  # registers
_TRIES = const(3)
_FIRST = ("voltage_l1", "frequency", "power")


class Candidate:
    """A profile that nothing speaks against. values: {(role, quantity): value in base units}."""

    def __init__(self, name, profile):
        self.name = name
        self.title = "%s %s" % (profile["vendor"], profile["model"])
        self.score = 0
        self.named = identity.UNKNOWN  # what the unit's own registers say...
        self.named_points = 0  # ...and what of the score comes from that
        self.evidence = []
        self.values = {}
        self.lacks = []  # (role, quantity)
        self.serial = None

    @property
    def certain(self):
        """Does the unit itself say which model it is, and do its values agree?"""
        besides = self.score - self.named_points
        if self.named == identity.STRONG:
            return besides >= _BESIDES_STRONG
        return self.named == identity.WEAK and besides >= _BESIDES_WEAK

    def count(self, points, words):
        """Once only: two roles may have the same registers."""
        if words not in self.evidence:
            self.score += points
            self.evidence.append(words)


def examine(unit, name, profile, identities):
    """A Candidate, or None if something speaks against this profile or nothing for it. A generator of reads."""
    found = Candidate(name, profile)
    try:
        yield from _identify(unit, found, profile, identities)
        for role, names in values.own_roles(profile):
            yield from _examine_role(unit, found, profile, role, names)
        yield from _count_neighbourhoods(unit, found, profile)
    except evidence.Contradiction:
        return None
    return found if found.score > 0 else None


def _identify(unit, found, profile, identities):
    found.named = yield from identity.compare(unit, identities)
    if found.named == identity.OTHER:
        raise evidence.Contradiction
    if found.named:
        points = _STRONG if found.named == identity.STRONG else _WEAK
        found.count(points, "its own registers name the model")
    for number in values.models(profile):
        if number in unit.models:
            # A SunSpec model says what its registers mean.
            found.named = identity.STRONG
            found.count(_MODEL, "SunSpec model %d" % number)
    found.named_points = found.score


def _examine_role(unit, found, profile, role, names):
    may_sleep = isinstance(profile["roles"].get("inverters"), dict)
    known = {}
    for name in _FIRST:  # what most profiles fail at
        if name in names:
            value = yield from _value(unit, profile, role, name)
            if value == values.MISSING:
                raise evidence.Contradiction
            known[name] = value
            evidence.judge(known, may_sleep)
    for name in names:
        if name not in known:
            value = yield from _value(unit, profile, role, name)
            if value == values.MISSING:
                found.lacks.append((role, name))
                found.score -= _LACK
            else:
                known[name] = value
    for points, words in (yield from _judge(unit, profile, role, known, may_sleep)):
        found.count(points, words)
    for name in known:
        found.values[role, name] = known[name]


def _value(unit, profile, role, name, again=False):
    value = yield from values.value(unit, profile, role, name, again)
    if value == values.IMPLAUSIBLE:
        raise evidence.Contradiction
    return value


def _judge(unit, profile, role, known, may_sleep):
    """The evidence of a role. Powers that changed between two reads get another chance."""
    for _ in range(_TRIES - 1):
        try:
            return evidence.judge(known, may_sleep)
        except evidence.Contradiction:
            for name in known:
                if name.startswith("power"):
                    value = yield from _value(unit, profile, role, name, True)
                    known[name] = None if value == values.MISSING else value
    return evidence.judge(known, may_sleep)


def _count_neighbourhoods(unit, found, profile):
    """Registers that hold something where others have none."""
    near = set()
    for role, names in values.own_roles(profile):
        for name in names:
            for function, address, count in values.places(profile, role, name):
                if any(unit.known(function, address, count) or ()):
                    if not (yield from unit.answers_everywhere(function)):
                        near.add((function, address // _NEAR))
    if len(near) > 1:
        points = min(len(near), _MOST_NEIGHBOURHOODS) * _NEIGHBOURHOOD
        found.count(points, "%d groups of registers" % len(near))
