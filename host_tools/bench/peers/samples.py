"""What the peers serve, the samples of the maker's document, and how they report."""

import gc
import sys

DEVICE_VALUES = {
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

DEVICE_INFO = {
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


def requests():
    """PORT and REQUESTS of the command line; no REQUESTS: for ever."""
    gc.collect()
    if len(sys.argv) > 3:  # count what is allocated
        gc.disable()
    return int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else -1


def finish():
    """All requests were answered: say what the heap holds, and go."""
    print("heap", gc.mem_alloc())
    sys.exit()
