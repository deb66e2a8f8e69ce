# SPDX-License-Identifier: MIT
"""Who answers on a line, and as what: settings and units are tried, then the registers of a unit are read."""

from collections.abc import Callable, Generator, Iterable
from typing import Any

from host_tools.owner import board_console
from host_tools.owner.line import READ_HOLDING, READ_INPUT, Line, Reply, setting_words

Setting = tuple[int, str, int]  # baudrate, parity, stop bits
Reads = Generator[tuple[int, int, int], Any, Any]  # of lib/recognition
Pair = tuple[Setting, int]  # a setting and a unit

_PROBES = ((READ_INPUT, 0, 1), (READ_HOLDING, 0, 1))
_TURNAROUND_MS = 150  # most units need 50; a later answer shows at the next question
_READ_MS = 400
_SLOW_MS = 1500
_PAUSE_MS = 30  # silence that units want before a question...
_LONG_PAUSE_MS = 350  # ...and the slowest, such as Solis
_LONG_PAUSES = 8  # without success, then no more


class Finder:
    """Tries (setting, unit) pairs on a port. Before it is `proven` to be an RS485 adapter, no byte 03 is sent."""

    def __init__(
        self, port: Any, name: str, proven: bool, progress: Callable[[str, int, int], None]
    ):
        self._port = port
        self._name = name
        self.proven = proven
        self._progress = progress
        self._lines: list[Line] = []
        self.slow = False  # does a unit answer late?

    def first(self, pairs: Iterable[Pair], functions: Iterable[int]) -> Pair | None:
        """The first pair at which a unit answers, be it with an exception; those that need a byte 03 may have to wait."""
        pairs = list(pairs)
        for done, (setting, unit) in enumerate(pairs):
            self._progress(f"{setting_words(setting)}, unit {unit}", done, len(pairs))
            line = self.line(setting)
            for read in self._reads(unit, functions) if line.usable else ():
                found = self._who(unit, self._ask(line, unit, read))
                if found:
                    self.proven = True
                    return setting, found
        return None

    def units(self, setting: Setting, units: Iterable[int]) -> list[int]:
        """All of these units that answer."""
        line, units, found = self.line(setting), list(units), []
        for done, unit in enumerate(units):
            self._progress(f"{setting_words(setting)}, unit {unit}", done, len(units))
            for read in _PROBES:
                answering = self._who(unit, self._ask(line, unit, read))
                if answering and answering not in found:
                    found.append(answering)
                if answering == unit:
                    break
        return sorted(found)

    def line(self, setting: Setting) -> Line:
        """The line at this setting."""
        if not self._lines or self._lines[-1].setting != setting:
            self._lines.append(Line(self._port, setting))
        return self._lines[-1]

    @property
    def foreign(self) -> int:
        """Questions of another master that were heard."""
        return sum(line.foreign for line in self._lines)

    def _reads(self, unit, functions):
        if self.proven:
            return [probe for probe in _PROBES if probe[0] in functions]
        harmless = board_console.harmless(unit)
        return [harmless] if harmless and READ_INPUT in functions else []

    def _ask(self, line, unit, read) -> Reply:
        reply = line.ask(unit, *read, _TURNAROUND_MS)
        if not self.proven:
            board_console.check_reply(reply, self._name)
        return reply

    def _who(self, unit, reply) -> int:
        """The unit that this reply shows to be there, or 0."""
        if reply.answered:
            return unit
        if reply.late_unit:
            self.slow = True
        return reply.late_unit


class Asker:
    """Reads of one unit, for a generator of lib/recognition."""

    def __init__(self, line: Line, unit: int, slow: bool = False):
        self._line = line
        self._unit = unit
        self._timeout_ms = _SLOW_MS if slow else _READ_MS
        self._pause_ms = _PAUSE_MS
        self._long_pauses = 0
        self._silent = False
        self.outcomes: dict[str, int] = {}  # by the names of /status.json

    def __call__(self, function: int, address: int, count: int) -> list[int] | int:
        """The words, the code of an exception response, or 0."""
        longer = self._silent and self._long_pauses < _LONG_PAUSES
        self._line.port.sleep_ms(_LONG_PAUSE_MS if longer else self._pause_ms)
        reply = self._line.ask(self._unit, function, address, count, self._timeout_ms)
        self.outcomes[reply.outcome] = self.outcomes.get(reply.outcome, 0) + 1
        self._silent = not reply.answered
        if longer and reply.answered:
            self._pause_ms = _LONG_PAUSE_MS
        elif longer:
            self._long_pauses += 1
        return reply.words if reply.outcome == "good" else reply.exception


def drive(generator: Reads, ask: Callable[[int, int, int], list[int] | int]) -> Any:
    """Run a generator of reads to its end; what it returns."""
    reply = None
    try:
        while True:
            reply = ask(*generator.send(reply))
    except StopIteration as done:
        return done.value
