"""The application: reads the settings, has every part built, forgets what only the boot needs, and runs the parts."""

import gc

import machine

from firmware import log, supervisor
from firmware.life import Life, failed_starts, uncounted

VERSION = "0.1.0"

_VITAL = ("bus", "clamps", "values", "server", "wifi")  # worth a reset when they make no progress


def main(root):
    """Run for ever. A config.json that is refused ends it with one line, and leaves the REPL reachable."""
    from firmware.store import Store

    store = Store(root)
    config = settings(store, failed_starts(machine.RTC()))
    if config is None:
        return
    if store.is_new and not store.complaint:
        # The checker leaves its names and holes in the heap. Begin anew without it.
        uncounted(machine.RTC())
        machine.soft_reset()
    gc.collect()
    from firmware import compose
    from firmware.watchdog import Watchdog

    life = Life(machine.RTC(), machine.reset_cause())
    watchdog = Watchdog(life)
    try:
        log.info("version", VERSION, "in", root or "/", "- last end:", life.last)
        if store.complaint:
            log.error(store.complaint)
        about = {"version": VERSION, "slot": root or "/", "last_end": life.last}
        parts = compose.parts(config, store, root, life, about)
        store.prove_slot()
        life.renames = store.renames
        life.can_go_back = store.can_go_back
        tasks = [supervisor.Task(name, part, name in _VITAL) for name, part in parts]
        watchdog.tasks = tasks
        del store, config, parts
        compose.forget(("firmware.ending", "firmware.store", "firmware.compose", "httpd.listener"))
        del compose
        gc.collect()
        supervisor.run(tasks + [supervisor.Task("watchdog", watchdog)])
    except KeyboardInterrupt:
        watchdog.relax()
        raise


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
    from settings import read, unload

    try:
        return read(text, load, names)
    finally:
        unload()
