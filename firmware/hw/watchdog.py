# SPDX-License-Identifier: MIT
"""The hardware watchdog, fed only while every vital component makes progress.

A dead meter or an absent Wi-Fi is no reason to starve it: their components go on stepping.
"""

from machine import WDT
from micropython import const

from firmware import supervisor

_TIMEOUT_MS = const(30000)
_POLL_MS = const(2000)
_STALLED_POLLS = const(10)  # of the 15 until it bites
_CALM_POLLS = const(30)  # a minute without a crash of what is vital: healthy
_CONSOLE_MS = const(600000)  # time for an owner at the console, or an upload

_armed = []


def relax():
    """It cannot be stopped, only be given longer: an upload that breaks off ends with a restart."""
    if _armed:
        WDT(timeout=_CONSOLE_MS).feed()


class Watchdog:
    """A component. trial: told when all is well, and before the bite. `tasks`: the supervised tasks; each sets `moved`
    at every step.
    """

    def __init__(self, trial):
        self.tasks = ()
        self._trial = trial
        self._calm = 0
        self._stalled = 0
        self._crashes = 0
        wdt = WDT(timeout=_TIMEOUT_MS)
        _armed.append(wdt)
        self.feed = wdt.feed  # for each step of the boot that is done

    def step(self, now_ms):
        """No heap, but once a minute."""
        for task in self.tasks:
            if task.vital and not task.moved:
                return self._starve()
        self.feed()
        self._stalled = 0
        crashes = 0
        for task in self.tasks:
            task.moved = False
            if task.vital:
                crashes += supervisor.crashes[task.name]
        if crashes != self._crashes:
            self._crashes = crashes
            self._calm = 0
        self._calm += 1
        if self._calm >= _CALM_POLLS and self._trial.healthy():
            self._calm = 0
            for task in self.tasks:
                task.rest()
        return _POLL_MS

    def _starve(self):
        self._calm = 0
        self._stalled += 1
        if self._stalled == _STALLED_POLLS:
            stalled = [task.name for task in self.tasks if task.vital and not task.moved]
            self._trial.note("no progress: " + ", ".join(stalled))
        return _POLL_MS
