"""Runs each part in an asyncio task and starts it again when it raises."""

import asyncio
import io
import json
import sys

from micropython import const

from firmware import log
from ticks import ticks_ms

_BACKOFF_MIN_MS = const(500)
_BACKOFF_MAX_MS = const(8000)  # well below the watchdog's time
_TRACE_CHARS = const(200)

falls = {}  # of each part, by name, and the last one's reason as JSON: what the status page shows


class Task:
    """One part, its progress and its falls. vital: whether the bridge is worth nothing without it."""

    def __init__(self, name, part, vital=True):
        self.name = name
        self.part = part
        self.vital = vital
        self.moved = False
        falls[name] = 0
        self.rest()

    def rest(self):
        """All is well again."""
        self._backoff_ms = _BACKOFF_MIN_MS

    async def run(self):
        part = self.part
        while True:
            try:
                while True:
                    delay_ms = part.step(ticks_ms())
                    self.moved = True
                    await asyncio.sleep_ms(delay_ms)
            except Exception as error:
                # The one place that catches everything: a part may fall, the others go on.
                self.fell(error)
            await asyncio.sleep_ms(self._backoff_ms)
            self._backoff_ms = min(2 * self._backoff_ms, _BACKOFF_MAX_MS)

    def fell(self, error):
        falls[self.name] += 1
        falls["last"] = json.dumps("%s: %r" % (self.name, error)).encode()
        trace = io.StringIO()
        sys.print_exception(error, trace)
        # The innermost lines, each whole.
        text = trace.getvalue().rstrip()[-_TRACE_CHARS:]
        log.error(self.name, "fell:", text[text.find("\n") + 1 :])


def run(tasks):
    """Run all tasks for ever."""

    async def forever():
        for task in tasks[1:]:
            asyncio.create_task(task.run())
        await tasks[0].run()

    asyncio.run(forever())
