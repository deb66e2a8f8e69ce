# SPDX-License-Identifier: MIT
"""What stands between the components: the questions that one asks another."""

import sys

from micropython import const

from firmware import log, supervisor
from firmware.hw import chip, led
from ticks import ticks_diff

_DAY = "pv_energy_day_wh"
_SILENT_MS = const(10000)
_REFUSED_S = const(600)  # at most one line about a unit's refused values in so long
_STEADY = const(2)  # of Chargers.rank


def start(tasks, parts, about, *rest):
    """For main.py: run(), to be called when the code of the boot is gone from the heap. Uses up parts and about.

    rest: of status.publish.
    """

    def run():
        from firmware import status  # as large as the boot: both at once would not fit

        status.publish(parts, about, *rest)
        status.publish = None
        parts.clear()
        about.clear()
        supervisor.run(tasks)

    return run


def announcer(trial, port):
    """For the station: up(address)."""

    def up(address):
        trial.reached = True
        log.info("serving http://%s:%d/" % (address, port))

    return up


def resetter(trial):
    """For the station: reset(reason)."""

    def reset(reason):
        log.error("reset:", reason)
        trial.note(reason)
        chip.reset()

    return reset


def watcher(units, chargers):
    """For health: watch(now_ms) tells in the log when a unit falls silent and is back, of values that are refused, and when a charger comes and goes."""
    silent = {}
    next_s = {}
    known = []

    def watch(now_ms):
        for unit in units:
            good_ms = unit.at_ms["good_age_ms"]
            if good_ms is None:
                late = log.uptime_s() > _SILENT_MS // 1000
            else:
                late = ticks_diff(now_ms, good_ms) > _SILENT_MS
            if late != silent.get(unit, False):
                silent[unit] = late
                (log.warn if late else log.info)(
                    "unit", unit.address, "is silent" if late else "is back"
                )
            quantity = unit.implausible
            if quantity and quantity.refused is not None:
                if log.uptime_s() >= next_s.get(unit, 0):
                    next_s[unit] = log.uptime_s() + _REFUSED_S
                    from firmware import refusal  # for the moment

                    log.warn(refusal.words(unit, quantity))
                    del sys.modules["firmware.refusal"]
                    delattr(sys.modules["firmware"], "refusal")
                quantity.refused = None
        for client in chargers.clients:
            if client not in known and chargers.rank(client) == _STEADY:
                known.append(client)
                log.info("charger", client, "asks")
        for client in known:
            if client not in chargers.clients:
                known.remove(client)
                log.warn("charger", client, "is gone")
                break  # the list has changed

    return watch


def quiet(bus):
    """For whoever holds the loop for a while: is nothing on the line?"""
    return (lambda: bus.quiet) if bus else (lambda: True)


def day_counter(clock):
    """For the quantities of a unit: count_day(device, of), what a total is put into where the day is counted from it."""

    def count_day(device, of):
        from firmware.hw.nvs import Midnight  # only where a day is counted
        from meters.daily import Daily

        return Daily(device, _DAY, clock.day if clock else lambda: None, Midnight(of))

    return count_day


def led_state(station, values, complaint):
    """For the LED: how is the bridge?"""

    def get_state():
        if not station.stats["connected"]:
            return led.NO_WIFI
        if values.stale is not None:
            return led.NO_METER
        return led.LAST_GOOD if complaint else led.SERVING

    return get_state
