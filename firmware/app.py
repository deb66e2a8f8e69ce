"""The application: reads the settings, has every part built, forgets what only the boot needs, and runs the parts."""

import gc

import machine

from firmware import log, supervisor
from firmware.life import Life, failed_starts, uncounted
from unload import unload

VERSION = "0.1.0"

_room = None  # keeps the heap as large as the boot made it
_VITAL = ("bus", "clamps", "values", "server", "wifi")  # worth a reset when they make no progress


def forget_names():
    """Stands for what main.py puts here: nearly all modules are loaded, and the slot's names no longer worth their heap."""


def main(root):
    """Run for ever. A config.json that is refused ends it with one line, and leaves the REPL reachable."""
    running = []  # the watchdog, as soon as it cannot be stopped any more
    try:
        # This frame lasts as long as the bridge runs, and whatever it has held may stay on the heap: it holds nothing else.
        tasks = _built(root, running)
        if tasks:
            forget_names()
            gc.collect()
            supervisor.run(tasks)
    except KeyboardInterrupt:
        for watchdog in running:
            watchdog.relax()
        raise


def _built(root, running):
    """The tasks of everything that runs; what built them is gone. None where there is no config."""
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
    from firmware import compose
    from firmware.watchdog import Watchdog

    life = Life(machine.RTC(), machine.reset_cause())
    watchdog = Watchdog(life)
    running.append(watchdog)
    about = _introduced(root, config, store, life)
    composition = compose.Composition(config)
    watchdog.feed()
    composition.measure(store)
    watchdog.feed()
    life.prove(store)
    del store
    unload("firmware.ending", "firmware.store")
    gc.collect()
    composition.serve(root, life, about)
    watchdog.feed()
    unload("httpd.listener", "firmware.compose")
    tasks = [supervisor.Task(name, part, name in _VITAL) for name, part in composition.parts]
    watchdog.tasks = tasks
    return tasks + [supervisor.Task("watchdog", watchdog)]


def _make_room(config):
    global _room
    from firmware import room

    gc.collect()
    _room = room.grown(config)
    unload("firmware.room")


def _introduced(root, config, store, life):
    """Say what starts here: in the log, and as a dict for the page."""
    place = root or "/"
    log.info("version", VERSION, "in", place, "- last end:", life.last)
    if store.complaint:
        log.error(store.complaint)
    about = {"version": VERSION, "slot": place, "last_end": life.last, "board": config["board"]}
    about["config"] = store.complaint
    return about


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
    from settings import read

    try:
        return read(text, load, names)
    finally:
        unload("settings")
