# SPDX-License-Identifier: MIT
"""An RS485 line in virtual time, for the tools that ask on one: a stand-in for host_tools.owner.line.Adapter."""

from host_tools.owner import board_console, scan
from host_tools.owner.finding import Finder
from line import Line
from recognition import search

SERIALS = [profile.get("serial", {}) for profile in scan.load_profiles().values()]
DELIVERED, OTHERS = search.tries(SERIALS)
_START_MS = 1000  # where every Line begins


class OnlyHolding(dict):
    """Registers of a unit that does not hear function 4."""


class VirtualPort:
    """Units that hear one setting only. units: {unit: {(function, address): word}} or OnlyHolding."""

    fixed = False

    def __init__(self, units, setting, turnaround_ms=50):
        self._units = units
        self._setting = setting
        self._turnaround_ms = turnaround_ms
        self._wires = {}
        self._wire = Line({})
        self._stray = False
        self.sent = []

    @property
    def elapsed_ms(self):
        return self._wire.now_ms - _START_MS

    def configure(self, baudrate, parity, stop_bits):
        setting = (baudrate, parity, stop_bits)
        if setting not in self._wires:
            heard = self._units if setting == self._setting else {}
            self._wires[setting] = _Wire(heard, baudrate, self._turnaround_ms)
        wire, self._wire = self._wire, self._wires[setting]
        self._wire.now_ms = wire.now_ms
        return True

    def now_ms(self):
        return self._wire.now_ms

    def sleep_ms(self, duration_ms):
        self._wire.now_ms += duration_ms

    def send(self, request):
        self.sent.append(bytes(request))
        self._stray = len(request) != 8
        if not self._stray:
            self._wire.send(request)

    def finish(self):
        if not self._stray:
            self._wire.finish()

    def arrive(self, data):
        """Bytes on the line that nobody here has asked for."""
        self._wire.arrive(data)

    def any(self):
        return self._wire.any()

    def readinto(self, buf):
        return self._wire.readinto(buf)


class _Wire(Line):
    def _answer(self, end_us):
        unit, function = self._sent[:2]
        if function == 4 and isinstance(self.units.get(unit), OnlyHolding):
            return
        super()._answer(end_us)


def looked_for(units, setting, may_ask=True, turnaround_ms=50):
    """(what a scan finds, the port) on a line with these units, the check for a console included."""
    port = VirtualPort(units, setting, turnaround_ms)
    board_console.check(port, "ADAPTER")
    finder = Finder(port, "ADAPTER", False, lambda *_: None)
    return scan.find(finder, DELIVERED, OTHERS, lambda: may_ask), port
