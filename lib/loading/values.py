# SPDX-License-Identifier: MIT
"""From the rows of plan.json to the devices of a run and the layout of their document."""

from values.readings import Device


def devices(rows):
    return [Device(**row) for row in rows]


def categories(planned, devices):
    """The plan's `document`, in bytes: [(opening, [(device, opening, [(key, is_tenths, name)], closing)])]."""
    return [
        (opening.encode(), [_member(devices[i], *texts) for i, *texts in members])
        for opening, members in planned["categories"]
    ]


def _member(device, opening, rows, closing):
    rows = [(own(device, key), is_tenths, name.encode()) for key, is_tenths, name in rows]
    return device, opening.encode(), rows, closing.encode()


def own(device, key):
    """The key as the device's own dict has it: json made one text of each place that names it, and one is enough."""
    for one in device.fields:
        if one == key:
            return one
    return key
