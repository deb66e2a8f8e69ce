# SPDX-License-Identifier: MIT
"""An RS485 line at a PC's adapter, asked by the bridge's own master: what it makes of a reply, the board would make
of it too.

The one file of the tools that knows lib/modbus. PORT is whatever pyserial opens: /dev/ttyUSB0, COM3,
socket://host:port.
"""

import contextlib
import time
from dataclasses import dataclass, field
from typing import Any

import serial

import host_tools.paths  # noqa: F401  (lib/ can be imported then)
from host_tools.owner.remote import TROUBLES, RemoteError, check_port, lost
from modbus.frame import write_request
from modbus.master import EXCEPTION, GOOD, OUTCOMES, PENDING, Master

READ_HOLDING = 3
READ_INPUT = 4

_PARITY = {"none": "N", "even": "E", "odd": "O"}
_RAW_LIMIT = 256


@dataclass
class Reply:
    """What came of one read: an outcome of the master, by its name in the counters of /status.json."""

    outcome: str
    words: list[int] = field(default_factory=list)  # if good
    exception: int = 0
    echo: bool = False
    late_unit: int = 0  # whose answer to an earlier question had come meanwhile
    raw: bytes = b""

    @property
    def answered(self) -> bool:
        return self.outcome in ("good", "exception")


class Adapter:
    """Port of a Master over pyserial, with the four calls of firmware/bus_port.py and the time."""

    def __init__(self, port: str):
        self.port = port
        try:
            self._serial = serial.serial_for_url(port, exclusive=True, timeout=0, write_timeout=2)
        except TROUBLES:
            check_port(port)  # says why not
            raise RemoteError(f"{port} could not be opened at first; try again") from None
        self._silence_s = 0.0
        self._heard_s = 0.0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(*TROUBLES):
            self._serial.close()

    def configure(self, baudrate: int, parity: str, stop_bits: int) -> bool:
        """False if the adapter does not take this setting."""
        try:
            self._serial.parity = _PARITY[parity]
            self._serial.stopbits = stop_bits
            self._serial.baudrate = baudrate
        except TROUBLES:
            with self._lost():
                self._serial.parity = "N"  # else it would be tried again with each other setting
            return False
        self._silence_s = max(0.00175, 3.5 * character_bits(parity, stop_bits) / baudrate)
        return True

    @property
    def fixed(self) -> bool:
        """Has the far end settings of its own, which cannot be changed from here?"""
        return self.port.startswith("socket:")

    # What the master sees.

    def send(self, request: bytes) -> None:
        rest_s = self._heard_s + self._silence_s - time.monotonic()
        if rest_s > 0:
            time.sleep(rest_s)
        with self._lost():
            self._serial.write(request)

    def finish(self) -> None:
        with self._lost():
            self._serial.flush()

    def any(self) -> int:
        with self._lost():
            return self._serial.in_waiting

    def readinto(self, buf: bytearray) -> int:
        with self._lost():
            count = self._serial.readinto(buf) or 0
        if count:
            self._heard_s = time.monotonic()
        return count

    # What the tools need besides.

    def now_ms(self) -> int:
        return time.monotonic_ns() // 1_000_000

    def sleep_ms(self, duration_ms: int) -> None:
        time.sleep(duration_ms / 1000)

    @contextlib.contextmanager
    def _lost(self):
        try:
            yield
        except TROUBLES as error:
            raise RemoteError(lost(self.port, error)) from None


class Line:
    """Asks units on a line at one setting; port: an Adapter, or what stands for one in tests."""

    def __init__(self, port: Any, setting: tuple[int, str, int]):
        self.port = port
        self.setting = setting
        baudrate, parity, stop_bits = setting
        self.usable = port.configure(baudrate, parity, stop_bits)
        self._master = Master(port, baudrate, character_bits(parity, stop_bits))

    @property
    def foreign(self) -> int:
        """Questions of another master that were heard."""
        return self._master.stats["foreign"]

    def ask(self, unit: int, function: int, address: int, count: int, timeout_ms: int) -> Reply:
        """One read, as the board does it."""
        master, port = self._master, self.port
        master.select(unit, function, timeout_ms)
        master.begin(address, count, port.now_ms())
        late_unit = master.late_unit
        outcome = PENDING
        while outcome == PENDING:
            port.sleep_ms(max(1, master.delay_ms(port.now_ms())))
            outcome = master.step(port.now_ms())
        reply = Reply(OUTCOMES[outcome], echo=master.echo, late_unit=late_unit)
        reply.raw = bytes(master.buffer[: master.length])
        if outcome == GOOD:
            data = master.buffer[master.data : master.data + 2 * count]
            reply.words = [data[i] << 8 | data[i + 1] for i in range(0, len(data), 2)]
        elif outcome == EXCEPTION:
            reply.exception = master.exception
        return reply

    def listen(self, duration_ms: int) -> bytes:
        """All that comes within this time, unasked."""
        heard = bytearray()
        chunk = bytearray(64)
        until_ms = self.port.now_ms() + duration_ms
        while self.port.now_ms() < until_ms:
            self.port.sleep_ms(5)
            while self.port.any() and len(heard) < _RAW_LIMIT:
                heard += chunk[: self.port.readinto(chunk)]
        return bytes(heard)


def character_bits(parity: str, stop_bits: int) -> int:
    """Bits of one character: start, 8 data, parity, stop."""
    return 9 + (parity != "none") + stop_bits


def request_of(unit: int, function: int, address: int, count: int) -> bytes:
    """The bytes of a request on the line."""
    request = bytearray(8)
    write_request(request, unit, function, address, count)
    return bytes(request)


def setting_words(setting: tuple[int, str, int]) -> str:
    """(9600, "even", 1) -> "9600 Bd 8E1" """
    baudrate, parity, stop_bits = setting
    return f"{baudrate} Bd 8{_PARITY[parity]}{stop_bits}"
