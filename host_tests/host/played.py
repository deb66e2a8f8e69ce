# SPDX-License-Identifier: MIT
"""Every profile played as a device: a house at one moment, written into the registers that the sources state.

Neither the tables of registers and their encoder nor identities.csv know the profiles. Where a profile is right against
all tables, its own statement is played. `function` of identities.csv is 3 or 4, or
m1: registers of SunSpec's model 1, counted from its number.
"""

import csv
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from host_tests.host.modbus_device import DevicePort
from host_tests.host.register_facts import Device, is_split
from host_tools.build import register_tables
from host_tools.build.register_tables import sign

# In V, W, Hz, Wh, %, degC.
VOLTS = {"l1": 229.5, "l2": 230.5, "l3": 231.5}
PHASES_W = {"l1": 900, "l2": 1100, "l3": 300}
ALL_PHASES_W = sum(PHASES_W.values())
POWER_W = {
    "inverters": 3170,
    "energy_meters": ALL_PHASES_W,
    "batteries": 1240,
    "smart_loads": 2300,
}
POWER_FACTOR = 0.95
ENERGY_WH = {
    "energy_total": 8351600,
    "energy_day": 12300,
    "energy_import": 1234500,
    "energy_export": 765400,
}
OTHERS = {"soc": 62, "frequency": 49.98, "temperature": 31}


def identities():
    """{profile: [(function, address, words)]}"""
    found = {}
    with open(Path(__file__).with_name("identities.csv"), newline="", encoding="utf-8") as text:
        for row in csv.DictReader(text):
            words = [int(word, 16) for word in row["words"].split()]
            found.setdefault(row["profile"], []).append(
                (row["function"], int(row["address"]), words)
            )
    return found


def facts(profiles):
    """{profile: [Fact, ...]}: of each quantity what the first table says that agrees, else what the profile says."""
    tables = register_tables.load()
    return {name: list(_facts(name, profile, tables)) for name, profile in profiles.items()}


def _facts(name, profile, tables):
    agreeing = register_tables.agreeing(name, profile, tables)
    for key, ours in register_tables.of_profile(name, profile).items():
        for fact in next(iter(agreeing[key].values()), ours):
            yield replace(fact, function=ours[0].function)  # 3 and 4 may answer alike


def _order(item):
    """Phases before the total that may be made of their registers; volts last, for they may tell a direction, too."""
    (_, quantity), _ = item
    return quantity.startswith("voltage"), "_l" not in quantity


class Scene:
    """A house at one moment. direction: 1 takes from the grid, -1 feeds in; load: of the usual one; phases: those with a
    wire; phases_w: what flows in each.
    """

    def __init__(self, direction=1, load=1, phases=tuple(VOLTS), phases_w=PHASES_W):
        self._load = direction * load
        self._phases = phases
        self._phases_w = phases_w

    def device(self, facts, own=()):
        """A register_facts.Device of one profile; own: its rows of identities.csv."""
        device = Device(facts)
        groups = {}
        for fact in facts:
            groups.setdefault((fact.role, fact.quantity), []).append(fact)
        held = set()
        for (role, quantity), parts in sorted(groups.items(), key=_order):
            total = self._total(role, quantity, facts)
            if is_split(parts):
                device.put_split(parts, Fraction(sign(role, parts[1].positive) * total))
                continue
            for fact, value in self._split(role, parts, total):
                place = fact.function, fact.place
                if place not in held:
                    held.add(place)
                    device.put(fact, Fraction(value), bool(fact.direction) and value < 0)
        for function, address, words in own:
            base = device.bases[1] if function == "m1" else 0
            for i, word in enumerate(words):
                device.words[3 if function == "m1" else int(function), base + address + i] = word
        return device

    def _total(self, role, quantity, facts):
        kind, _, rest = quantity.partition("_")
        if kind == "voltage":
            return VOLTS[rest] if rest in self._phases else 0
        if kind == "current":
            phased = any(
                f.role == role and f.quantity in ("voltage_l2", "power_l1") for f in facts
            )
            power_w = self._phase_w(rest) if phased else self._power_w(role)
            return abs(power_w) / VOLTS[rest] / POWER_FACTOR
        if kind == "power":
            return (
                self._phase_w(rest) * POWER_W[role] / ALL_PHASES_W if rest else self._power_w(role)
            )
        return ENERGY_WH[quantity] if kind == "energy" else OTHERS[quantity]

    def _phase_w(self, phase):
        return self._phases_w[phase] * self._load if phase in self._phases else 0

    def _power_w(self, role):
        return sum(map(self._phase_w, VOLTS)) * POWER_W[role] / ALL_PHASES_W

    def _split(self, role, facts, total):
        """Of a sum of registers: equal phases; or strings, or one register for each direction, of which one holds all."""
        if facts[0].kind != "power":
            return [(fact, total / len(facts)) for fact in facts]
        fitting = [
            fact
            for fact in facts
            if fact.signed or fact.direction or (sign(role, fact.positive) > 0) == (total >= 0)
        ]
        holding = fitting if len(fitting) == len(facts) == 3 else fitting[:1]
        return [
            (fact, sign(role, fact.positive) * total / len(holding) if fact in holding else 0)
            for fact in facts
        ]


class PlayedPort(DevicePort):
    """A device played by pymodbus on a virtual clock, for host_tools.owner.line.Line."""

    fixed = False
    TURNAROUND_MS = 20

    def __init__(self, image):
        super().__init__(image)
        self._now_ms = self._ready_ms = 0
        self._baudrate = 9600

    def configure(self, baudrate, parity, stop_bits):
        self._baudrate = baudrate
        return True

    def now_ms(self):
        return self._now_ms

    def sleep_ms(self, duration_ms):
        self._now_ms += duration_ms

    def finish(self):
        super().finish()
        self._ready_ms = (
            self._now_ms + self.TURNAROUND_MS + len(self._reply) * 10000 // self._baudrate
        )

    def any(self):
        return super().any() if self._now_ms >= self._ready_ms else 0
