# SPDX-License-Identifier: MIT
"""What stands between the components: the questions that one asks another."""

from firmware import log, supervisor
from firmware.hw import chip, led

_DAY = "pv_energy_day_wh"


def start(tasks, parts, about, devices):
    """For main.py: run(), to be called when the code of the boot is gone from the heap. Uses up parts and about."""

    def run():
        from firmware import status  # as large as the boot: both at once would not fit

        status.publish(parts, about, devices)
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
