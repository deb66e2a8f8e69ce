"""From the checked config to devices, links and quantities: made once at boot."""

from meters.bus import Link
from meters.identity import identities
from planning import grouping, profile
from values.fields import FIELDS, TENTHS
from values.readings import OMIT, POLICIES, Device

# Of the first energy meter that measures them: what clamps take for their watts, the nth of a set those of phase n.
_VOLTAGES = ("voltage_l1", "voltage_l2", "voltage_l3")
_DAY, _TOTAL = "pv_energy_day_wh", "pv_energy_total_wh"


class Site:
    """What a config describes. Without a method of its own, so that the code that fills it can go."""


class Builder:
    """Fills `site` from a config. load(kind, name) gives profiles."""

    def __init__(self, config, load):
        self.site = site = Site()
        site.devices = []
        site.infos = []  # (category, index, info)
        site.locations = {}  # of energy meters, by index
        site.clamps = []  # (device, its entry of the config)
        site.load = None  # the house load as a device, where clamps measure it
        site.links = []  # in the order of the config
        site.doubts = {}  # profile -> its `caveat`
        site.voltages = {}  # phase -> (fields, key), where a meter measures them and clamps want them
        site.clock = None  # where a device needs the local day
        self._time = config["time"]
        self._entries = config["devices"]
        self._quantities = {}  # unit -> [Quantity]
        self._identities = {}  # unit -> what is asked of it once
        self._searches = {}  # unit -> (function, bases) of SunSpec
        self._limit_ms = config["freshness"]["limit_s"] * 1000
        measured = config["load_power"] if isinstance(config["load_power"], dict) else {}
        sets = [entry.get("clamp", ()) for entry in config["devices"] + [measured]]
        self._phases = max([len(names) for names in sets])
        for entry in config["devices"]:
            self._add(entry, load)
        if measured:
            self._add_load(measured)

    def transactions(self, master, slow_every):
        """The plan of all links, in the order of the config."""
        found = []
        for link in self.site.links:
            reads = self._reads(link, self._quantities[link.unit], master, slow_every)
            found += grouping.shaped(reads + self._identities[link.unit])
        return found

    def _reads(self, link, quantities, master, slow_every):
        if link.unit not in self._searches:
            return grouping.transactions(link, quantities, master, slow_every)
        from meters.sunspec import Search

        function, bases = self._searches[link.unit]
        return [Search(link, function, bases, quantities, master, slow_every)]

    def _add(self, entry, load):
        category = entry["category"]
        index = len([device for device in self.site.devices if device.category == category])
        device = Device(category, index, self._limit_ms, POLICIES.index(entry["when_stale"]))
        device.battery_connected = entry.get("battery_connected", False)
        info = dict(entry["info"])
        if "fixed" in entry:
            _fix(device, entry)
        elif "profile" in entry:
            self._add_profile(device, entry, load("profile", entry["profile"]), info)
        else:
            device.add(device.power)
            self.site.clamps.append((device, entry))
        if entry.get("mode") is not None:
            device.fix("mode", entry["mode"])
        self.site.devices.append(device)
        self.site.infos.append((category, index, info))
        if category == "energy_meters":
            self.site.locations[index] = info.get("location")

    def _add_load(self, entry):
        """Left out of values.json while it is unknown; nothing else depends on it."""
        device = Device("smart_loads", 0, self._limit_ms, OMIT)
        device.category, device.label, device.power = "load", b"load", "load_power_w"
        device.add(device.power)
        self.site.load = device
        self.site.clamps.append((device, entry))

    def _add_profile(self, device, entry, description, info):
        unit, invert = entry["unit"], entry["invert"]
        other = Link(
            unit,
            description.get("limits", {}),
            self._longest(unit, "timeout_ms"),
            self._longest(unit, "pause_ms"),
        )
        if unit not in self._quantities:
            self.site.links.append(other)
            self._quantities[unit] = []
            self._identities[unit] = []
        caveat = description.get("caveat", description.get("doubt"))
        if caveat:
            self.site.doubts[entry["profile"]] = caveat
        if "sunspec" in description:
            function = description["defaults"]["function"]
            self._searches[unit] = (function, description["sunspec"]["bases"])
        link = [link for link in self.site.links if link.unit == unit][0]
        if link is not other:
            _narrow(link, other)
        self._identities[unit] += identities(link, description, info)
        info.setdefault("model", "%s %s" % (description["vendor"], description["model"]))
        offered = profile.role(description, device.category)
        pairs = profile.wanted(device.category, offered, invert)
        if not self.site.voltages and device.category == "energy_meters":
            for phase in range(self._phases):
                name = _VOLTAGES[phase]
                if name in offered:
                    pairs.append((name, name))
                    self.site.voltages[phase] = (device.fields, name)
        for key, name in pairs:
            device.add(key)
            of = "%s %d %s" % (entry["profile"], unit, name)
            target = self._with_day(device, key, pairs, of)
            made = profile.quantity(target, key, name, description, device.category, invert)
            if key == "inv_power_ac_w" and "max_ac_w" in info:
                # Inverters may exceed their plate for a moment; half as much again is a wrong reading.
                limit_w = info["max_ac_w"] * 3 // 2
                made.low, made.high = max(made.low, -limit_w), min(made.high, limit_w)
            self._quantities[unit].append(made)

    def _longest(self, unit, key):
        """What the config's entries of a unit say, or None."""
        given = [one[key] for one in self._entries if one.get("unit") == unit]
        return max([ms for ms in given if ms is not None], default=None)

    def _with_day(self, device, key, pairs, of):
        """What a total is put into: the device, or what counts the day beside it where the unit does not."""
        if key != _TOTAL or _DAY in [key for key, _ in pairs]:
            return device
        from firmware.midnight import Midnight
        from meters.daily import Daily

        if self.site.clock is None:
            from firmware.clock import Clock
            from planning import zone

            self.site.clock = Clock(self._time, zone.changes(self._time["zone"]))
        kept = Midnight(of)
        device.add(_DAY)
        return Daily(device, _DAY, self.site.clock.day, kept.load, kept.save)


def _narrow(link, other):
    """What holds for one device of a unit holds for all: the strictest of their limits."""
    link.timeout_ms = max(link.timeout_ms, other.timeout_ms)
    link.pause_ms = max(link.pause_ms, other.pause_ms)
    link.registers_per_read = min(link.registers_per_read, other.registers_per_read)
    link.walls = set(link.walls) | set(other.walls)
    link.holes = list(link.holes) + [hole for hole in other.holes if hole not in link.holes]


def _fix(device, entry):
    for key, kind, _ in FIELDS[device.category]:
        if key in entry["fixed"]:
            value = entry["fixed"][key]
            if key == device.power and entry["invert"]:
                value = -value
            device.fix(key, round(value * 10) if kind == TENTHS else value)
