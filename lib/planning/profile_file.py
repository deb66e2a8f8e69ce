# SPDX-License-Identifier: MIT
"""A profile as it is written, made complete: what it extends filled in, numbers in hex read.

"extends" makes a file the difference to another one: a JSON Merge Patch (RFC 7396). Objects are merged key by key, null takes a
key out, anything else replaces. What tells one device from another is never inherited.
"""

from planning import messages, profile_merge
from planning.checks import SettingsError, checked, complain


def loader(load, names):
    """load(kind, name) whose profiles are complete."""

    def complete(kind, name):
        return completed(name, load, names) if kind == "profile" else load(kind, name)

    return complete


def completed(name, load, names):
    """The profile of this name, None where there is none; load, names: as settings.read() has them."""
    return profile_merge.completed(chain(name, load, names))


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


def caveat(profile):
    """What the owner should check, or None; `doubt` in older profiles."""
    return profile.get("caveat", profile.get("doubt"))
