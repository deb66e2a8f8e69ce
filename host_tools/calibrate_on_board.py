"""Runs on the board instead of the bridge: bus and clamps only, one JSON line for each window.

The lines have the shape of /status.json. Stop it by ending mpremote; a reset brings the bridge back.
"""

import json
import sys
import time


def root():
    """Where the application lies, as /main.py says."""
    with open("/main.py") as file:
        for line in file:
            if line.startswith("ROOT = "):
                return line.split('"')[1]
    return ""


def parts(folder):
    """(devices, bus or None, clamps)."""
    from firmware import app

    store = app.Store(folder)
    config = app._settings(store)
    if config is None:
        sys.exit(1)
    board = store.load("board", config["board"])
    site = app.Site(config, store.load)
    bus = app._bus(config, board, site) if site.links else None
    if not site.clamps:
        print("config.json has no clamp")
        sys.exit(1)
    return site.devices, bus, app._clamps(board, site, store, bus)


def device(entry, now_ms):
    fields = dict(entry.fields)
    if fields.get("voltage_l1") is not None:
        fields["voltage_l1"] /= 10
    ages = {key: time.ticks_diff(now_ms, entry.at_ms[key]) for key in entry.at_ms}
    return {"category": entry.category, "index": entry.index, "fields": fields, "age_ms": ages}


def run():
    folder = root()
    for place in (folder + "/lib", folder):
        sys.path.insert(0, place)
    devices, bus, clamps = parts(folder)
    told = -1
    while True:
        now_ms = time.ticks_ms()
        if bus:
            bus.step(now_ms)
        clamps.step(now_ms)
        if clamps.cycles != told:
            told = clamps.cycles
            results = {clamp.name: clamp.result for clamp in clamps.clamps}
            told_devices = [device(entry, now_ms) for entry in devices]
            print(json.dumps({"clamps": results, "devices": told_devices}))


run()
