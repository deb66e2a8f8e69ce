# SPDX-License-Identifier: MIT
"""From the checked config to the devices of the plan, what info.json tells of them, the clamps and the units that are asked."""

from planning import clamp_models, profile, profile_file
from planning.decimals import scaled
from planning.units import UnitPlan
from values.fields import FIELDS, TENTHS, kind_of, power_key
from values.readings import OMIT, POLICIES

# Of the first energy meter that measures them: what clamps take for their watts, the nth of a set those of phase n.
_VOLTAGES = ("voltage_l1", "voltage_l2", "voltage_l3")
# What the fuses of a house mostly carry at the most, where config.json does not say it: a reading beyond is doubted, never refused.
_FUSE_A = 63
_PHASES, _VOLTS = 3, 230
_GRID = (None, 1)  # info.location of a meter at the grid
_LEAST_DV = 500  # less is no mains: a meter that has just started says 0, and a clamp goes by the nominal voltage then
_DAY, _TOTAL = "pv_energy_day_wh", "pv_energy_total_wh"


class Site:
    """What a config describes, in the order that it is written. load(kind, name) gives profiles and clamp models."""

    def __init__(self, config, load):
        self.devices = []  # as in plan.json
        self.infos = []  # (category, index, dict) of each device
        self.with_battery = []  # inverters with a battery behind them
        self.told = []  # devices whose unit tells the serial number
        self.clamps = []  # as in plan.json
        self.load_device = None  # the house load as a device of its own, where clamps measure it
        self.units = []
        self.caveats = {}  # profile -> its `caveat`
        self.needs_clock = False  # a day is counted from a total
        self._voltages = {}  # phase -> [device, key], where a meter measures them and clamps want them
        self._config = config
        self._load = load
        self._fuse_a = config["site"]["fuse_a"]
        self._most_w = _PHASES * _VOLTS * (self._fuse_a or _FUSE_A)
        measured = config["load_power"] if isinstance(config["load_power"], dict) else None
        entries = config["devices"] + ([measured] if measured else [])
        self._phases = max([len(entry.get("clamp", ())) for entry in entries])
        for entry in config["devices"]:
            self._add(entry)
        if measured:
            self._add_load(measured)

    def locations(self):
        """info.location of each energy meter by its index."""
        return {
            index: info.get("location")
            for category, index, info in self.infos
            if category == "energy_meters"
        }

    def _add(self, entry):
        category = entry["category"]
        index = len([one for one in self.devices if one["category"] == category])
        limit_ms = self._config["freshness"]["limit_s"] * 1000
        policy = POLICIES.index(entry["when_stale"])
        device = _device(category, index, power_key(category), limit_ms, policy)
        if entry.get("battery_connected"):
            self.with_battery.append(len(self.devices))
        info = dict(entry["info"])
        self.devices.append(device)
        self.infos.append((category, index, info))
        if "fixed" in entry:
            _fix(device, entry)
        elif "profile" in entry:
            self._add_profile(device, entry, info)
        else:
            _add_field(device, device["power"])
            self._add_clamps(entry)
        if entry.get("mode") is not None:
            _add_field(device, "mode", entry["mode"])

    def _add_load(self, entry):
        """The house load is left out of values.json while it is unknown; nothing else depends on it."""
        limit_ms = self._config["freshness"]["limit_s"] * 1000
        device = _device("load", 0, "load_power_w", limit_ms, OMIT)
        _add_field(device, device["power"])
        self.load_device = len(self.devices)
        self.devices.append(device)
        self._add_clamps(entry)

    def _add_clamps(self, entry):
        """The clamps of the device that was added last: one for each phase."""
        models = {entry["model"]: self._load("model", entry["model"])} if entry["model"] else {}
        figures = clamp_models.scale(entry, models)
        for phase, name in enumerate(entry["clamp"]):
            clamp = dict(figures, name=name, device=len(self.devices) - 1, phase=phase)
            self.clamps.append(clamp)

    def clamps_with_voltages(self):
        """To be asked when all devices are known: a meter may stand behind the clamp in the list."""
        return [dict(clamp, voltage=self._voltages.get(clamp["phase"])) for clamp in self.clamps]

    def _unit(self, entry, description):
        """The plan of the entry's unit; what holds for one device of a unit holds for all."""
        limits = description.get("limits", {})
        for unit in self.units:
            if unit.address == entry["unit"]:
                unit.narrow(limits)
                return unit
        unit = UnitPlan(entry["unit"], limits, self._longest(entry["unit"]))
        self.units.append(unit)
        return unit

    def _longest(self, number):
        """timeout_ms and pause_ms as the config's entries of a unit say: the longest of each, or None."""
        entries = [one for one in self._config["devices"] if one.get("unit") == number]
        return {
            key: max([one[key] for one in entries if one.get(key) is not None], default=None)
            for key in ("timeout_ms", "pause_ms")
        }

    def _add_profile(self, device, entry, info):
        description = self._load("profile", entry["profile"])
        position = len(self.devices) - 1
        category = device["category"]
        unit = self._unit(entry, description)
        caveat = profile_file.caveat(description)
        if caveat:
            self.caveats[entry["profile"]] = caveat
        if "sunspec" in description:
            unit.search(description)
        if unit.identify(description, position, "serial" in info):
            self.told.append(position)
        info.setdefault("model", "%s %s" % (description["vendor"], description["model"]))
        offered = profile.role(description, category)
        volts = []
        if category == "energy_meters":
            volts = self._add_voltages(offered, position, entry["phase"])
        choice = description.get("choice")
        if not choice:
            self._add_quantities(device, entry, info, description, volts, unit, unit.quantities)
            return
        unit.choose(choice, entry["variant"])
        for name in sorted(choice["profiles"]):
            other = self._load("profile", name)
            unit.narrow(other.get("limits", {}))
            found = unit.sets.setdefault(name, [])
            self._add_quantities(device, entry, info, other, volts, unit, found)

    def _add_quantities(self, device, entry, info, description, volts, unit, found):
        """What is read for a device by one profile."""
        position = len(self.devices) - 1
        category = device["category"]
        offered = profile.role(description, category)
        pairs = profile.wanted(category, offered, entry["invert"])
        pairs += [pair for pair in volts if pair[1] in offered]
        for key, name in pairs:
            _add_field(device, key)
            made = profile.quantity(position, key, name, description, category, entry["invert"])
            if name in _VOLTAGES:
                made.low = max(made.low, _LEAST_DV)
            if key == "inv_power_ac_w" and "max_ac_w" in info:
                # Inverters may exceed their plate for a moment; half as much again is a wrong reading.
                _limit(made, info["max_ac_w"] * 3 // 2)
            if key == "grid_power_w" and self._fuse_a and info.get("location") in _GRID:
                # A fuse carries half as much again for an hour, twice as much for minutes.
                _limit(made, 2 * self._most_w)
            made.doubt = self._doubt(made, device, key, name)
            if key == _TOTAL and _DAY not in [key for key, _ in pairs]:
                self._count_day(device, made, "%s %d %s" % (entry["profile"], unit.address, name))
            found.append(made)

    def _doubt(self, made, device, key, name):
        """What one reading alone is not believed: W beyond the fuses, and of a counter as many Wh at once, an hour of them."""
        if key == device["power"]:
            return self._most_w if made.low < -self._most_w or made.high > self._most_w else None
        return self._most_w if name.startswith("energy") and name != "energy_day" else None

    def _add_voltages(self, offered, position, phase):
        """The volts that clamps want and no meter before has; phase: where a meter of one phase sits, or None."""
        pairs = []
        for i, name in enumerate(_VOLTAGES):
            at = i + (phase or 1) - 1
            if name in offered and at < self._phases and at not in self._voltages:
                pairs.append((name, name))
                self._voltages[at] = [position, name]
        return pairs

    def _count_day(self, device, quantity, of):
        """The unit has no energy of the day: it is counted from this total."""
        self.needs_clock = True
        _add_field(device, _DAY)
        quantity.day_of = of


def _device(category, index, power, limit_ms, policy):
    return {
        "category": category,
        "index": index,
        "power": power,
        "limit_ms": limit_ms,
        "policy": policy,
        "fields": {},
        "tenths": [],
    }


def _add_field(device, key, value=None):
    device["fields"][key] = value
    if kind_of(device["category"], key) == TENTHS and key not in device["tenths"]:
        device["tenths"].append(key)


def _limit(quantity, limit_w):
    quantity.low, quantity.high = max(quantity.low, -limit_w), min(quantity.high, limit_w)


def _fix(device, entry):
    for key, kind, _ in FIELDS[device["category"]]:
        if key in entry["fixed"]:
            value = entry["fixed"][key]
            if key == device["power"] and entry["invert"]:
                value = -value
            _add_field(device, key, scaled(value, 1) if kind == TENTHS else value)
