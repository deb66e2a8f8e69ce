# SPDX-License-Identifier: MIT
"""The maker's keys, per category (Custom API 1.4), and the quantity that a meter measures for each.

Rows: (key, kind, quantities in the order of preference). The first row is the power: a device without it is stale.
"""

WHOLE = 0  # W and Wh
TENTHS = 1  # one decimal: % and degC

CATEGORIES = ("inverters", "energy_meters", "batteries", "smart_loads")

FIELDS = {
    "inverters": (
        ("inv_power_ac_w", WHOLE, ("power",)),
        ("pv_energy_day_wh", WHOLE, ("energy_day",)),
        ("pv_energy_total_wh", WHOLE, ("energy_total", "energy_export")),
    ),
    "energy_meters": (("grid_power_w", WHOLE, ("power",)),),
    "batteries": (
        ("bat_power_w", WHOLE, ("power",)),
        ("soc", TENTHS, ("soc",)),
        ("mode", WHOLE, ()),
    ),
    "smart_loads": (
        ("sl_power_w", WHOLE, ("power",)),
        ("temp", TENTHS, ("temperature",)),
        ("mode", WHOLE, ()),
    ),
}

# What a positive power means to the charger, in the words of the profiles.
POSITIVE = {
    "inverters": ("generation", "export"),
    "energy_meters": ("import", "consumption"),
    "batteries": ("discharge", "export"),
    "smart_loads": ("consumption", "import"),
}


def power_key(category):
    return FIELDS[category][0][0]


def kind_of(category, key):
    """WHOLE or TENTHS. No heap."""
    if category in FIELDS:
        for name, kind, _ in FIELDS[category]:
            if name == key:
                return kind
    return TENTHS if key.startswith("voltage") else WHOLE
