# SPDX-License-Identifier: MIT
"""A profile as it is written, made complete: what it extends filled in, numbers in hex read.

"extends" makes a file the difference to another one: a JSON Merge Patch (RFC 7396). Objects are merged key by key, null takes a
key out, anything else replaces. What tells one device from another is never inherited.
"""

from planning import messages
from planning.checks import SettingsError, checked, complain

_OWN = ("extends", "model", "variants", "source", "alternatives", "caveat", "doubt")
# Keys whose numbers may be written in hex, as makers print addresses.
_IN_HEX = (
    "address",
    "walls",
    "holes",
    "bases",
    "equals",
    "mask",
    "negative",
    "positive",
    "profiles",
)
_DIGITS = "0123456789abcdefABCDEF"


def loader(load, names):
    """load(kind, name) whose profiles are complete."""

    def complete(kind, name):
        return completed(name, load, names) if kind == "profile" else load(kind, name)

    return complete


def completed(name, load, names):
    """The profile of this name, None where there is none; load, names: as settings.read() has them."""
    written = chain(name, load, names)
    profile = written.pop()
    while written:
        profile = _merged(_inherited(profile), written.pop())
    return numbered(profile)


def chain(name, load, names):
    """[profile, the one that it extends, ...] as they are written. Raises SettingsError where that has no end."""
    found = [load("profile", name)]
    seen = [name]
    while type(found[-1]) is dict and "extends" in found[-1]:
        place = "profiles/%s.json: extends" % seen[-1]
        base = checked(found[-1]["extends"], "text", (1, 64), place)
        if base in seen:
            problem = '%%s extends itself by %s; a profile without "extends" is needed'
            complain(place, problem % messages.listed(seen[seen.index(base) :]), base)
        seen.append(base)
        found.append(_base(base, place, load, names))
    return found


def _base(name, place, load, names):
    try:
        profile = load("profile", name)
    except SettingsError:
        raise
    except ValueError as error:
        problem = "profile %s is not JSON: " + str(error).replace("%", "%%")
        complain(place, problem, name)
    if profile is None:
        raise SettingsError(place, messages.nothing_named("profile", name, names("profile")))
    if type(profile) is not dict:
        complain(place, "profile %s is no object; an object { } is needed", name)
    return profile


def _inherited(profile):
    return {key: profile[key] for key in profile if key not in _OWN}


def _merged(base, patch):
    """RFC 7396, section 2."""
    if type(patch) is not dict:
        return patch
    made = dict(base) if type(base) is dict else {}
    for key in patch:
        if key == "extends":
            continue
        if patch[key] is None:
            made.pop(key, None)
        else:
            made[key] = _merged(made.get(key), patch[key])
    return made


def numbered(value, in_hex=False):
    """A copy with numbers for texts like "0x1F40" at the keys that may have such."""
    if type(value) is dict:
        is_text = value.get("type") == "ascii"
        keys = [key for key in _IN_HEX if key != "equals" or not is_text]
        return {key: numbered(value[key], in_hex or key in keys) for key in value}
    if type(value) is list:
        return [numbered(one, in_hex) for one in value]
    return int(value[2:], 16) if in_hex and is_hex(value) else value


def is_hex(value):
    if type(value) is not str or value[:2] != "0x" or not 3 <= len(value) <= 10:
        return False
    return all(c in _DIGITS for c in value[2:])


def caveat(profile):
    """What the owner should check, or None; `doubt` in older profiles."""
    return profile.get("caveat", profile.get("doubt"))
