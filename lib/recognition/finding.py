# SPDX-License-Identifier: MIT
"""Who answers on a line: settings and units tried one after the other, and the pauses that a unit wants. `make scan` does it on a PC, the
set-up mode on the board.

The generators yield (setting, unit, (function, address, count)) and are sent (answer, late): whether the unit answered, be it with an
exception response, and the unit whose answer to an earlier question had come meanwhile, or 0.
"""

from const import const

PROBES = ((4, 0, 1), (3, 0, 1))
TURNAROUND_MS = const(150)  # most units need 50; a later answer shows at the next question
_READ_MS = const(400)
_SLOW_MS = const(1500)
_PAUSE_MS = const(30)  # silence that units want before a question...
_LONG_PAUSE_MS = const(350)  # ...and the slowest, such as Solis
_LONG_PAUSES = const(8)  # without success, then no more


def first(pairs, reads, progress):
    """The first (setting, unit) at which a unit answers, or None. reads(unit): what to ask it; progress(setting, unit, done, count)."""
    for done, (setting, unit) in enumerate(pairs):
        progress(setting, unit, done, len(pairs))
        for read in reads(unit):
            answer, late = yield setting, unit, read
            if answer or late:
                return setting, unit if answer else late
    return None


def units(setting, asked, progress):
    """All of these units that answer, in order."""
    found = []
    for done, unit in enumerate(asked):
        progress(setting, unit, done, len(asked))
        for read in PROBES:
            answer, late = yield setting, unit, read
            answering = unit if answer else late
            if answering and answering not in found:
                found.append(answering)
            if answer:
                break
    return sorted(found)


class Pace:
    """How long to be silent before a question to one unit, and to wait for its answer: pause_ms, timeout_ms. is_slow: it answered late."""

    def __init__(self, is_slow=False):
        self.timeout_ms = _SLOW_MS if is_slow else _READ_MS
        self.pause_ms = _PAUSE_MS
        self._usual_ms = _PAUSE_MS
        self._left = _LONG_PAUSES

    def note(self, answered):
        """The last question was answered, or not: then the next one comes after a longer pause."""
        was_longer = self.pause_ms > self._usual_ms
        if was_longer and answered:
            self._usual_ms = _LONG_PAUSE_MS
        elif was_longer:
            self._left -= 1
        self.pause_ms = self._usual_ms if answered or not self._left else _LONG_PAUSE_MS
