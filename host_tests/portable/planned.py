# SPDX-License-Identifier: MIT
"""Devices, reads and documents as a plan has them, for tests that need no config."""

from loading import values as loading
from planning import layout
from values.documents import Values
from values.fields import FIELDS, TENTHS, kind_of, power_key
from values.readings import ERROR, Device


def device(category, *keys, index=0, policy=ERROR, limit_ms=7000):
    """One with its power and these fields."""
    power = power_key(category) if category in FIELDS else "load_power_w"
    fields = {key: None for key in (power,) + keys}
    tenths = [key for key in fields if kind_of(category, key) == TENTHS]
    return Device(category, index, power, fields, tenths, limit_ms, policy)


def values(devices, load=()):
    """values.json of these; load: positions of those whose powers make the house load."""
    return values_of(devices, layout.document(rows(devices), ()), load)


def values_of(devices, document, load):
    """As the bridge makes it of a plan."""
    categories = loading.categories(document, devices)
    return Values(devices, categories, document["bytes"], [devices[i] for i in load])


def rows(devices):
    """What the layout wants to know of them; a measured house load is none of the document's."""
    return [
        {"category": one.category, "index": one.index, "fields": one.fields}
        for one in devices
        if one.category in FIELDS
    ]
