"""What stands between the parts and outlives the boot: the questions that one asks another.

firmware/compose.py hands these out and is forgotten; whatever it made itself would keep all of it on the heap.
"""

import machine

from firmware import log


def announcer(life, port):
    """For the station: up(address)."""

    def up(address):
        life.reached = True
        log.info("serving http://%s:%d/" % (address, port))

    return up


def resetter(life):
    """For the station: reset(reason)."""

    def reset(reason):
        log.error("reset:", reason)
        life.note(reason)
        machine.reset()

    return reset


def quiet(bus):
    """For whoever holds the loop for a while: is nothing on the line?"""
    return (lambda: bus.quiet) if bus else (lambda: True)


def reader(fields, key):
    """For the clamps: a value as a meter has just measured it, or None."""
    return lambda: fields[key]


def looker(station, values, complaint):
    """For the LED: how is the bridge?"""
    from firmware import led

    def look():
        if not station.stats["connected"]:
            return led.NO_WIFI
        if values.stale is not None:
            return led.NO_METER
        return led.LAST_GOOD if complaint else led.SERVING

    return look
