"""The hardware watchdog, fed only while every part makes progress.

A dead meter or an absent Wi-Fi is no reason to starve it: their parts go on stepping.
"""

from machine import WDT

_TIMEOUT_MS = 30000
_LOOK_MS = 2000
_UPLOAD_MS = 600000  # time for an owner at the REPL, once the application has been interrupted


class Watchdog:
    """A part. tasks: the supervised tasks; each sets `moved` at every step."""

    def __init__(self, tasks):
        self._tasks = tasks
        self._wdt = WDT(timeout=_TIMEOUT_MS)

    def step(self, now_ms):
        for task in self._tasks:
            if not task.moved:
                return _LOOK_MS
        for task in self._tasks:
            task.moved = False
        self._wdt.feed()
        return _LOOK_MS

    def relax(self):
        """It cannot be stopped, only be given longer."""
        self._wdt = WDT(timeout=_UPLOAD_MS)
        self._wdt.feed()
