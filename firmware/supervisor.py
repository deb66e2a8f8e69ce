# SPDX-License-Identifier: MIT
"""Runs each component in an asyncio task and restarts it when it crashes."""

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

crashes = {}  # of each component, by name, and the last one's reason as JSON: what the status page shows


class Task:
    """One component, its progress and its crashes. vital: whether the bridge is worth nothing without it."""

    def __init__(self, name, component, vital=True):
        self.name = name
        self.component = component
        self.vital = vital
        self.moved = False
        crashes[name] = 0
        self.rest()

    def rest(self):
        """All is well again."""
        self._backoff_ms = _BACKOFF_MIN_MS

    async def run(self):
        component = self.component
        while True:
            try:
                while True:
                    delay_ms = component.step(ticks_ms())
                    self.moved = True
                    await asyncio.sleep_ms(delay_ms)
            except Exception as error:
                # The one place that catches everything: a component may crash, the others go on.
                self._crashed(error)
            await asyncio.sleep_ms(self._backoff_ms)
            self._backoff_ms = min(2 * self._backoff_ms, _BACKOFF_MAX_MS)

    def _crashed(self, error):
        crashes[self.name] += 1
        crashes["last"] = json.dumps("%s: %r" % (self.name, error)).encode()
        trace = io.StringIO()
        sys.print_exception(error, trace)
        # The innermost lines, each whole.
        text = trace.getvalue().rstrip()[-_TRACE_CHARS:]
        log.error(self.name, "crashed:", text[text.find("\n") + 1 :])


def run(tasks):
    """Run all tasks for ever."""

    async def forever():
        for task in tasks[1:]:
            asyncio.create_task(task.run())
        await tasks[0].run()

    asyncio.run(forever())
