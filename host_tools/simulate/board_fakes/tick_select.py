# SPDX-License-Identifier: MIT
"""select whose waits last whole FreeRTOS ticks, as on an ESP32.

There poll() looks at all objects, sleeps to the next 10 ms tick and looks again: neither a socket nor the
UART wakes it. So a wait comes back late, and what arrives in between is seen at the tick.
"""

import select
from time import sleep_us, ticks_diff, ticks_ms, ticks_us

import lwip

_TICK_US = 10_000

POLLIN = select.POLLIN
POLLOUT = select.POLLOUT
POLLERR = select.POLLERR
POLLHUP = select.POLLHUP

_poll = select.poll


class poll:
    """A look without wait rests up to rest_ms in the PC's own poll, which a socket ends at once.

    The firmware's loop never rests and its pass takes some hundred microseconds on a board; on a PC it would eat
    a whole core. asyncio looks once more on each pass: not there, it would double the rest.
    """

    def __init__(self, rest_ms=1):
        self._poll = _poll()
        self._rest_ms = rest_ms

    def register(self, obj, flags=POLLIN | POLLOUT):
        self._poll.register(obj, flags)
        if isinstance(obj, lwip.socket):
            obj.register(self._poll, flags)

    modify = register

    def unregister(self, obj):
        self._poll.unregister(obj)
        if isinstance(obj, lwip.socket):
            obj.unregister()

    def poll(self, timeout=-1):
        lwip.step()
        if timeout == 0:
            return self._poll.poll(self._rest_ms)
        self._wait(timeout)
        return self._poll.poll(0)

    def ipoll(self, timeout=-1, flags=0):
        """No heap, like the real one."""
        lwip.step()
        if timeout == 0:
            return self._poll.ipoll(self._rest_ms, flags)
        self._wait(timeout)
        return self._poll.ipoll(0, flags)

    def _wait(self, timeout_ms):
        start = ticks_ms()
        while not self._ready():
            if 0 <= timeout_ms <= ticks_diff(ticks_ms(), start):
                return
            sleep_us(_TICK_US - ticks_us() % _TICK_US)

    def _ready(self):
        lwip.step()
        for _ in self._poll.ipoll(0):
            return True
        return False
