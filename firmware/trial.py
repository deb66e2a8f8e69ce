# SPDX-License-Identifier: MIT
"""A run proves itself by a healthy minute: then failed starts are forgotten, and a new config or version stays."""

import os
from time import time

_start_s = int(time())


def uptime_s():
    return int(time()) - _start_s


class Trial:
    """memory: main.py's ResetMemory. `renames`: [(from, to)], done once this run has proved itself; `can_go_back`: to another
    version or config while there are renames; `reached`: had Wi-Fi once, since a run that nobody could reach proves nothing.
    """

    def __init__(self, memory, renames=(), can_go_back=False):
        self._memory = memory
        self.renames = list(renames)
        self.can_go_back = can_go_back
        self.reached = False

    def note(self, reason):
        """The reason for an end that is near; the next run tells it."""
        self._memory.uptime_s = uptime_s()
        self._memory.note(reason)

    def healthy(self):
        """All went well for a minute: called again every minute. Returns False while there is more to do soon."""
        if self.renames and self.reached:
            try:
                os.rename(*self.renames.pop(0))
            except OSError:
                pass  # the flash fails: the next start tries again
            return not self.renames
        if not self.renames or not self.can_go_back:
            self._memory.failed = 0
        self.note("")
        return True
