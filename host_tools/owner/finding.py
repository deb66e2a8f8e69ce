# SPDX-License-Identifier: MIT
"""Who answers on a line, and as what: settings and units are tried, then the registers of a unit are read."""

from collections.abc import Callable, Generator, Iterable
from typing import Any

from host_tools.owner import board_console
from host_tools.owner.line import READ_INPUT, Line, Reply, setting_words
from recognition import finding

Setting = tuple[int, str, int]  # baudrate, parity, stop bits
Reads = Generator[tuple, Any, Any]  # of lib/recognition
Pair = tuple[Setting, int]  # a setting and a unit


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

        def reads(unit):
            return self._reads(unit, functions)

        found = drive(finding.first(list(pairs), reads, self._tell), self._ask)
        self.proven = self.proven or found is not None
        return found

    def units(self, setting: Setting, units: Iterable[int]) -> list[int]:
        """All of these units that answer."""
        return drive(finding.units(setting, list(units), self._tell), self._ask)

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
            return [probe for probe in finding.PROBES if probe[0] in functions]
        harmless = board_console.harmless(unit)
        return [harmless] if harmless and READ_INPUT in functions else []

    def _tell(self, setting, unit, done, count):
        self._progress(f"{setting_words(setting)}, unit {unit}", done, count)

    def _ask(self, setting, unit, read) -> tuple[bool, int]:
        """(whether it answered, the unit whose late answer came instead or 0)"""
        line = self.line(setting)
        if not line.usable:
            return False, 0
        function, address, count = read
        reply = line.ask(unit, function, address, count, finding.TURNAROUND_MS)
        if not self.proven:
            board_console.check_reply(reply, self._name)
        if reply.late_unit and not reply.answered:
            self.slow = True
        return reply.answered, reply.late_unit


class Asker:
    """Reads of one unit, for a generator of lib/recognition."""

    def __init__(self, line: Line, unit: int, slow: bool = False):
        self._line = line
        self._unit = unit
        self._pace = finding.Pace(slow)
        self.outcomes: dict[str, int] = {}  # by the names of /status.json

    def __call__(self, function: int, address: int, count: int) -> list[int] | int:
        """The words, the code of an exception response, or 0."""
        self._line.port.sleep_ms(self._pace.pause_ms)
        reply: Reply = self._line.ask(self._unit, function, address, count, self._pace.timeout_ms)
        self.outcomes[reply.outcome] = self.outcomes.get(reply.outcome, 0) + 1
        self._pace.note(reply.answered)
        return reply.words if reply.outcome == "good" else reply.exception


def drive(generator: Reads, ask: Callable[..., Any]) -> Any:
    """Run a generator of reads to its end; what it returns."""
    reply = None
    try:
        while True:
            reply = ask(*generator.send(reply))
    except StopIteration as done:
        return done.value
