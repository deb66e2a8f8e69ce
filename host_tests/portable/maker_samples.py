# SPDX-License-Identifier: MIT
"""The maker's two example documents (DiniTech Custom API 1.4) and the config that reproduces them."""

VALUES = {
    "device_values": {
        "inverters": {
            "0": {
                "inv_power_ac_w": 2225,
                "pv_energy_day_wh": 8750,
                "pv_energy_total_wh": 346890,
                "battery_connected": True,
            }
        },
        "energy_meters": {"0": {"grid_power_w": -542}},
        "batteries": {"0": {"bat_power_w": -749, "soc": 78.2, "mode": 0}},
        "smart_loads": {"0": {"sl_power_w": 1241, "temp": 46.8, "mode": 1}},
        "load_power_w": 1683,
    }
}

INFO = {
    "device_info": {
        "inverters": {
            "0": {
                "name": "Testinverter",
                "model": "Testmodel",
                "serial": "0123456789",
                "max_dc_w": 5500,
                "max_ac_w": 5000,
            }
        },
        "energy_meters": {
            "0": {"name": "Testmeter", "model": "Testmodel", "serial": "0123456789", "location": 1}
        },
        "batteries": {
            "0": {
                "name": "Testbatterie",
                "model": "Testmodel",
                "serial": "0123456789",
                "capacity_wh": 4700,
            }
        },
        "smart_loads": {
            "0": {"name": "Testsmartload", "model": "Testmodel", "serial": "0123456789"}
        },
    }
}


def config():
    """A config.json, as a dict, whose fixed values are the examples."""
    devices = []
    for category, battery_connected in (
        ("inverters", True),
        ("energy_meters", None),
        ("batteries", None),
        ("smart_loads", None),
    ):
        fixed = dict(VALUES["device_values"][category]["0"])
        device = {"category": category, "info": INFO["device_info"][category]["0"]}
        if battery_connected is not None:
            device["battery_connected"] = fixed.pop("battery_connected")
        device["fixed"] = fixed
        devices.append(device)
    return {"wifi": {"ssid": "Home", "password": "secret-password"}, "devices": devices}
