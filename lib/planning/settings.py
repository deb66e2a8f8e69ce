# SPDX-License-Identifier: MIT
"""config.json: read, held against the schema, completed. The PC runs the very same check.

    settings.read(text, load, names) -> dict

or its two halves, each of which imports what it needs: a board in its set-up mode has no room for both at once.

    settings.config(text, load, names) -> the same dict
    settings.check_profiles(config, load, names)

`load(kind, name)` gives the parsed JSON of a "board", a "profile" or a clamp "model", None where
there is none; `names(kind)` lists their names. The dict has every key of the schema, with None for
what was left out and has no default. Raises SettingsError, whose text is one line.
"""

from planning import profile_file, strict_json
from planning.checks import SettingsError, complain, nothing_named

_MOST_BYTES = 8192  # twelve devices with every key written take some 6000


def read(text, load, names):
    found = config(text, load, names)
    check_profiles(found, load, names)
    return found


def config(text, load, names):
    from planning import sections

    return sections.completed(_parsed(text), profile_file.loader(load, names), names)


def check_profiles(config, load, names):
    """Those of its devices, by their format."""
    checked = []
    for device in config["devices"]:
        if device.get("profile"):
            _check_profile(device["profile"], load, names, checked)


def _check_profile(name, load, names, checked):
    """What it extends comes first: a slip there is named there."""
    from planning import profile_format

    base = load("profile", name).get("extends")
    if base:
        _check_profile(base, load, names, checked)
    if name not in checked:
        checked.append(name)
        profile = profile_file.completed(name, load, names)
        profile_format.check(profile, name)
        _check_choice(name, profile, load, names, checked)


def _check_choice(name, profile, load, names, checked):
    """The profiles among which the unit chooses."""
    choice = profile.get("choice")
    place = "profiles/%s.json: choice.profiles" % name
    if choice and name not in choice["profiles"]:
        complain(place, "%s is not among them; a profile chooses itself, too", name)
    for other in sorted(choice["profiles"]) if choice else ():
        if load("profile", other) is None:
            nothing_named(place, "profile", other, names("profile"))
        _check_profile(other, load, names, checked)
        roles = profile_file.completed(other, load, names)["roles"]
        if sorted(roles) != sorted(profile["roles"]):
            complain(place, "%s has other roles than this one; the same are needed", other)


def _parsed(text):
    data = text.encode() if type(text) is str else text
    if len(data) > _MOST_BYTES:
        raise SettingsError("config.json", "has more than %d bytes" % _MOST_BYTES)
    if 0 in data:
        raise SettingsError("config.json", "is no text in UTF-8; save it as that")
    try:
        value = strict_json.loads(data)
    except ValueError as error:
        raise SettingsError("config.json", "not JSON: " + str(error))
    if type(value) is not dict:
        raise SettingsError("config.json", "is no object; an object { } is needed")
    return value
