"""How the charger's two documents are laid out: what is needed to make them, and not to fill them. Loaded at boot.

Source: DiniTech Custom API 1.4.
"""

import json

from httpd.answers import JSON, Fixed
from values.fields import CATEGORIES, FIELDS, TENTHS

_INFO_KEYS = (
    "name", "model", "serial", "max_dc_w", "max_ac_w", "location", "capacity_wh",
)  # fmt: skip


def skeleton(devices):
    """[(opening, [(device, index, [(key, tenths, name)], ending)])], all text in bytes."""
    categories = []
    for category in CATEGORIES:
        members = [
            (device, ('"%d": {' % device.index).encode(), _rows(device), _ending(device))
            for device in devices
            if device.category == category
        ]
        if members:
            separator = ", " if categories else ""
            categories.append(((separator + '"%s": {' % category).encode(), members))
    return categories


def _rows(device):
    return [
        (key, kind == TENTHS, ('"%s": ' % key).encode())
        for key, kind, _ in FIELDS[device.category]
        if key in device.fields
    ]


def _ending(device):
    if device.category != "inverters":
        return b"}"
    return (
        b', "battery_connected": true}'
        if device.battery_connected
        else b', "battery_connected": false}'
    )


def size(categories):
    """Bytes of values.json at the most, for a skeleton."""
    members = [member for _, devices in categories for member in devices]
    rows = [name for _, _, rows, _ in members for _, _, name in rows]
    return (
        64
        + sum([len(opening) for opening, _ in categories])
        + 48 * len(members)
        + sum([len(name) + 12 for name in rows])
    )


def load_parts(devices, locations):
    """The devices whose powers make the house load, or () where no meter sits at the grid.

    locations: {device: info.location}; a meter counts as the grid's where it says 1 or nothing. A battery behind an
    inverter is in that inverter's power already.
    """
    grid = [
        d for d in devices if d.category == "energy_meters" and locations.get(d.index) in (None, 1)
    ]
    inverters = [d for d in devices if d.category == "inverters"]
    batteries = [d for d in devices if d.category == "batteries"]
    if any([d.battery_connected for d in inverters]):
        batteries = []
    return inverters + grid + batteries if grid else ()


def info(entries):
    """info.json from [(category, index, info dict)], a fixed answer."""
    categories = []
    for category in CATEGORIES:
        members = []
        for owner, index, values in entries:
            if owner == category:
                pairs = [
                    '"%s": %s' % (key, json.dumps(values[key]))
                    for key in _INFO_KEYS
                    if key in values
                ]
                members.append('"%d": {%s}' % (index, ", ".join(pairs)))
        if members:
            categories.append('"%s": {%s}' % (category, ", ".join(members)))
    return Fixed("200", JSON, ('{"device_info": {%s}}' % ", ".join(categories)).encode())
