# SPDX-License-Identifier: MIT
"""The entries of `devices`: which keys go together, and what no row of the schema says alone."""

from planning.checks import (
    SettingsError,
    check_keys,
    checked,
    complain,
    filled,
    nothing_named,
)
from planning.schema import rows

_MOST = {"inverters": 5, "energy_meters": 5, "batteries": 1, "smart_loads": 1}
_SOURCES = ("profile", "clamp", "fixed")
_UNSIGNED = "a clamp cannot tell %s, so it cannot serve %s; a profile can"
_DIRECTIONS = {"energy_meters": "import from export", "batteries": "charging from discharging"}


def complete(config, board, load, names):
    """Replaces config["devices"] by complete devices, in the order written."""
    found = config["devices"]
    if not found:
        complain("devices", "the list is empty; one device or more is needed")
    _check_numbers(found)
    for i in range(len(found)):
        place = "devices[%d]" % i
        source, device = _completed(found[i], place)
        if device["when_stale"] is None:
            device["when_stale"] = config["freshness"]["when_stale"]
        if source == "profile":
            _check_profile(device, place, load, names)
        elif source == "clamp":
            _check_clamp(device, place, board, config["bus"]["rx"])
            _check_model(device, place, load, names)
        found[i] = device
        for j in range(i):
            _check_pair(device, found[j], place, j)
    for device in found:
        if device.get("battery_connected", False) is None:
            device["battery_connected"] = has_battery(device, found)


def complete_load(config, board, load, names):
    """Replaces an object config["load_power"] by a complete set of clamps."""
    place = "load_power"
    found = filled(config[place], rows("device.clamp"), place)
    found["clamp"] = _as_list(found["clamp"])
    _check_inputs(found, place, board, config["bus"]["rx"])
    _check_model(found, place, load, names)
    for i, device in enumerate(config["devices"]):
        _check_pair(found, device, place, i)
        if device["category"] == "energy_meters" and device["info"].get("location") in (None, 1):
            problem = 'devices[%s] is at the grid, from which the load is computed; "computed" is allowed'
            complain(place, problem, i)
    config[place] = found


def has_battery(device, devices):
    """Does its unit serve a battery, too? Its AC power then counts the battery's: it is a hybrid inverter."""
    return "profile" in device and any(
        other["category"] == "batteries" and other.get("unit") == device["unit"]
        for other in devices
    )


def _as_list(clamp):
    return clamp if type(clamp) is list else [clamp]


def _check_numbers(found):
    for name in sorted(_MOST):
        number = sum(type(device) is dict and device.get("category") == name for device in found)
        if number > _MOST[name]:
            complain("devices", "%%s %s; %%s is the most" % name, number, _MOST[name])


def _completed(written, place):
    """(source, device with every default) of one entry."""
    check_keys(written, _all_keys(), place)
    _, kind, _, categories = rows("device")[0]
    if "category" not in written:
        filled({}, rows("device")[:1], place)
    category = checked(written["category"], kind, categories, place + ".category")
    sources = [source for source in _SOURCES if source in written]
    if len(sources) != 1:
        problem = "more than one source" if sources else "no source"
        complain(place, problem + '; exactly one of "profile", "clamp" and "fixed" is needed')
    source = sources[0]
    its_rows = rows("device", category, "device." + source)
    _check_belongs(written, its_rows, source, category, place)
    device = filled(written, its_rows, place)
    device["info"] = _part(device, "info", rows("info", category + ".info"), place)
    if source == "clamp":
        device["clamp"] = _as_list(device["clamp"])
    if source == "fixed":
        device["fixed"] = _part(device, "fixed", rows(category + ".fixed"), place)
        _choose_mode(device, written, place)
    return source, device


def _all_keys():
    keys = []
    for row in rows("device", "device.profile", "device.clamp", "device.fixed", *_MOST):
        if row[0] not in keys:
            keys.append(row[0])
    return keys


def _check_belongs(written, its_rows, source, category, place):
    """A key that only another kind of device has."""
    keys = [row[0] for row in its_rows]
    for key in sorted(written):
        if key not in keys:
            problem = "not for %s with %%s; %%s may be here" % category
            complain(place + "." + key, problem, source, tuple(keys))


