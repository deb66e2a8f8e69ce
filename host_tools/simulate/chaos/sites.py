# SPDX-License-Identifier: MIT
"""The houses of the chaos runs: a config.json, the units on its line, and which of their values the charger hears.

`heard`: {(category, index, key): (unit, ((signal, sign), ...), tenths?)}; several signals are added. A sum is made of numbers that
were each true, perhaps at moments that differ: registers of different reads.
`load`: whose powers make load_power_w, by DiniTech's Custom API 1.4 and docs/api.md.
"""

import random
from dataclasses import dataclass

from host_tools.simulate.chaos import makers

_POWERS = ("inv_power_ac_w", "grid_power_w", "bat_power_w", "sl_power_w")


def is_power(key: str) -> bool:
    return key in _POWERS


@dataclass
class Site:
    name: str
    entries: list  # config.json's devices
    units: dict  # address: (class, options)
    heard: dict
    load: list  # (category, index)
    bus: dict
    clamp: tuple = ()  # (category, index) whose power a clamp measures
    with_battery: bool = False  # behind its inverter

    def fixed(self):
        """{(category, index, key): value} of what the config says once and for all."""
        found: dict = {(*_INV, "battery_connected"): self.with_battery}
        if _BATTERY in self.heard:
            found[(*_BAT, "mode")] = 0
        return found

    def serials(self):
        """{(category, index): serial number} of the units that have one."""
        return {
            place[:2]: str(self.units[unit][0].serial)
            for place, (unit, _) in self.heard.items()
            if hasattr(self.units[unit][0], "serial")
        }


def _entry(category, profile, unit, **more):
    return {"category": category, "profile": profile, "unit": unit, **more}


_GRID = ("energy_meters", 0, "grid_power_w")
_PV, _DAY, _TOTAL = (
    ("inverters", 0, key) for key in ("inv_power_ac_w", "pv_energy_day_wh", "pv_energy_total_wh")
)
_BATTERY, _SOC = ("batteries", 0, "bat_power_w"), ("batteries", 0, "soc")
_INV = ("inverters", 0)
_BAT = ("batteries", 0)
_GRID_METER = ("energy_meters", 0)


def _one(unit, signal, sign=1):
    return unit, ((signal, sign),)


def _hybrid(unit):
    """What is heard of a hybrid with signals of these names."""
    return {
        _PV: _one(unit, "inverter"),
        _DAY: _one(unit, "day"),
        _TOTAL: _one(unit, "total"),
        _BATTERY: _one(unit, "battery"),
        _SOC: _one(unit, "soc"),
    }


def _plain():
    """As config.example.json: a meter, a hybrid whose battery is behind it, a heating rod on a clamp."""
    entries = [
        _entry("energy_meters", "eastron-sdm630", 1),
        _entry("inverters", "deye-3p-hybrid", 2, battery_connected=True),
        _entry("batteries", "deye-3p-hybrid", 2),
        {"category": "smart_loads", "clamp": "ct1", "amps_per_volt": 30, "voltage": 230},
    ]
    return Site(
        "plain",
        entries,
        {1: (makers.Sdm630, {}), 2: (makers.Deye, {})},
        {_GRID: _one(1, "power"), **_hybrid(2)},
        [_INV, _GRID_METER],
        {"baudrate": 9600},
        clamp=("smart_loads", 0),
        with_battery=True,
    )


def _scale_factors():
    """SunSpec: every power has a scale factor, which changes."""
    return Site(
        "scale factors",
        [
            _entry("inverters", "sunspec-inverter", 1),
            _entry("energy_meters", "sunspec-meter", 2),
        ],
        {
            1: (makers.SunSpecInverter, {"before": [(120, 26)]}),
            2: (makers.SunSpecMeter, {"base": 50000}),
        },
        {
            _PV: _one(1, "power"),
            _TOTAL: _one(1, "total"),
            _GRID: _one(2, "power"),
        },
        [_INV, _GRID_METER],
        {"baudrate": 19200},
    )


def _directions():
    """A battery whose sign stands in a register of its own, and a meter beside it."""
    profile = "sungrow-sh-old-firmware"
    return Site(
        "directions",
        [
            _entry("inverters", profile, 1, battery_connected=True),
            _entry("energy_meters", profile, 1),
            _entry("batteries", profile, 1),
            _entry("smart_loads", "chint-dtsu666", 7),
        ],
        {1: (makers.SungrowOld, {}), 7: (makers.Dtsu666, {})},
        {
            **_hybrid(1),
            _GRID: _one(1, "power"),
            ("smart_loads", 0, "sl_power_w"): _one(7, "power"),
        },
        [_INV, _GRID_METER],
        {"baudrate": 9600},
        with_battery=True,
    )


def _sums():
    """Powers that are the sum of registers without sign."""
    profile = "growatt-sph"
    flow = (("discharge", 1), ("charge", -1))
    return Site(
        "sums",
        [
            _entry("energy_meters", profile, 1),
            _entry("inverters", profile, 1, battery_connected=False),
            _entry("batteries", profile, 1),
            _entry("smart_loads", "eastron-sdm630", 2, invert=True),
        ],
        {1: (makers.Growatt, {}), 2: (makers.Sdm630, {})},
        {
            _GRID: (1, (("import", 1), ("export", -1))),
            _PV: (1, (("pv", 1), *flow)),
            _DAY: _one(1, "day"),
            _TOTAL: _one(1, "total"),
            _BATTERY: (1, flow),
            _SOC: _one(1, "soc"),
            ("smart_loads", 0, "sl_power_w"): _one(2, "power", -1),
        },
        [_INV, _GRID_METER, _BAT],
        {"baudrate": 9600},
    )


def _twins():
    """Three meters of one kind on one line: only their addresses tell them apart."""
    return Site(
        "twins",
        [
            _entry("energy_meters", "eastron-sdm630", 1),
            _entry("inverters", "eastron-sdm630", 2),
            _entry("smart_loads", "eastron-sdm630", 3),
        ],
        {n: (makers.Sdm630, {}) for n in (1, 2, 3)},
        {
            _GRID: _one(1, "power"),
            _PV: _one(2, "power", -1),  # a meter's import is what the inverter takes
            _TOTAL: _one(2, "export"),
            ("smart_loads", 0, "sl_power_w"): _one(3, "power"),
        },
        [_INV, _GRID_METER],
        {"baudrate": 38400},
    )


SITES = {
    "plain": _plain,
    "scale factors": _scale_factors,
    "directions": _directions,
    "sums": _sums,
    "twins": _twins,
}


def drawn(seed, name=None):
    """(site, config.json as a dict) of a seed."""
    chance = random.Random(f"{seed} site")
    site = SITES[name or chance.choice(list(SITES))]()
    freshness = {
        "limit_s": chance.choice((7, 7, 7, 4, 12)),
        "when_stale": chance.choice(("error", "error", "error", "omit", "hold")),
    }
    site.bus["poll_interval_ms"] = chance.choice((1000, 1000, 1000, 200, 0))
    config = {
        "wifi": {"ssid": "Home", "password": "correct horse"},
        "board": "esp32-devkit-max3485",
        "bus": site.bus,
        "freshness": freshness,
        "load_power": "computed",
        "devices": site.entries,
    }
    return site, config
