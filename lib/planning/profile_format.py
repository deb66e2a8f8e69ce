"""The format of a profile (docs/design.md, "Profiles"): owners write their own, so each is checked like config.json.

docs/profile.schema.json says the same, and more of what only people read; a test holds the two together. What passes here
can be built and polled.
"""

from planning import quantities, schema
from planning.checks import SettingsError, check_keys, checked, complain, filled, joined

_TABLE = """
[]
vendor text needed 1 64
model text needed 1 64
variants list -
source list needed
alternatives list -
serial section -
limits section all
defaults section needed
invalid section all
sunspec section -
roles section needed
identity section all
caveat text - 1 500

[limits]
registers_per_read whole - 4 125
pause_ms whole - 0 5000
timeout_ms whole - 20 15000
walls list -
holes list -

[defaults]
function one_of needed 3 4
type one_of needed u16 s16 m16 u32 s32 f32 u64 s64 f64
word_order one_of needed big little

[sunspec]
bases list needed

[register]
model list -
function one_of - 3 4
address whole needed 0 65535
type one_of - u16 s16 m16 u32 s32 f32 u64 s64 f64
word_order one_of - big little
scale text needed 1 20
positive one_of - import export charge discharge generation consumption
invalid list -
range list -
factors list -
exponent section -
direction section -

[factor]
address whole needed 0 65535
type one_of needed u16 s16
scale text needed 1 20

[exponent]
address whole needed 0 65535
type one_of needed s16

[direction]
address whole needed 0 65535
type one_of needed u16
mask whole - 1 65535
negative whole needed 0 65535
positive whole - 0 65535

[model_id]
function one_of needed 3 4
address whole needed 0 65535
type one_of needed u16

[serial_number]
function one_of needed 3 4
address whole needed 0 65535
type one_of needed u16 u32 u64
"""

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
_QUANTITIES = (
    "power energy_total energy_day energy_import energy_export soc temperature voltage_l1 voltage_l2 voltage_l3 "
    "current_l1 current_l2 current_l3 power_l1 power_l2 power_l3 frequency"
).split()
_ROLES = ("inverters", "energy_meters", "batteries", "smart_loads")
_WORD = (0, 65535)
_INT32 = (-2147483648, 2147483647)


def check(profile, name):
    """Raises SettingsError, which names file and place, if this is no profile; returns [warning of an old key]."""
    file = "profiles/%s.json" % name
    try:
        written, renamed = _with_new_names(profile)
        _check(written)
    except SettingsError as error:
        inside = ": " + error.place if error.place else ""
        raise SettingsError(file + inside, error.problem)
    return ["%s: %s: this key is now called %s" % (file, old, new) for old, new in renamed]


def caveat(profile):
    """What the owner should check, or None; of a profile as it is written in its file."""
    return profile.get("caveat", profile.get("doubt"))


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


def _rows(section):
    return schema.rows(section, table=_TABLE)


def _check(written):
    profile = filled(written, _rows(""), "")
    for name in ("limits", "defaults"):
        profile[name] = filled(profile[name], _rows(name), name)
    _check_limits(profile["limits"])
    check_keys(profile["invalid"], _rows("defaults")[1][3], "invalid")
    for kind, texts in profile["invalid"].items():
        _check_marks(texts, kind, "invalid." + kind)
    if profile["sunspec"] is not None:
        profile["sunspec"] = filled(profile["sunspec"], _rows("sunspec"), "sunspec")
        _check_wholes(profile["sunspec"]["bases"], "sunspec.bases", 1, 99, _WORD)
    _check_identity(profile["identity"])
    check_keys(profile["roles"], _ROLES, "roles")
    if not profile["roles"]:
        complain("roles", "no role; %s is allowed", _ROLES)
    for name, role in profile["roles"].items():
        _check_role(role, profile, "roles." + name)


def _check_limits(limits):
    _check_wholes(limits["walls"] or (), "limits.walls", 0, 99, _WORD)
    for i, hole in enumerate(limits["holes"] or ()):
        _check_wholes(hole, "limits.holes[%d]" % i, 2, 2, _WORD)


def _check_wholes(values, place, fewest, most, allowed):
    """A list of so many whole numbers."""
    if type(values) not in (list, tuple) or not fewest <= len(values) <= most:
        problem = "%%s; a list of %d to %d whole numbers is needed" % (fewest, most)
        complain(place, problem, values)
    for i, value in enumerate(values):
        checked(value, "whole", allowed, "%s[%d]" % (place, i))


def _check_identity(identity):
    check_keys(identity, ("model_id", "serial"), "identity")
    if "serial" in identity:
        filled(identity["serial"], _rows("serial_number"), "identity.serial")
    if "model_id" in identity:
        place = "identity.model_id"
        checked(identity["model_id"], "section", (), place)
        rest = dict(identity["model_id"])
        equals = rest.pop("equals", None)
        filled(rest, _rows("model_id"), place)
        _check_wholes(
            equals if type(equals) is list else [equals], place + ".equals", 1, 99, _WORD
        )


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
            _check_register(specs, name, profile, place_of)
            continue
        if not 2 <= len(specs) <= 8:
            complain(place_of, "%s registers; 2 to 8 may be added up", len(specs))
        for i, spec in enumerate(specs):
            _check_register(spec, name, profile, "%s[%d]" % (place_of, i))


def _check_register(written, quantity, profile, place):
    spec = filled(written, _rows("register"), place)
    first = quantity.split("_")[0]
    _check_scale(spec["scale"], _UNITS[first], place + ".scale")
    if (first == "power") != (spec["positive"] is not None):
        problem = "missing; what a positive value means is needed"
        complain(place + ".positive", problem if first == "power" else "only power has a sign")
    kind = spec["type"] or profile["defaults"]["type"]
    if spec["invalid"] is not None:
        _check_marks(spec["invalid"], kind, place + ".invalid")
    if spec["range"] is not None:
        _check_wholes(spec["range"], place + ".range", 2, 2, _INT32)
        if spec["range"][0] > spec["range"][1]:
            complain(place + ".range", "begins at %s; the smaller number first", spec["range"][0])
    _check_helpers(spec, place)
    if (spec["model"] is None) != (profile["sunspec"] is None):
        complain(place + ".model", 'goes with "sunspec", in every register or in none')
    if spec["model"] is not None:
        _check_wholes(spec["model"], place + ".model", 1, 99, _WORD)
    _check_place(spec["address"], int(kind[1:]) // 16, profile["limits"], place + ".address")


def _check_helpers(spec, place):
    for i, factor in enumerate(spec["factors"] or ()):
        place_of = "%s.factors[%d]" % (place, i)
        filled(factor, _rows("factor"), place_of)
        _check_scale(factor["scale"], ("",), place_of + ".scale")
    for name in ("exponent", "direction"):
        if spec[name] is not None:
            filled(spec[name], _rows(name), joined(place, name))


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


def _check_marks(texts, kind, place):
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
