"""What outlives a reset, in RTC memory: failed starts, uptime, and why a run ended (docs/design.md)."""

import os
from time import time

from micropython import const

_TEXT_BYTES = const(500)
_start_s = int(time())


def uptime_s():
    return int(time()) - _start_s


def failed_starts(rtc):
    """How many starts before this one have failed since one was healthy."""
    memory = rtc.memory()
    return max(0, memory[1] - 1) if len(memory) > 1 else 0


def uncounted(rtc, cause):
    """This start is no failed one, though it ends now; the next tells why the one before it ended."""
    memory = rtc.memory()
    if len(memory) > 1 and memory[1]:
        from firmware.ending import last_end

        head = memory[:1] + bytes([memory[1] - 1]) + bytes(4)
        rtc.memory(head + last_end(memory, cause).encode()[:_TEXT_BYTES])


class Life:
    """rtc: a machine.RTC(). cause: machine.reset_cause(). `last`: how the last run ended, one text."""

    def __init__(self, rtc, cause):
        self._rtc = rtc
        from firmware.ending import last_end

        memory = rtc.memory()
        self.last = last_end(memory, cause)
        self._head = bytearray(memory[:2] if len(memory) > 1 else b"N\0") + bytearray(4)
        self.renames = []  # (from, to): done once this run has proved itself
        self.can_go_back = False  # to another version or config, while there are renames
        self.reached = False  # had Wi-Fi once: a run that nobody could reach proves nothing
        rtc.memory(self._head)

    def prove(self, store):
        """What is to be done once this run has proved itself: a firmware.store.Store knows."""
        store.prove_slot()
        self.renames = store.renames
        self.can_go_back = store.can_go_back

    def note(self, reason):
        """The reason for an end that is near; the next run tells it."""
        self._set_uptime()
        self._rtc.memory(self._head + reason.encode()[:_TEXT_BYTES])

    def healthy(self):
        """All went well for a minute: called again every minute. Returns False while there is more to do soon."""
        if self.renames and self.reached:
            os.rename(*self.renames.pop(0))
            return not self.renames
        if not self.renames or not self.can_go_back:
            self._head[1] = 0
        self._set_uptime()
        self._rtc.memory(self._head)
        return True

    def _set_uptime(self):
        value = uptime_s()
        for at in range(2, 6):
            self._head[at] = value & 0xFF
            value >>= 8
