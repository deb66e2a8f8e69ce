# SPDX-License-Identifier: MIT
"""A board behind a serial port, spoken to as mpremote does: its raw REPL for commands, its console for what it prints.

PORT is whatever mpremote takes: /dev/ttyUSB0, COM3, a pty, socket://host:port.
"""

import contextlib
import errno
import io
import os
import re
import struct
import time
from collections.abc import Iterator

import serial
from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport
from serial.tools import list_ports

_TIMEOUT_S = 2
_TRIES = 3
_PAUSE_S = 1
_RAW_LIMIT_S = 12  # for a soft reset, where flash is slow
_ERRNO = re.compile(r"\[Errno -?\d+\] ")  # of no use to an owner
_SCHEMES = (
    "socket",
    "rfc2217",
    "loop",
    "spy",
    "alt",
    "hwgrep",
    "cp2110",
)  # as pyserial knows them
_HOST = re.compile(
    r"\d+(\.\d+){3}/?|[\w-]+(\.[\w-]+)*\.(local|lan|home|box|internal|fritz\.box)/?"
)
_NETWORK = (
    ("name or service|name resolution|nodename|getaddrinfo|no address", "there is no such host"),
    ("refused", "nobody listens there"),
    ("timed out", "nobody answers there"),
    ("no route|unreachable", "this PC cannot reach it; is it in the same network?"),
    ("reset by peer|closed connection|broken pipe", "the connection broke off; try again"),
)
# What a port raises that is not there, is taken, or goes.
TROUBLES: tuple[type[Exception], ...] = (
    TransportError, serial.SerialException, OSError, ValueError, TypeError, struct.error,
)  # fmt: skip
with contextlib.suppress(ImportError):  # on Windows
    import termios

    TROUBLES += (termios.error,)  # which pyserial lets through


class RemoteError(Exception):
    """The board cannot be reached, or does not do as it is told; the text is for the user."""


class Board:
    """A context manager. Opening the port does not disturb what runs; interrupt() does."""

    def __init__(self, port: str) -> None:
        self.port = port
        try:
            self._transport = SerialTransport(port, timeout=_TIMEOUT_S)
        except TROUBLES:
            check_port(port)
            raise RemoteError(f"{port} could not be opened at first; try again") from None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(*TROUBLES):
            self._transport.close()

    def interrupt(self) -> None:
        """Stop what runs and enter the raw REPL with an empty heap. A board may be just restarting: several tries."""
        for attempt in range(_TRIES):
            if attempt:
                time.sleep(_PAUSE_S)
            with self._trouble(), contextlib.suppress(TransportError):
                # What mpremote reads instead of a prompt, it prints.
                with contextlib.redirect_stdout(io.StringIO()):
                    self._transport.enter_raw_repl(timeout_overall=_RAW_LIMIT_S)
                return
        raise RemoteError(
            f"{self.port}: no MicroPython answers there; is it on the board (make flash), "
            "and does no other program use the port?"
        )

    def run(self, source: str | bytes, limit_s: float = 60) -> str:
        """Run a program on the board; returns what it prints. limit_s: how long it may be silent."""
        with self._trouble():
            output, error = self._transport.exec_raw(source, timeout=limit_s)
        if error:
            raise RemoteError(f"the board says: {error.decode(errors='replace').strip()}")
        return output.decode().replace("\r\n", "\n")

    def reset(self) -> None:
        """Reset the board, whose console is free then. The port may be gone before the command is acknowledged."""
        with contextlib.suppress(*TROUBLES):
            self._transport.exec_raw_no_follow("import machine\nmachine.reset()")

    def restart(self) -> None:
        """Reset the board from whatever state the raw REPL is in."""
        with contextlib.suppress(*TROUBLES):
            # Ctrl-C ends a program or a raw paste, Ctrl-A begins again.
            self._transport.serial.write(b"\r\x03\x01import machine; machine.reset()\x04")
            # A socket that is closed with something unread in it would take back what was written.
            self._transport.read_until(1, b">OK", timeout=1)

    def lines(self, limit_s: float) -> Iterator[str]:
        """What the console prints, line by line, for so long. A port that goes with a reset, as a chip's own USB does, is
        opened again.
        """
        until_s = time.monotonic() + limit_s
        begun = b""
        while time.monotonic() < until_s:
            try:
                begun += self._transport.serial.read(max(1, self._transport.serial.in_waiting))
            except TROUBLES:
                self._reopen(until_s)
            *whole, begun = begun.split(b"\n")
            for line in whole:
                yield line.decode(errors="replace").rstrip("\r")

    def _reopen(self, until_s):
        self.__exit__()
        while True:
            time.sleep(_PAUSE_S / 4)
            try:
                self._transport = SerialTransport(self.port, timeout=_TIMEOUT_S)
                return
            except (TransportError, ValueError):
                if time.monotonic() > until_s:
                    raise RemoteError(f"{self.port} did not come back after the reset") from None

    @contextlib.contextmanager
    def _trouble(self):
        try:
            yield
        except TROUBLES as error:
            raise RemoteError(lost(self.port, error)) from None


