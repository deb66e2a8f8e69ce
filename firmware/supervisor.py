"""Runs each part in an asyncio task and starts it again when it raises."""

import asyncio
import sys

from ticks import ticks_ms

_BACKOFF_MIN_MS = 500
_BACKOFF_MAX_MS = 8000  # well below the watchdog's time


class Task:
    """One part, its progress and its falls."""

    def __init__(self, name, part):
        self.name = name
        self.part = part
        self.moved = False
        self.stats = {"falls": 0}
        self.reason = ""

    async def run(self):
        part = self.part
        backoff_ms = _BACKOFF_MIN_MS
        while True:
            try:
                while True:
                    delay_ms = part.step(ticks_ms())
                    self.moved = True
                    await asyncio.sleep_ms(delay_ms)
            except Exception as error:
                # The one place that catches everything: a part may fall, the others go on.
                self.stats["falls"] += 1
                self.reason = "%s: %r" % (self.name, error)
                print("part fell:", self.reason)
                sys.print_exception(error)
            await asyncio.sleep_ms(backoff_ms)
            backoff_ms = min(2 * backoff_ms, _BACKOFF_MAX_MS)


def run(tasks):
    """Run all tasks for ever."""

    async def forever():
        for task in tasks[1:]:
            asyncio.create_task(task.run())
        await tasks[0].run()

    asyncio.run(forever())
