"""The application: has every part built, forgets what only the boot needs, and runs the parts."""

import gc

from firmware import supervisor
from unload import unload


def forget_names():
    """Stands for what main.py puts here: nearly all modules are loaded, and the slot's names no longer worth their heap."""


def main(root):
    """Run for ever. A config.json that is refused ends it with one line, and leaves the REPL reachable."""
    running = []  # the watchdog, as soon as it cannot be stopped any more
    try:
        # This frame lasts as long as the bridge runs, and whatever it has held may stay on the heap: it holds nothing else.
        tasks = _built(root, running)
        if tasks:
            gc.collect()
            supervisor.run(tasks)
    except KeyboardInterrupt:
        for watchdog in running:
            watchdog.relax()
        raise


def _built(root, running):
    built = _started(root, running)
    if built is None:
        return None
    tasks, report = built
    # Last, where there is room for it, and not when first asked: loading holds the loop, and asks for memory that Wi-Fi has.
    forget_names()
    gc.collect()
    from firmware import status

    status.publish(*report)
    return tasks


def _started(root, running):
    from firmware import starting

    try:
        return starting.built(root, running)
    finally:
        unload("firmware.starting")