def is_address(port: str) -> bool:
    """Is this the address of a bridge instead of a port?"""
    return port.startswith(("http:", "https:"))


def check_port(port: str) -> None:
    """Raises RemoteError, with the reason, if a port cannot be opened."""
    problem = _misnamed(port)
    if problem:
        raise RemoteError(problem)
    try:
        serial.serial_for_url(port, exclusive=True).close()
    except (OSError, ValueError, TypeError) as error:  # the last for socket: without a number
        raise RemoteError(_why_not(port, error)) from None


def _misnamed(port):
    """What is wrong with a name that cannot be one, or None."""
    if not port:
        return f"PORT is empty; {_there_are()}"
    if is_address(port):
        return f"{port} is an address in the network; a serial port is needed here: {_there_are()}"
    scheme, found, _ = port.partition("://")
    if found and scheme not in _SCHEMES:
        return f"{port} is no port; /dev/ttyUSB0, COM3 or socket://HOST:PORT would be one"
    if scheme == "socket" and not re.fullmatch(r"socket://[^:/]+:\d+/?", port):
        return f"{port} lacks a host or a number; socket://192.168.1.7:2323 would be a port"
    if _HOST.fullmatch(port) and not os.path.exists(port):
        return f"{port} is no serial port; as the address of a bridge it is http://{port.rstrip('/')}/"
    return None


def _why_not(port, error):
    number = getattr(error, "errno", None)
    said = str(error)
    if "lock" in said or number in (errno.EBUSY, errno.EAGAIN):
        return f"{port} is in use by another program; end that first"
    if number == errno.EACCES:
        return f"{port}: no permission; on Linux, members of the group dialout have it"
    if number == errno.ENOENT or re.fullmatch(r"COM\d+", port):
        return f"{port} is not there; {_there_are()}"
    if "configure port" in said or number in (errno.EISDIR, errno.ENOTTY):
        return f"{port} is no serial port; {_there_are()}"
    if port.startswith("socket:"):
        return f"{port}: {why_no_answer(error)}"
    return f"{port} cannot be opened: {_ERRNO.sub('', said)}"


def lost(port: str, error: Exception) -> str:
    """Of a port that was open."""
    if isinstance(error, TransportError):  # it is there, but the board does not do as it should
        return f"the connection to {port} is lost: {error}"
    if port.startswith("socket:"):
        return f"the connection to {port} is lost: {why_no_answer(error)}"
    return f"{port} is gone: was it unplugged, or does another program read from it?"


def why_no_answer(error: Exception) -> str:
    """Of a connection over the network, in words without a number."""
    said = str(error)
    for words, meaning in _NETWORK:
        if re.search(words, said, re.IGNORECASE):
            return meaning
    return _ERRNO.sub("", said).strip("<>") or type(error).__name__


def _there_are():
    ports = sorted(list_ports.comports())
    if not ports:
        return "no serial port is; is the board plugged in, with a cable that carries data?"
    return "there are " + ", ".join(f"{port.device} ({port.description})" for port in ports)
