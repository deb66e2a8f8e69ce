# SPDX-License-Identifier: MIT
"""The factory reset: all that an owner has put on the board goes, but for the access point's key.

The config that starts the bridge goes last: a power cut leaves the bridge as it was.
"""

import os
from time import sleep_ms

from micropython import const

from firmware.modes.store import read_plan
from ticks import ticks_diff, ticks_ms

_CONFIRM_MS = const(5000)
_LOOK_MS = const(100)
_FILES = ("plan.json", "plan.tmp", "config.json")
_TOP_FILES = ("config.good.json", "config.tmp", "config.new", "slot.tmp", "slot.proved")


def is_confirmed(is_pressed, light):
    """Is the button pressed once more, for two looks, within 5 s?"""
    start_ms, looks = ticks_ms(), 0
    while ticks_diff(ticks_ms(), start_ms) < _CONFIRM_MS:
        looks = looks + 1 if is_pressed() else 0
        if looks == 2:
            return True
        light.step(ticks_ms())
        sleep_ms(_LOOK_MS)
    return False


def wipe(forget):
    """To be followed by a reset. forget(of): an energy at midnight (firmware.hw.nvs)."""
    roots = ("/a", "/b", "")
    for root in roots:
        _forget_totals(root + "/plan.json", forget)
    for name in _TOP_FILES:
        _remove("/" + name)
    for root in roots:
        _remove_folder(root + "/profiles")
        for name in _FILES:
            _remove("%s/%s" % (root, name))


def _forget_totals(path, forget):
    """Energies at midnight, which NVS has under names that only a plan tells."""
    try:
        units = read_plan(path)["units"]
    except (OSError, ValueError, KeyError):
        return
    for unit in units:
        sets = unit.get("choice", {}).get("sets", ())
        for one in [unit] + [made["set"] for made in sets if made["set"]]:
            for quantity in one["quantities"]:
                if quantity["day_of"] is not None:
                    forget(quantity["day_of"])


def _remove_folder(path):
    try:
        for name in os.listdir(path):
            _remove("%s/%s" % (path, name))
        os.rmdir(path)
    except OSError:
        pass  # not there


def _remove(path):
    try:
        os.remove(path)
    except OSError:
        pass  # not there