def _part(device, name, its_rows, place):
    """The keys of info or fixed that are written, and no others."""
    part = filled(device[name], its_rows, place + "." + name)
    return {key: value for key, value in part.items() if value is not None}


def _choose_mode(device, written, place):
    """A fixed mode moves to the device, where every mode is."""
    if "mode" in device["fixed"]:
        if "mode" in written:
            complain(place + ".mode", 'written in "fixed" too; once is allowed')
        device["mode"] = device["fixed"].pop("mode")


def _check_profile(device, place, load, names):
    try:
        profile = load("profile", device["profile"])
    except SettingsError:
        raise
    except ValueError as error:
        problem = "profile %s is not JSON: " + str(error).replace("%", "%%")
        complain(place + ".profile", problem, device["profile"])
    if profile is None:
        nothing_named(place + ".profile", "profile", device["profile"], names("profile"))
    roles = profile.get("roles") if type(profile) is dict else None
    if type(roles) is not dict or device["category"] not in roles:
        there = ", ".join(sorted(roles)) if type(roles) is dict else "none"
        problem = "profile %%s has no role %s; it has %s" % (device["category"], there)
        complain(place + ".category", problem, device["profile"])
    _check_unit(device, place, profile.get("limits"))
    if device["variant"] is not None:
        _check_variant(device, place, profile.get("choice"))
    if device["phase"] is not None:
        _check_phase(device, place, roles)


def _check_unit(device, place, limits):
    """Beyond 247 Modbus has no units, but some makers have."""
    most = limits.get("unit_max") if type(limits) is dict else None
    checked(device["unit"], "whole", (1, most if type(most) is int else 247), place + ".unit")


def _check_variant(device, place, choice):
    """Which of the profiles that its profile chooses among, where the unit does not say it."""
    known = choice.get("profiles") if type(choice) is dict else None
    if type(known) is not dict:
        complain(place + ".variant", "profile %s has no variants", device["profile"])
    if device["variant"] not in known:
        nothing_named(place + ".variant", "variant", device["variant"], known)


def _check_phase(device, place, roles):
    """Of a meter of one phase, the owner says which it is."""
    role = roles[device["category"]]
    role = roles.get(role) if type(role) is str else role
    role = role if type(role) is dict else {}
    phases = [name for name in ("voltage_l1", "voltage_l2", "voltage_l3") if name in role]
    if device["category"] != "energy_meters" or phases != ["voltage_l1"]:
        problem = (
            "%s does not go with profile %s; it is for meters of one phase that measure volts"
        )
        complain(place + ".phase", problem, device["phase"], device["profile"])


def _check_clamp(device, place, board, rx):
    category = device["category"]
    if category in _DIRECTIONS:
        complain(place + ".clamp", _UNSIGNED % (_DIRECTIONS[category], category))
    _check_inputs(device, place, board, rx)


def _check_inputs(device, place, board, rx):
    for name in device["clamp"]:
        if name not in board["clamps"]:
            nothing_named(place + ".clamp", "clamp input", name, board["clamps"])
        if board["clamps"][name] == rx:
            complain(place + ".clamp", "bus.rx has taken its pin %s; another input is allowed", rx)


def _check_model(device, place, load, names):
    name = device["model"]
    model = load("model", name) if name else {}
    if model is None:
        nothing_named(place + ".model", "clamp model", name, names("model"))
    if device["amps_per_volt"] is None and not name:
        complain(place, 'neither "model" nor "amps_per_volt"; one of the two is needed')
    burden = place + ".burden_ohm"
    if device["burden_ohm"] is not None and "turns" not in model:
        complain(burden, "no model here that needs one; it goes with SCT-013-000 only")
    if device["burden_ohm"] is None and device["amps_per_volt"] is None and "turns" in model:
        complain(burden, "missing; model %s has none inside", name)


def _check_pair(device, other, place, index):
    for name in device.get("clamp", ()):
        if name in other.get("clamp", ()):
            problem = "%s is read by devices[%s] already; one device for each input is allowed"
            complain(place + ".clamp", problem, name, index)
    same = [key for key in ("category", "profile", "unit") if device.get(key) == other.get(key)]
    if "profile" in device and len(same) == 3:
        problem = "unit %s is devices[%s] already and would count twice; another unit is allowed"
        complain(place + ".unit", problem, device["unit"], index)
