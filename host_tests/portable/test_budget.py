# SPDX-License-Identifier: MIT
"""How old a power gets, as the planner reckons it, against the poller on a line whose units fall silent; and what is refused."""

import json

from line import Forgetful, Line
from loading import units as loading
from loading import values
from meters.poller import Poller
from modbus.master import Master
from planning import budget, plan, settings

RENDER_MS = 500  # values.json may have been rendered so long ago
BOARD = {
    "led": None, "button": None, "on": [], "uart": {"id": 2, "tx": 17, "rx": 16, "de": 4}, "clamps": {}, "free": [], "chip": "esp32",
}  # fmt: skip
# A power, and energies that are asked now and then in a long read of their own.
PROFILE = {
    "vendor": "V",
    "model": "M",
    "source": ["a data sheet"],
    "defaults": {"function": 3, "type": "s32", "word_order": "big"},
    "roles": {
        "inverters": {
            "power": {"address": 0, "scale": "1 W", "positive": "generation"},
            "energy_day": {"address": 100, "scale": "1 Wh"},
            "energy_total": {"address": 140, "scale": "1 Wh"},
        },
        "energy_meters": {"power": {"address": 0, "scale": "1 W", "positive": "import"}},
    },
}


CATEGORIES = ("inverters", "energy_meters")


def planned(count, bus, limit_s=60, timeout_ms=500):
    def load(kind, name):
        return {"board": BOARD, "profile": json.loads(json.dumps(PROFILE))}.get(kind)

    devices = [
        {"category": CATEGORIES[i % 2], "profile": "x", "unit": 1 + i, "timeout_ms": timeout_ms}
        for i in range(count)
    ]
    config = {
        "wifi": {"ssid": "Home"},
        "bus": bus,
        "freshness": {"limit_s": limit_s},
        "devices": devices,
    }
    return plan.make(settings.read(json.dumps(config), load, lambda kind: ["x"]), load)


def oldest_ms(made, silent, turnaround_ms):
    """The greatest age of unit 1's power from its first reading on, while these units fall silent and come back."""
    line = Line(
        {row["address"]: {(3, address): 7 for address in range(200)} for row in made["units"]},
        made["line"]["baudrate"],
        turnaround_ms,
    )
    line.requests = Forgetful()
    devices = values.devices(made["devices"])
    units = [loading.unit(row, devices, None, {}, made["slow_every"]) for row in made["units"]]
    master = Master(line, made["line"]["baudrate"], made["line"]["bits"])
    poller = Poller(master, units, made["poll_interval_ms"], made["slow_interval_ms"])
    line.run(poller, line.now_ms + 5000)
    stamps, oldest = devices[0].at_ms, 0
    for ill in (silent, ()):
        line.silent = set(ill)
        until_ms = line.now_ms + 9000
        while line.now_ms < until_ms:
            oldest = max(oldest, line.now_ms - stamps["inv_power_ac_w"])
            line.now_ms += max(1, min(20, poller.step(line.now_ms)))
    return oldest


# (units, bus, time-out)
SITES = [
    (3, {"baudrate": 9600}, 500),
    (4, {"baudrate": 9600, "poll_interval_ms": 200}, 1500),
    (3, {"baudrate": 1200, "poll_interval_ms": 0}, 1000),
]


def test_no_power_gets_older_than_its_budget_whoever_falls_silent():
    for count, bus, timeout_ms in SITES:
        made = planned(count, bus, timeout_ms=timeout_ms)
        for age_ms, silent in zip(budget.ages_ms(made), ((), (2,), (2, 3))):
            took_ms = oldest_ms(made, silent, 15) + RENDER_MS
            assert took_ms <= age_ms, (count, bus, silent, took_ms, age_ms)
            assert took_ms * 3 > age_ms, "a budget that says anything"


def refused(*arguments):
    """What the planner says of a site; "" if it takes it."""
    try:
        planned(*arguments)
    except settings.SettingsError as error:
        return str(error)
    return ""


def test_line_on_which_every_power_grows_stale_is_refused_with_what_to_change():
    # One s32 at 1200 Bd 8N1: 8 + 5 + 4 characters of 10 bits, 142 ms; 20 ms until the reply, 34 ms of silence: 196 ms.
    bus = {"baudrate": 1200, "poll_interval_ms": 0}
    assert refused(5, bus, 1) == ""
    assert refused(6, bus, 1) == (
        "freshness.limit_s: 1 s is less than reading all powers takes, about 1176 ms; bus.baudrate 2400 or more, "
        "fewer devices or a longer limit_s is needed"
    )
    assert refused(6, bus, 2) == refused(6, dict(bus, baudrate=2400), 1) == ""


def test_line_that_no_baudrate_makes_fast_enough_is_told_so():
    made = planned(2, {"baudrate": 9600, "poll_interval_ms": 0})
    for unit in made["units"]:
        unit["pause_ms"] = 600
    try:
        budget.hold(made, 1)
    except settings.SettingsError as error:
        assert str(error).endswith(" ms; fewer devices or a longer limit_s is needed"), error
    else:
        raise AssertionError
