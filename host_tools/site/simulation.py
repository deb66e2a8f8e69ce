"""The site put together as a config.json describes it: physics, line and meters, with one clock."""

import contextlib
import time

from host_tools.site.line import Line
from host_tools.site.meters import Meter, Meters
from host_tools.site.physics import Physics
from host_tools.site.quantities import of_hybrid, of_meter
from host_tools.site.registers import MODELS

_BUS = {"baudrate": 9600, "parity": "none", "stop_bits": 1}  # the defaults of config.json
# What the first, second, ... energy meter without a battery or inverter of its own looks at.
_METER_PLACES = ("grid", "house", "rod", "inverter", "battery")
_PLACES = {"inverters": "inverter", "batteries": "battery", "smart_loads": "rod"}


class SiteError(Exception):
    """The config names something that the site cannot play."""


class Site:
    """Serves the meters of `config` (a dict as in config.json) on `bridge_tty` while it is entered."""

    def __init__(self, config, speed=1.0, hour=10.0, seed=1, physics=None, echo=False):
        self.physics = physics or Physics(seed=seed, hour=hour)
        self.speed = speed
        self._first_second = hour * 3600
        self._begun_s = time.monotonic()
        self._still_second = None
        bus = _BUS | config.get("bus", {})
        self.line = Line(bus["baudrate"], bus["parity"], bus["stop_bits"], echo=echo)
        self.meters = Meters(self.line, self._build(config["devices"]))

    def __enter__(self):
        self._begun_s = time.monotonic()
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.line)
            stack.enter_context(self.meters)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    @property
    def bridge_tty(self):
        return self.line.bridge_tty

    def second(self, at_s=None):
        """Site time in seconds since midnight of the first day; `at_s`: a moment of time.monotonic()."""
        if self._still_second is not None:
            return self._still_second
        at_s = time.monotonic() if at_s is None else at_s
        return self._first_second + (at_s - self._begun_s) * self.speed

    def truth(self, at_s=None):
        return self.physics.at(self.second(at_s))

    def freeze(self, second=None):
        """Hold site time at `second` (default: now), so that nothing changes between two looks."""
        self._still_second = self.second() if second is None else second

    def fault(self, unit, fault):
        """Spoil what `unit` answers from now on (a Fault), or heal it (None)."""
        self.meters.by_unit[unit].fault = fault

    def _build(self, devices):
        """One meter a unit, whatever number of devices it is for the charger."""
        meters = {}
        for place, (index, device) in zip(_places(devices), enumerate(devices)):
            if "profile" not in device:
                continue
            name, unit = device["profile"], device["unit"]
            if name not in MODELS:
                raise SiteError(
                    f"devices[{index}].profile: the site cannot play {name!r}; it knows {', '.join(MODELS)}"
                )
            if unit in meters and meters[unit].profile != name:
                raise SiteError(
                    f"devices[{index}].unit: {unit} is already a {meters[unit].profile}"
                )
            if unit not in meters or device["category"] == "inverters":
                meters[unit] = Meter(unit, name, self._quantities(name, unit, *place))
        return list(meters.values())

    def _quantities(self, name, unit, place, share):
        if name == "deye-3p-hybrid":
            return lambda: of_hybrid(self.truth(), share)
        return lambda: of_meter(self.truth(), place, share) | {"serial": 20_000_000 + unit}


def _places(devices):
    """For each device what it looks at, and its share: several inverters divide the sun among them."""
    inverters = [device for device in devices if device["category"] == "inverters"]
    whole = len(inverters) * (len(inverters) + 1) / 2
    seen = dict.fromkeys(("energy_meters", *_PLACES), 0)
    for device in devices:
        category = device["category"]
        index = seen[category]
        seen[category] += 1
        if category == "energy_meters":
            yield _METER_PLACES[index], 1.0
        elif category == "inverters":
            yield "inverter", (len(inverters) - index) / whole
        else:
            yield _PLACES[category], 1.0
