"""Reads the settings and has every part built, in the order that leaves the heap whole. Only the boot needs this code."""

import gc

import machine

from firmware import health, log, supervisor
from firmware.life import Life, failed_starts, uncounted
from unload import unload

VERSION = "0.1.0"

_VITAL = ("bus", "clamps", "values", "server", "wifi")  # worth a reset when they make no progress


def built(root, running):
    """([Task] of everything that runs, what firmware.status.publish() takes); what built them is gone. None where there is no
    config.

    running: the watchdog is appended as soon as it is armed.
    """
    from firmware.store import Store

    store = Store(root)
    config = settings(store, failed_starts(machine.RTC()))
    if config is None:
        return None
    if store.is_new and not store.complaint:
        # The checker leaves its names and holes in the heap. Begin anew without it.
        uncounted(machine.RTC(), machine.reset_cause())
        machine.soft_reset()
    _make_room(config)
    from firmware.watchdog import Watchdog

    life = Life(machine.RTC(), machine.reset_cause())
    watchdog = Watchdog(life)
    running.append(watchdog)
    about = _introduced(root, config, store, life)
    measured = _measured(config, store)
    watchdog.feed()
    life.prove(store)
    http, wifi = config["http"], config["wifi"]
    del store, config
    unload("firmware.ending", "firmware.store", "firmware.compose")
    gc.collect()
    from firmware import serving

    report = serving.serve(measured, http, wifi, root, life, about)
    watchdog.feed()
    unload("httpd.listener", "firmware.serving")
    tasks = [supervisor.Task(name, part, name in _VITAL) for name, part in measured[0]]
    watchdog.tasks = tasks
    return tasks + [supervisor.Task("watchdog", watchdog)], report


def _measured(config, store):
    from firmware import compose

    composition = compose.Composition(config)
    composition.measure(store)
    return composition.measured()


def _make_room(config):
    from firmware import room

    gc.collect()
    health.room = room.grown(config)
    unload("firmware.room")


def _introduced(root, config, store, life):
    """Say what starts here: in the log, and as a dict for the page."""
    place = root or "/"
    log.info("version", VERSION, "in", place, "- last end:", life.last)
    if store.complaint:
        log.error(store.complaint)
    return {
        "version": VERSION,
        "slot": place,
        "last_end": life.last,
        "board": config["board"],
        "config": store.complaint,
    }


def settings(store, failed=0):
    """The checked config, or None with its fault on the console. failed: starts before this one."""
    try:
        return store.config(_check, failed)
    except ValueError as error:  # a SettingsError
        print(error)
    except OSError:
        print("config.json: no such file; copy config.example.json and fill it in")
    return None


def _check(text, load, names):
    """The checker's own read, loaded and unloaded again."""
    from planning.settings import read

    try:
        return read(text, load, names)
    finally:
        unload("planning")
