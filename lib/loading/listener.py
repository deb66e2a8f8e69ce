# SPDX-License-Identifier: MIT
"""The socket that a server accepts from. Only the boot needs this code."""

import socket
import sys

# Connections that wait for accept. lwIP has room for 6 and resets a seventh, while beyond the
# backlog it lets the client knock again, a second later: too late, where there is room.
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
