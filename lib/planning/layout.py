# SPDX-License-Identifier: MIT
"""How DiniTech's two documents are laid out: all that stands in them but the values.

Source: DiniTech Custom API 1.4. Devices are entries of plan["devices"].
"""

from planning.plan_text import quoted
from values.fields import CATEGORIES, FIELDS, TENTHS

_INFO_KEYS = (
    "name", "model", "serial", "max_dc_w", "max_ac_w", "location", "capacity_wh",
)  # fmt: skip


def document(devices, with_battery):
    """values.json: {"categories": [[opening, [[device, opening, [[key, is_tenths, name], ...], closing], ...]], ...], "bytes": the most}.

    with_battery: the inverters with a battery behind them.
    """
    categories = []
    for category in CATEGORIES:
        members = [
            [i, '"%d": {' % device["index"], _rows(device), _closing(device, i in with_battery)]
            for i, device in enumerate(devices)
            if device["category"] == category
        ]
        if members:
            separator = ", " if categories else ""
            categories.append([separator + '"%s": {' % category, members])
    return {"categories": categories, "bytes": _bytes(categories)}


def _rows(device):
    return [
        [key, kind == TENTHS, '"%s": ' % key]
        for key, kind, _ in FIELDS[device["category"]]
        if key in device["fields"]
    ]


def _closing(device, has_battery):
    if device["category"] != "inverters":
        return "}"
    return ', "battery_connected": %s}' % ("true" if has_battery else "false")


def _bytes(categories):
    members = [member for _, devices in categories for member in devices]
    names = [name for _, _, rows, _ in members for _, _, name in rows]
    openings = sum([len(opening) for opening, _ in categories])
    return 64 + openings + 48 * len(members) + sum([len(name) + 12 for name in names])


def load_parts(devices, with_battery, locations):
    """Which devices' powers make the house load; [] where no meter sits at the grid.

    locations: info.location of each energy meter by its index; one counts as the grid's where it says 1 or nothing. A battery
    behind an inverter is in that inverter's power already.
    """
    meters = _of(devices, "energy_meters")
    grid = [i for i in meters if locations.get(devices[i]["index"]) in (None, 1)]
    inverters, batteries = _of(devices, "inverters"), _of(devices, "batteries")
    if with_battery:
        batteries = []
    return inverters + grid + batteries if grid else []


def _of(devices, category):
    return [i for i, device in enumerate(devices) if device["category"] == category]


def info(infos, told):
    """info.json: the texts before, between and behind the serial numbers that units tell, and whose these are.

    infos: [(category, index, dict)] by device; told: devices whose unit tells its serial number.
    """
    texts, serials, categories = [""], [], 0
    texts[0] = '{"device_info": {'
    for category in CATEGORIES:
        members = [i for i, one in enumerate(infos) if one[0] == category]
        for i in members:
            opening = '%s"%s": {' % (", " if categories else "", category)
            texts[-1] += (opening if i == members[0] else ", ") + '"%d": {' % infos[i][1]
            _members(texts, serials, infos[i][2], i, i in told)
            texts[-1] += "}"
        if members:
            texts[-1] += "}"
            categories += 1
    texts[-1] += "}}"
    return {"texts": texts, "serials": serials}


def _members(texts, serials, values, device, is_told):
    separator = ""
    for key in _INFO_KEYS:
        if key in values:
            value = values[key]
            text = quoted(value) if isinstance(value, str) else str(value)
            texts[-1] += '%s"%s": %s' % (separator, key, text)
            separator = ", "
        elif key == "serial" and is_told:  # behind the model, which such a device always has
            texts.append("")
            serials.append(device)
