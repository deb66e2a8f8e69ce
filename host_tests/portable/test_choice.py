# SPDX-License-Identifier: MIT
"""A unit says which of its profile's models it is; until then, and after each silence, nothing of it is served."""

import json

from line import Line
from loading import units
from loading import values as loading
from meters.poller import Poller
from modbus.master import Master
from planning import plan, settings

BOARD = {
    "uart": {"id": 1, "tx": 17, "rx": 16, "de": 4},
    "clamps": {},
    "free": [],
    "led": {"pin": 2, "active": "high"},
    "button": None,
    "on": [],
}
SMALL = {
    "vendor": "Acme",
    "model": "up to 8 kW",
    "source": ["acme/manuals"],
    "limits": {"timeout_ms": 200},
    "defaults": {"function": 3, "type": "s16", "word_order": "big"},
    "roles": {
        "energy_meters": {
            "power": {"address": 40, "scale": "1 W", "positive": "import"},
        },
        "batteries": {
            "power": {"address": 50, "scale": "1 W", "positive": "discharge"},
            "soc": {"address": 90, "scale": "1 %"},
        },
    },
    # The rated power in 0.1 W, the low word first.
    "choice": {
        "function": 3,
        "address": 16,
        "type": "u32",
        "word_order": "little",
        "profiles": {"small": [[20000, 94999]], "large": [[95000, 200000]]},
    },
}
LARGE = {
    "extends": "small",
    "model": "from 10 kW on",
    "source": ["acme/manuals"],
    "roles": {"energy_meters": {"power": {"scale": "10 W"}}},
}
FILES = {"small": SMALL, "large": LARGE}
GRID, BATTERY = 0, 1


def words(rated=None):
    """Registers of a unit; rated: in 0.1 W, None where it has no such register."""
    found = {(3, address): 0 for address in range(30, 100)}
    found[3, 40], found[3, 50], found[3, 90] = 0xFDF8, 300, 62  # -520
    if rated is not None:
        found[3, 16], found[3, 17] = rated & 0xFFFF, rated >> 16
    return found


class Site:
    """Grid meter and battery of one unit at number 1."""

    def __init__(self, image, variant=None, profile="small"):
        self.line = Line({1: image})
        self.restarts = []

        def load(kind, name):
            return BOARD if kind == "board" else FILES.get(name)

        devices = [
            {"category": category, "profile": profile, "unit": 1}
            for category in ("energy_meters", "batteries")
        ]
        if variant:
            devices[1]["variant"] = variant
        config = {"wifi": {"ssid": "Home"}, "devices": devices}
        self.plan = plan.make(settings.read(json.dumps(config), load, lambda kind: []), load)
        self.devices = loading.devices(self.plan["devices"])
        master = Master(self.line, 9600)
        (row,) = self.plan["units"]
        self.choice = row["choice"]
        self.unit = units.unit(row, self.devices, None, {}, 2, self.restarts.append)
        self.poller = Poller(master, [self.unit], 1000)

    def run(self, until_ms):
        self.line.run(self.poller, until_ms)
        return (
            self.devices[GRID].fields["grid_power_w"],
            self.devices[BATTERY].fields["bat_power_w"],
        )

    def asked(self, address):
        return [one for one in self.line.requests if one[3] == address]


def test_the_unit_says_which_registers_hold():
    for profile in ("small", "large"):
        for rated, expected in ((80000, (-520, 300)), (120000, (-5200, 300))):
            site = Site(words(rated), profile=profile)
            assert site.run(6000) == expected
            assert site.unit.warning is None
            assert len(site.asked(16)) == 1


def test_a_unit_that_says_something_else_is_not_served():
    site = Site(words(15))
    assert site.run(20000) == (None, None)
    assert site.unit.warning == "says 15, which none of its profile's models says"
    assert {one[3] for one in site.line.requests} == {16}
    # At its first word, once more as after any outage, and then every 30 s: the line is the other units'.
    assert len(site.asked(16)) == 2
    site.run(40000)
    assert len(site.asked(16)) in (3, 4)


def test_a_unit_that_does_not_say_it_is_served_as_the_owner_says():
    site = Site(words())
    assert site.run(20000) == (None, None)
    assert site.unit.warning == (
        'does not say which model it is: choose its "variant" in config.json'
    )
    assert {one[3] for one in site.line.requests} == {16} and len(site.asked(16)) < 10
    assert Site(words(), "small").run(9000) == (-520, 300)
    assert Site(words(), "large").run(9000) == (-5200, 300)
    assert Site(words(15), "large").run(9000) == (-5200, 300)  # a model of neither


def test_a_unit_that_says_other_than_the_owner_is_not_served():
    site = Site(words(120000), "small")
    assert site.run(20000) == (None, None)
    assert site.unit.warning == "says 120000, which is not the variant of config.json"
    assert Site(words(80000), "small").run(9000) == (-520, 300)


def test_it_is_asked_again_after_a_silence():
    site = Site(words(80000))
    site.run(6000)
    site.line.silent.add(1)
    site.run(20000)
    site.line.units[1][3, 40] = 100
    site.line.silent.clear()
    before = len(site.line.requests)
    assert site.run(60000) == (100, 300)
    asked = [(one[3], one[4]) for one in site.line.requests[before:]]
    # One request told that the unit is there again; before it has said which it is, nothing else is asked.
    assert asked.index((16, 2)) == 1
    assert site.unit.warning is None and site.restarts == []


def test_another_model_in_its_place_is_never_misread():
    site = Site(words(80000))
    site.run(6000)
    site.line.silent.add(1)
    site.run(20000)
    site.line.units[1] = words(120000)
    site.line.silent.clear()
    assert site.run(60000) == (-520, 300)  # the old values, which grow old
    assert site.devices[GRID].at_ms["grid_power_w"] < 8000
    assert site.unit.warning == "has become another model"
    assert site.restarts[:1] == ["unit 1 has become another model"]


def test_no_length_of_a_read_is_that_of_the_question():
    site = Site(words())
    assert site.choice["count"] == 2
    for one in site.choice["sets"]:
        counts = [read["count"] for read in (one["set"] or site.plan["units"][0])["reads"]]
        assert 2 not in counts and len(set(counts)) == len(counts)
