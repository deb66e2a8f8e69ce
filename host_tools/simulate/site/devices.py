# SPDX-License-Identifier: MIT
"""The devices of a config.json: where in the site each is, and what the charger must hear of it.

The first energy meter is the grid's, further ones measure house, rod, inverter and battery; several
inverters share the sun, the first one most of it. A hybrid's meter is always the grid's. A device with
`invert` was mounted the wrong way round: its registers carry the opposite sign.
"""

from dataclasses import dataclass, field

from host_tools.simulate.site.profile_quantities import is_hybrid
from host_tools.simulate.site.quantities import PLACES

_METER_PLACES = ("grid", "house", "rod", "inverter", "battery")
_PLACES = {"inverters": "inverter", "batteries": "battery", "smart_loads": "rod"}
_CATEGORIES = ("energy_meters", *_PLACES)


class SiteError(Exception):
    """The config names something that the site cannot play."""


@dataclass
class Device:
    category: str
    index: str  # as in values.json: "0" to "4"
    entry: dict  # as in config.json
    place: str
    share: float
    volts_known: bool = False  # a meter on the bus tells the clamps their volts
    profile: dict = field(
        default_factory=dict
    )  # with all that it extends; empty: it is measured by clamps

    @property
    def turned(self):
        return bool(self.entry.get("invert"))

    @property
    def hybrid(self):
        return bool(self.profile) and is_hybrid(self.profile)

    @property
    def quantities(self):
        """The names of what its profile has in its role."""
        roles = self.profile.get("roles", {})
        found = roles.get(self.category, {})
        return roles[found] if isinstance(found, str) else found

    def fields(self, truth):
        """The charger's fields that this device's source can fill, as floats."""
        power_w = self._power_w(truth)
        if self.category == "load":
            return {"load_power_w": power_w}
        if self.category == "energy_meters":
            return {"grid_power_w": power_w}
        if self.category == "smart_loads":
            known = {"temp": truth.rod_temp_c} if "temperature" in self.quantities else {}
            return {"sl_power_w": power_w} | known
        if self.category == "inverters":
            return {"inv_power_ac_w": power_w} | self._energies(truth)
        return {"bat_power_w": power_w} | ({"soc": truth.soc} if "soc" in self.quantities else {})

    @property
    def clamps(self):
        """The names of its clamps; the nth sits on phase n."""
        names = self.entry.get("clamp", [])
        return [names] if isinstance(names, str) else names

    def clamp_a(self, truth, phase=0):
        """What a clamp on that phase of the device sees."""
        phases_w = PLACES[self.place](truth)[1]
        return abs(phases_w[phase]) * self.share / truth.voltages_v[phase]

    def clamp_volts(self, truth, phase=0):
        """At the pin."""
        return self.clamp_a(truth, phase) / _amps_per_volt(self.entry)

    def _power_w(self, truth):
        """In the charger's sign; without a meter a clamp goes by the volts that the config gives."""
        if self.clamps:
            return sum(self._clamp_w(truth, phase) for phase in range(len(self.clamps)))
        power_w = PLACES[self.place](truth)[0] * self.share
        return power_w if self.category in ("energy_meters", "smart_loads") else -power_w

    def _clamp_w(self, truth, phase):
        volts = truth.voltages_v[phase] if self.volts_known else self.entry.get("voltage", 230)
        return self.clamp_a(truth, phase) * volts * self.entry.get("power_factor", 1)

    def _energies(self, truth):
        found = {}
        if "energy_day" in self.quantities:
            found["pv_energy_day_wh"] = truth.pv_day_wh * self.share
        if (
            "energy_total" in self.quantities
            and "batteries" in self.profile["roles"]
            and self.hybrid
        ):
            found["pv_energy_total_wh"] = truth.pv_wh * self.share
        elif {"energy_total", "energy_export"} & set(self.quantities):
            found["pv_energy_total_wh"] = truth.generation_wh * self.share
        return found


def devices_of(config, profile_of):
    """The devices of a config.json that have a source (`fixed` ones have none). profile_of(name): the whole profile, or None."""
    try:
        return list(_devices(config["devices"], profile_of)) + _load(config)
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise SiteError(f"the config is not complete: {error!r}") from error


def _load(config):
    """The clamps on the house's conductors, if that is how its load is measured."""
    entry = config.get("load_power")
    if not isinstance(entry, dict):
        return []
    _amps_per_volt(entry)
    return [Device("load", "0", entry, "house", 1.0, _metered(config["devices"]))]


def _metered(entries):
    return any(e["category"] == "energy_meters" and "profile" in e for e in entries)


def _devices(entries, profile_of):
    inverters = sum(entry["category"] == "inverters" for entry in entries)
    metered = _metered(entries)
    seen = dict.fromkeys(_CATEGORIES, 0)
    for number, entry in enumerate(entries):
        category = entry["category"]
        index = seen[category]
        seen[category] += 1
        profile = {}
        if "profile" in entry:
            profile = _checked(entry, f"devices[{number}]", profile_of)
        elif "clamp" in entry:
            _amps_per_volt(entry)
        else:
            continue
        weight = (inverters - index) / (inverters * (inverters + 1) / 2) if inverters else 1
        share = weight if category == "inverters" else 1.0
        device = Device(category, str(index), entry, "", share, metered, profile)
        device.place = _place(device, index)
        yield device


def _amps_per_volt(entry):
    """Of the clamp: as calibrated, or by its model (YHDC: 2000 turns and a burden, or the amperes at 1 V)."""
    if "amps_per_volt" in entry:
        return entry["amps_per_volt"]
    amps = int(entry["model"].rpartition("-")[2])
    return amps or 2000 / entry["burden_ohm"]


def _checked(entry, where, profile_of):
    """Its profile."""
    profile = profile_of(entry["profile"])
    if profile is None:
        raise SiteError(f"{where}.profile: there is no profile {entry['profile']!r}")
    if entry["category"] not in profile["roles"]:
        raise SiteError(f"{where}.category: {entry['profile']} has no {entry['category']}")
    if not 1 <= entry["unit"] <= 255:
        raise SiteError(f"{where}.unit: {entry['unit']} is not 1 to 255")
    return profile


def _place(device, index):
    if device.category != "energy_meters":
        return _PLACES[device.category]
    return "grid" if device.hybrid else _METER_PLACES[index]
