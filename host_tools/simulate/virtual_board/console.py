# SPDX-License-Identifier: MIT
"""The virtual board's console, and the question whether its server answers."""

import os
import re
import select
import socket
import sys

# How the firmware complains of its config: "config.json: ..." or the place in it, "devices[1].unit: ...".
_REFUSAL = re.compile(r"([a-z_]\w*(\[\d+\]|\.\w+)*|profiles/\S+): .+")


class Console:
    """Passes on what the firmware prints and remembers what tells why it ended."""

    def __init__(self, out=None):
        self._out = out or sys.stdout.buffer
        self._line = b""  # begun, and not yet at its end
        self._shown = 0  # bytes of it that are out
        self.last = ""

    def pass_on(self, pipe, wait_s):
        """Pass on what has come within this time; False once the pipe has ended."""
        if not select.select([pipe], [], [], wait_s)[0]:
            self._show_rest()
            return True
        data = os.read(pipe.fileno(), 65536)
        *whole, rest = (self._line + data).split(b"\n")
        for line in whole:
            self._write(line[self._shown :] + b"\n")
            self._shown = 0
            self._remember(line.decode(errors="replace").strip())
        self._line = rest
        if not data:
            self._show_rest()
        return bool(data)

    def line(self, text):
        """Print a line of our own. MicroPython prints word by word: it must not land within a line."""
        if self._shown:
            self._write(b"\n")
        self._write(text.encode() + b"\n")
        self._shown = 0

    def _show_rest(self):
        self._write(self._line[self._shown :])
        self._shown = len(self._line)

    def _write(self, data):
        self._out.write(data)
        self._out.flush()

    def say(self, text):
        self.line(f"virtual board: {text}")

    def _remember(self, line):
        if line:
            self.last = line

    def refusal(self):
        """The last line, if it says what is wrong with the config; else None. To be asked when main() is over."""
        return self.last if _REFUSAL.fullmatch(self.last) else None


class Probe:
    """Asks the server once in a while, until it has answered once."""

    def __init__(self, config):
        http = config.get("http")
        http = http if isinstance(http, dict) else {}
        host = http.get("host")
        self.host = host if isinstance(host, str) and host != "0.0.0.0" else "127.0.0.1"
        self.port = http.get("port", 80)
        self._answered = not isinstance(self.port, int)

    def answers(self):
        """True once, as soon as there is an HTTP answer."""
        if self._answered:
            return False
        self._answered = self._ask()
        return self._answered

    def _ask(self):
        request = f"GET /api/v1/info.json?ready HTTP/1.1\r\nHost: {self.host}\r\n\r\n"
        try:
            with socket.create_connection((self.host, self.port), timeout=0.5) as server:
                server.sendall(request.encode())
                return server.recv(64).startswith(b"HTTP/1.")
        except (OSError, OverflowError):
            return False
