# SPDX-License-Identifier: MIT
"""The format of a profile (docs/formats/profile.md): owners write their own, so each is checked like config.json.

docs/profile.schema.json says the same, and more of what only people read; a test holds the two together. What passes here
can be built and polled.
"""

from planning import model_ids, profile_merge, register_format
from planning.checks import SettingsError, check_keys, checked, complain, filled, joined
from planning.register_format import rows

_QUANTITIES = (
    "power energy_total energy_day energy_import energy_export soc temperature voltage_l1 voltage_l2 voltage_l3 "
    "current_l1 current_l2 current_l3 power_l1 power_l2 power_l3 frequency"
).split()
_ROLES = ("inverters", "energy_meters", "batteries", "smart_loads")


def check(profile, name):
    """Raises SettingsError, which names file and place, if this is no profile; returns [warning of an old key]."""
    file = "profiles/%s.json" % name
    try:
        written, renamed = _with_new_names(profile_merge.numbered(profile))
        _check(written)
    except SettingsError as error:
        inside = ": " + error.place if error.place else ""
        raise SettingsError(file + inside, error.problem)
    return ["%s: %s: this key is now called %s" % (file, old, new) for old, new in renamed]


def _with_new_names(profile):
    """(the profile with today's keys, [(old key, new key)])"""
    if type(profile) is not dict or "doubt" not in profile:
        return profile, []
    if "caveat" in profile:
        complain("doubt", 'the old name of "caveat", which is here, too; one of them is allowed')
    checked(profile["doubt"], "text", (1, 500), "doubt")
    written = dict(profile)
    written["caveat"] = written.pop("doubt")
    return written, [("doubt", "caveat")]


def _check(written):
    profile = filled(written, rows(""), "")
    for name in ("limits", "defaults"):
        profile[name] = filled(profile[name], rows(name), name)
    _check_limits(profile["limits"])
    check_keys(profile["invalid"], rows("defaults")[1][3], "invalid")
    for kind, texts in profile["invalid"].items():
        register_format.check_marks(texts, kind, "invalid." + kind)
    if profile["sunspec"] is not None:
        profile["sunspec"] = filled(profile["sunspec"], rows("sunspec"), "sunspec")
        register_format.check_wholes(
            profile["sunspec"]["bases"], "sunspec.bases", 1, 99, register_format.WORD
        )
    _check_identity(profile["identity"])
    if profile["choice"] is not None:
        _check_choice(profile["choice"])
    check_keys(profile["roles"], _ROLES, "roles")
    if not profile["roles"]:
        complain("roles", "no role; %s is allowed", _ROLES)
    for name, role in profile["roles"].items():
        _check_role(role, profile, "roles." + name)


def _check_limits(limits):
    register_format.check_wholes(
        limits["walls"] or (), "limits.walls", 0, 99, register_format.WORD
    )
    for i, hole in enumerate(limits["holes"] or ()):
        register_format.check_wholes(hole, "limits.holes[%d]" % i, 2, 2, register_format.WORD)


def _check_identity(identity):
    check_keys(identity, ("model_id", "serial"), "identity")
    if "serial" in identity:
        filled(identity["serial"], rows("serial_number"), "identity.serial")
    if "model_id" in identity:
        place = "identity.model_id"
        checked(identity["model_id"], "section", (), place)
        rest = dict(identity["model_id"])
        equals = rest.pop("equals", None)
        spec = filled(rest, rows("model_id"), place)
        if (spec["type"] == "ascii") != (spec["words"] is not None):
            complain(place + ".words", 'the number of registers of "ascii", and of nothing else')
        _check_equals(equals, spec, place + ".equals")


def _check_equals(equals, spec, place):
    """One of, or a list of: numbers and ranges of them, or beginnings of texts."""
    several = equals if type(equals) is list else [equals]
    if not 1 <= len(several) <= 99:
        complain(place, "%s; a list of 1 to 99 is needed", equals)
    words = model_ids.words(spec)
    for i, one in enumerate(several):
        at = "%s[%d]" % (place, i) if several is equals else place
        if spec["type"] == "ascii":
            checked(one, "text", (1, 2 * words), at)
        elif type(one) is list:
            register_format.check_wholes(one, at, 2, 2, (0, 65536**words - 1))
            if one[0] > one[1]:
                complain(at, "begins at %s; the smaller number first", one[0])
        else:
            checked(one, "whole", (0, 65536**words - 1), at)


def _check_choice(written):
    spec = filled(written, rows("choice"), "choice")
    if len(spec["profiles"]) < 2:
        complain("choice.profiles", "%s of them; 2 or more are needed", len(spec["profiles"]))
    for name, equals in spec["profiles"].items():
        _check_equals(equals, spec, joined("choice.profiles", name))


def _check_role(role, profile, place):
    if type(role) is str:
        if type(profile["roles"].get(role)) is not dict:
            there = [one for one in _ROLES if type(profile["roles"].get(one)) is dict]
            complain(place, "%s has no registers of its own here; %s is allowed", role, there)
        return
    check_keys(role, _QUANTITIES, place)
    if "power" not in role:
        complain(place + ".power", "missing; every role has a power")
    for name, specs in role.items():
        place_of = joined(place, name)
        if type(specs) is not list:
            register_format.check(specs, name, profile, place_of)
            continue
        if not 2 <= len(specs) <= 8:
            complain(place_of, "%s registers; 2 to 8 may be added up", len(specs))
        for i, spec in enumerate(specs):
            register_format.check(spec, name, profile, "%s[%d]" % (place_of, i))
