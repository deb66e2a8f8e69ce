# SPDX-License-Identifier: MIT
"""Is PORT a board's console instead of an RS485 adapter? There, a byte 03 is Ctrl-C and stops the bridge.

Found out without that byte: by the USB port's maker, by what a console prints by itself, and by what it answers to
one Return, which is no frame to any meter.
"""

import re
from typing import Any

from serial.tools import list_ports

from host_tools.owner.line import READ_INPUT, Line, Reply, request_of
from host_tools.owner.remote import RemoteError

CTRL_C = 0x03
_SETTING = (115200, "none", 1)  # of every ESP32's console
_ESPRESSIF = 0x303A  # USB vendor
_PROMPT = b">>>"
_TEXT = re.compile(
    rb"[\x20-\x7e]{8}"
)  # Modbus has so many printable characters in a row only in a name it was asked for
_LISTEN_MS = 400
_ANSWER_MS = 250
_ADDRESSES = range(16)


def check(port: Any, name: str) -> None:
    """Raises RemoteError if this is a console."""
    if _is_chip(name):
        raise RemoteError(
            f"{name} is the USB port of an ESP32 board, not an RS485 adapter; nothing was sent"
        )
    line = Line(port, _SETTING)
    check_bytes(line.listen(_LISTEN_MS), name)
    port.send(b"\r")
    port.finish()
    heard = line.listen(_ANSWER_MS)
    if heard == b"\r":
        raise RemoteError(echo_words(name))
    check_bytes(heard, name)


def check_reply(reply: Reply, name: str) -> None:
    """The same, after a question that meters answer and consoles echo."""
    if reply.echo:
        raise RemoteError(echo_words(name))
    if not reply.answered:
        check_bytes(reply.raw, name)


def check_bytes(heard: bytes, name: str) -> None:
    if _PROMPT in heard:
        what = "a MicroPython prompt answers"
    elif _TEXT.search(heard):
        what = "a board prints its log"
    else:
        return
    raise RemoteError(f"{name} is a board's console: {what}; name the port of an RS485 adapter")


def echo_words(name: str) -> str:
    return (
        f"{name} gives back what it is sent, as a console does; if it is an RS485 adapter that hears itself, "
        "say so: ARGS=--adapter"
    )


def harmless(unit: int) -> tuple[int, int, int] | None:
    """A read (function, address, count) of this unit without the byte 03; None for unit 3."""
    for address in _ADDRESSES:
        for count in (1, 2):
            if CTRL_C not in request_of(unit, READ_INPUT, address, count):
                return READ_INPUT, address, count
    return None


def _is_chip(name: str) -> bool:
    return any(one.device == name and one.vid == _ESPRESSIF for one in list_ports.comports())
