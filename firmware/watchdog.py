"""The hardware watchdog, fed only while every vital part makes progress.

A dead meter or an absent Wi-Fi is no reason to starve it: their parts go on stepping.
"""

import micropython
from machine import WDT
from micropython import const

from firmware import supervisor

_TIMEOUT_MS = const(30000)
_LOOK_MS = const(2000)
_STALLED_LOOKS = const(10)  # of the 15 until it bites
_CALM_LOOKS = const(30)  # a minute without a fall: healthy
_CONSOLE_MS = const(600000)  # time for an owner at the console, or an upload


class Watchdog:
    """A part. life: told when all is well, and before the bite. `tasks`: the supervised tasks; each sets `moved` at
    every step.
    """

    def __init__(self, life):
        self.tasks = ()
        self._life = life
        self._calm = 0
        self._hungry = 0
        self._falls = 0
        self._wdt = WDT(timeout=_TIMEOUT_MS)
        self.feed = self._wdt.feed  # for each step of the boot that is done

    def step(self, now_ms):
        """No heap, but once a minute."""
        for task in self.tasks:
            if task.vital and not task.moved:
                return self._starve()
        self._wdt.feed()
        self._hungry = 0
        falls = 0
        for task in self.tasks:
            task.moved = False
            falls += supervisor.falls[task.name]
        if falls != self._falls:
            self._falls = falls
            self._calm = 0
        self._calm += 1
        if self._calm >= _CALM_LOOKS and self._life.healthy():
            self._calm = 0
            for task in self.tasks:
                task.rest()
        return _LOOK_MS

    def _starve(self):
        self._calm = 0
        self._hungry += 1
        if self._hungry == _STALLED_LOOKS:
            stalled = [task.name for task in self.tasks if task.vital and not task.moved]
            self._life.note("no progress: " + ", ".join(stalled))
        return _LOOK_MS

    def relax(self):
        """It cannot be stopped, only be given longer: an upload that breaks off ends with a restart."""
        micropython.kbd_intr(-1)  # not now; the REPL turns it on again
        self._wdt = WDT(timeout=_CONSOLE_MS)
        self._wdt.feed()
