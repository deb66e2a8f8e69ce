# SPDX-License-Identifier: MIT
"""Which profile a unit on the line has: by registers that name the model, and by values seldom right by chance.

What registers cannot tell is not guessed: look-alikes are named together, with the values in which they differ.
"""

# First, since imports would nest too deep for MicroPython's stack otherwise.
import planning.profile  # noqa: F401
from const import const
from recognition import identity
from recognition.examination import examine
from recognition.unit import Unit

SURE = "sure"  # the unit says so itself
LIKELY = "likely"  # no other profile fits as well
ONE_OF = "one of"  # several fit
PERHAPS = "perhaps"  # little speaks for them, nothing against
NONE = "none"

_ENOUGH = const(7)  # points: of three phases the volts, and something besides
_LITTLE = const(2)
_MARGIN = const(4)
_FEW = const(4)


def recognise(names, load, identities, progress=None, most_known=None):
    """A generator of reads (see unit.py) that returns (confidence, [Candidate, ...]), the best first.

    names: the profiles to try; load(name): a complete profile (planning.profile_file), when it is needed, for a board cannot hold them all;
    identities: the content of identities.json; progress(done, count): called now and then; most_known: of how many reads the answers are
    kept from one profile to the next, where the heap is small.
    """
    unit = Unit(most_known)
    yield from unit.find_models()
    named = yield from _named(unit, names, identities)
    found = yield from _examine_all(unit, named, load, identities, progress)
    if not found:
        rest = [name for name in names if name not in named]
        found = yield from _examine_all(unit, rest, load, identities, progress)
    confidence, best = verdict(found)
    for candidate in best:
        candidate.serial = yield from identity.serial_number(unit, load(candidate.name))
    return confidence, best


def _named(unit, names, identities):
    """Those whose model the unit names for certain: the rest need not be tried."""
    found = []
    for name in names:
        said = yield from identity.compare(unit, identities.get(name, ()))
        if said == identity.STRONG:
            found.append(name)
    return found


def _examine_all(unit, names, load, identities, progress):
    found = []
    for i, name in enumerate(names):
        if progress:
            progress(i, len(names))
        unit.tidy()
        profile = load(name)
        if unit.models or "sunspec" not in profile:
            of_profile = identity.of_profile(name, profile, identities)
            candidate = yield from examine(unit, name, profile, of_profile)
            if candidate:
                found.append(candidate)
    return found


def verdict(candidates):
    """(confidence, [Candidate, ...])"""
    ranked = sorted(candidates, key=lambda one: (-one.score, one.name))
    best = [one for one in ranked if one.certain or one.score >= _ENOUGH]
    if not best:
        best = [one for one in ranked if one.score >= _LITTLE and not one.lacks]
        return (PERHAPS, best) if 0 < len(best) <= _FEW else (NONE, [])
    top = [one for one in best if one.score > best[0].score - _MARGIN]
    rivals = [one for one in top if one.certain] or [
        one for one in best if one in top or one.certain
    ]
    if len(rivals) > 1:
        return ONE_OF, rivals
    return (SURE if rivals[0].certain else LIKELY), rivals


def differences(candidates):
    """[(role, quantity)] in which they do not read the same: what to compare with the device's display."""
    keys = []
    for candidate in candidates:
        keys.extend([key for key in candidate.values if key not in keys])
    return [key for key in keys if len({one.values.get(key) for one in candidates}) > 1]
