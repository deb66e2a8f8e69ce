# SPDX-License-Identifier: MIT
"""Runs on the board instead of the bridge: bus and clamps only, one JSON line for each window.

The lines have the shape of /status.json. Stop it by ending mpremote; a reset brings the bridge back.
"""

import json
import sys
import time

import machine

# The bridge's own watchdog cannot be turned off, and bites ten minutes after it was interrupted.
_WATCHDOG_MS = 60000


def root():
    """Where the application lies, as main.py chooses it where /slot is whole."""
    try:
        with open("/slot") as file:
            named = [word for word in file.read().split() if word.startswith("/")]
    except OSError:
        named = []
    return named[0].rstrip("/") if named else ""


def measuring(folder):
    """(devices, bus or None, clamps) as the bridge has them."""
    from firmware.modes import bridge
    from firmware.modes.store import Store
    from loading import values as loading
    from values.documents import Info

    plan = Store(folder).plan(0)
    if plan is None:
        print("the board has no plan yet: let the bridge start once")
        sys.exit(1)
    devices = loading.devices(plan["devices"])
    bus = bridge.bus_of(plan, devices, Info(plan["info"]), bridge.clock_of(plan))
    clamps = bridge.clamps_of(plan, devices, bus)
    if clamps is None:
        print("config.json has no clamp")
        sys.exit(1)
    return devices, bus, clamps


def device(entry, now_ms):
    fields = {}
    ages = {}
    for key in entry.fields:
        value, at_ms = entry.fields[key], entry.at_ms[key]
        tenths = key in entry.tenths and value is not None
        fields[key] = value / 10 if tenths else value
        ages[key] = None if at_ms is None else time.ticks_diff(now_ms, at_ms)
    return {"device": entry.label.decode(), "fields": fields, "age_ms": ages}


def run():
    folder = root()
    sys.path[:] = [folder, folder + "/lib", ".frozen"]
    devices, bus, clamps = measuring(folder)
    watchdog = machine.WDT(timeout=_WATCHDOG_MS)
    told = -1
    while True:
        now_ms = time.ticks_ms()
        if bus:
            bus.step(now_ms)
        clamps.step(now_ms)
        watchdog.feed()
        if clamps.cycles != told:
            told = clamps.cycles
            results = {clamp.name: clamp.result for clamp in clamps.clamps}
            told_devices = [device(entry, now_ms) for entry in devices]
            print(json.dumps({"clamps": results, "devices": told_devices}))


run()
