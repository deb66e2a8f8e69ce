# SPDX-License-Identifier: MIT
"""The socket that a server accepts from, and whom it accepts. Only the boot needs this code."""

import socket
import sys
from array import array

# Connections that wait for accept. lwIP has room for 6 and resets a seventh, while beyond the
# backlog it lets the client try again, a second later: too late, where there is room.
BACKLOG = 5 if sys.platform == "esp32" else 64


def listen(host, port):
    """A listening, non-blocking socket; `host` is numeric. Else OSError(errno, sentence)."""
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(socket.getaddrinfo(host, port)[0][-1])
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise OSError(
            error.errno, f"cannot listen on {host}:{port}: is something else running there?"
        )
    listener.setblocking(False)
    return listener


def networks(pairs):
    """[[address, mask], ...] of the plan as httpd.chargers wants it."""
    halves = array("H")
    for address, mask in pairs:
        for half in (address >> 16, mask >> 16, address & 0xFFFF, mask & 0xFFFF):
            halves.append(half)
    return halves
