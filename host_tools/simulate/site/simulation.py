# SPDX-License-Identifier: MIT
"""The site put together as a config.json describes it: physics, line and meters, with one clock."""

import contextlib
import time
from typing import Any

from host_tools.owner.check import Files
from host_tools.paths import ROOT
from host_tools.simulate.site.devices import SiteError, devices_of
from host_tools.simulate.site.line import Line
from host_tools.simulate.site.meters import Meter, Meters
from host_tools.simulate.site.physics import Physics
from host_tools.simulate.site.profile_quantities import measured
from host_tools.simulate.site.profile_table import Played
from host_tools.simulate.site.quantities import of_hybrid, of_meter
from host_tools.simulate.site.registers import HYBRIDS, MODELS

_BUS = {"baudrate": 9600, "parity": "none", "stop_bits": 1}  # the defaults of config.json


class Site:
    """Serves the meters of `config` (a dict as in config.json) on `bridge_tty` while it is entered.

    `physics` may be anything whose `at(second)` gives a Truth, for a test that wants its own; `ratios` has
    the current and voltage transformers before a unit, {3: (40, 1)}; `echo`: see Line. In the first five
    minutes of the default hour and seed the rod heats and the grid goes from feed-in to consumption.
    """

    def __init__(
        self, config, speed=1.0, hour=9.5, seed=2, physics=None, echo=False, ratios=None,
        profile_of=None,
    ):  # fmt: skip
        self.physics = physics or Physics(seed=seed, hour=hour)
        self.speed = speed
        self.devices = devices_of(config, profile_of or Files(ROOT).profile)
        self._first_second = hour * 3600
        self._begun_s = time.monotonic()
        self._still_second = None
        self._ratios = ratios or {}
        bus = _BUS | config.get("bus", {})
        meters = self._meters()
        self.line = Line(bus["baudrate"], bus["parity"], bus["stop_bits"], echo=echo)
        self.meters = Meters(self.line, meters)
        self._others = []
        self._stack: Any = None
        self.told_faults = []  # for a person

    def __enter__(self):
        self._begun_s = time.monotonic()
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.line)
            stack.enter_context(self.meters)
            for other in self._others:
                stack.enter_context(other)
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

    def join(self, other):
        """Somebody else on the line, a context manager, for as long as the site is entered."""
        if self._stack:
            self._stack.enter_context(other)
        else:
            self._others.append(other)

    def turn(self, unit):
        """Mount a meter the other way round, while the config goes on saying what it said."""
        for device in self.devices:
            if device.entry.get("unit") == unit:
                device.entry["invert"] = not device.turned

    def expected(self, truth=None):
        """What values.json must say, as floats in its own shape, for the devices with a source."""
        truth = truth or self.truth()
        values, load = {}, {"load_power_w": truth.load_w}
        for device in self.devices:
            if device.category == "load":
                load = device.fields(truth)
            else:
                values.setdefault(device.category, {})[device.index] = device.fields(truth)
        return {"device_values": values | load}

    def waveforms(self, truth=None):
        """What the virtual board's clamps see: {"ct1": "sine(...)"} in its own notation."""
        truth = truth or self.truth()
        return {
            name: _sine(device.clamp_volts(truth, phase))
            for device in self.devices
            for phase, name in enumerate(device.clamps)
        }

    def _meters(self):
        """One meter a unit, whatever number of devices it is for the charger."""
        units = {}
        for device in self.devices:
            if "profile" not in device.entry:
                continue
            name, unit = device.entry["profile"], device.entry["unit"]
            known, roles = units.setdefault(unit, (name, {}))
            if known != name:
                raise SiteError(f"unit {unit} is both a {known} and a {name}")
            roles[device.category] = device
        return [
            Meter(unit, name, _model(name, unit, roles), self._quantities(name, unit, roles))
            for unit, (name, roles) in units.items()
        ]

    def _quantities(self, name, unit, roles):
        """A function that tells what the meter measures now."""
        if name not in MODELS:
            profile = next(iter(roles.values())).profile
            return lambda: measured(profile, self.truth(), roles)
        if name in HYBRIDS:
            share = roles["inverters"].share if "inverters" in roles else 1.0
            turned = {category for category, device in roles.items() if device.turned}
            return lambda: of_hybrid(self.truth(), share, turned)
        device = next(iter(roles.values()))
        ratios = self._ratios.get(unit, (1, 1))
        return lambda: (
            of_meter(self.truth(), device.place, device.share, device.turned, *ratios)
            | {"serial": 20_000_000 + unit}
        )


def _model(name, unit, roles):
    """Of some makers by the sources themselves, else by the profile's own table."""
    return MODELS.get(name) or Played(next(iter(roles.values())).profile, name, unit)


def _sine(rms_volts):
    return f"sine(amps_rms={rms_volts:.5f}, mv_per_amp=1000, bias_mv=1200, noise_mv=2)"
