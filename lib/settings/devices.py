"""The entries of `devices`: which keys go together, and what no row of the schema can say alone."""

from settings.schema import CATEGORIES, DEVICE, SOURCES
from settings.values import (
    SettingsError,
    check_keys,
    checked,
    filled,
    listed,
    nothing_named,
    shown,
)

_UNSIGNED = "a clamp cannot tell %s, so it cannot serve %s; a profile can"
_DIRECTIONS = {"energy_meters": "import from export", "batteries": "charging from discharging"}


def read(config, board, load, names):
    """Replaces config["devices"] by complete devices, in the order written."""
    found = config["devices"]
    if not found:
        raise SettingsError("devices", "the list is empty; one device or more is needed")
    _check_numbers(found)
    for i in range(len(found)):
        place = "devices[%d]" % i
        source, device = _complete(found[i], place)
        if device["when_stale"] is None:
            device["when_stale"] = config["freshness"]["when_stale"]
        if source == "profile":
            _check_profile(device, place, load, names)
        elif source == "clamp":
            _check_clamp(device, place, board, load, names)
        found[i] = device
        for j in range(i):
            _check_pair(device, found[j], place, j)


def _check_numbers(found):
    for category in CATEGORIES:
        name, most = category[0], category[1]
        number = sum(type(device) is dict and device.get("category") == name for device in found)
        if number > most:
            raise SettingsError("devices", "%d %s; %d is the most" % (number, name, most))


def _complete(written, place):
    """(source, device with every default) of one entry."""
    check_keys(written, _all_keys(), place)
    if "category" not in written:
        filled(written, DEVICE, place)
    name = checked(written["category"], "one_of", DEVICE[0][3], place + ".category")
    _, _, rows, info, fixed = [one for one in CATEGORIES if one[0] == name][0]
    sources = [source for source, _ in SOURCES if source in written]
    if len(sources) != 1:
        words = listed(sources, " and ") if sources else "no source"
        problem = words + '; exactly one of "profile" (with "unit"), "clamp" or "fixed" is needed'
        raise SettingsError(place, problem)
    source = sources[0]
    for other, its_rows in SOURCES:
        if other == source:
            rows = DEVICE + rows + its_rows
    rows += (("info", "section", (), info),)
    if source == "fixed":
        rows += (("fixed", "section", ..., fixed),)
    _check_belongs(written, rows, source, name, place)
    device = filled(written, rows, place)
    _keep_written(device, source, place)
    return source, device


def _all_keys():
    keys = [row[0] for row in DEVICE] + ["info", "fixed"]
    for rows in [source[1] for source in SOURCES] + [category[2] for category in CATEGORIES]:
        keys += [row[0] for row in rows if row[0] not in keys]
    return keys


def _check_belongs(written, rows, source, category, place):
    """A key that only another kind of device has."""
    keys = [row[0] for row in rows]
    for key in sorted(written):
        if key not in keys:
            problem = "not for %s with %s; %s may be here" % (
                category,
                shown(source),
                listed(keys, " and "),
            )
            raise SettingsError(place + "." + key, problem)


def _keep_written(device, source, place):
    """Drops the Nones of info and fixed; a fixed mode moves to the device, where every mode is."""
    for key in ("info", source):
        if type(device[key]) is dict:
            device[key] = {k: v for k, v in device[key].items() if v is not None}
    if source == "fixed" and "mode" in device["fixed"]:
        device["mode"] = device["fixed"].pop("mode")


def _check_profile(device, place, load, names):
    profile = load("profile", device["profile"])
    if profile is None:
        nothing_named(place + ".profile", "profile", device["profile"], names("profile"))
    roles = profile["roles"]
    if device["category"] not in roles:
        problem = "profile %s has no role %s; it has %s"
        words = (shown(device["profile"]), device["category"], " and ".join(sorted(roles)))
        raise SettingsError(place + ".category", problem % words)


def _check_clamp(device, place, board, load, names):
    category = device["category"]
    if category in _DIRECTIONS:
        raise SettingsError(place + ".clamp", _UNSIGNED % (_DIRECTIONS[category], category))
    if device["clamp"] not in board["clamps"]:
        nothing_named(place + ".clamp", "clamp input", device["clamp"], board["clamps"])
    model, ratio = device["model"], device["amps_per_volt"]
    if (model is None) == (ratio is None):
        words = 'both "model" and' if model else 'neither "model" nor'
        raise SettingsError(place, words + ' "amps_per_volt"; exactly one of the two is needed')
    if model and load("model", model) is None:
        nothing_named(place + ".model", "clamp model", model, names("model"))


def _check_pair(device, other, place, index):
    if "clamp" in device and device["clamp"] == other.get("clamp"):
        problem = "%s is read by devices[%d] already; one device for each input is allowed"
        raise SettingsError(place + ".clamp", problem % (shown(device["clamp"]), index))
    same = [key for key in ("category", "profile", "unit") if device.get(key) == other.get(key)]
    if "profile" in device and len(same) == 3:
        problem = (
            "%s of unit %d are devices[%d] already and would count twice; another unit is allowed"
        )
        words = (device["category"], device["unit"], index)
        raise SettingsError(place + ".unit", problem % words)
