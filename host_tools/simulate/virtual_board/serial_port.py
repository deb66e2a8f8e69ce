# SPDX-License-Identifier: MIT
"""The board's console as a serial port (a pty), for mpremote and whatever else speaks to a MicroPython."""

import os
import re
import select
import signal
import time
import tty
from pathlib import Path

_CTRL_C = b"\x03"
_INTERRUPT_PAUSE_S = 0.05  # a second SIGINT before MicroPython has taken the first ends it
_CLIENT_LIMIT_S = 0.5
_BARE_NEWLINE = re.compile(rb"(?<!\r)\n")


class SerialPort:
    """Stands between the board and a client. link: a path that leads to the pty."""

    def __init__(self, link):
        self._master, self._slave = os.openpty()  # the slave too: a client may come and go
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self._link = Path(link)
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(os.ttyname(self._slave))
        self._interrupted: tuple[int | None, float] = None, 0  # which process, when
        self._reading = True  # whether a client takes what comes

    def close(self):
        self._link.unlink(missing_ok=True)
        os.close(self._master)
        os.close(self._slave)

    def pass_on(self, process, wait_s):
        """Pass on what has come within this time; False once the board's interpreter has ended."""
        ready = select.select([process.stdout, self._master], [], [], wait_s)[0]
        if self._master in ready:
            self._to_board(process, os.read(self._master, 4096))
        if process.stdout not in ready:
            return True
        data = os.read(process.stdout.fileno(), 4096)
        self._to_client(data)
        return bool(data)

    def _to_client(self, data):
        """As on a wire, what nobody reads is lost."""
        data = _BARE_NEWLINE.sub(b"\r\n", data)
        limit_s = _CLIENT_LIMIT_S if self._reading else 0
        while data:
            self._reading = bool(select.select([], [self._master], [], limit_s)[1])
            if not self._reading:
                return
            data = data[os.write(self._master, data) :]

    def _to_board(self, process, data):
        before, *rest = data.split(_CTRL_C)
        self._type(process, before)
        for part in rest:
            if _takes_interrupts(process.pid):
                self._interrupt(process)
            else:
                self._type(process, _CTRL_C)
            self._type(process, part)

    def _interrupt(self, process):
        now_s = time.monotonic()
        pid, then_s = self._interrupted
        if pid != process.pid or now_s - then_s > _INTERRUPT_PAUSE_S:
            self._interrupted = process.pid, now_s
            process.send_signal(signal.SIGINT)

    def _type(self, process, data):
        try:
            os.write(process.stdin.fileno(), data)
        except (BlockingIOError, BrokenPipeError):
            pass  # a board that does not listen loses it


def _takes_interrupts(pid):
    """Whether MicroPython has Ctrl-C armed: then it lets SIGINT through."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    (blocked,) = re.findall(r"SigBlk:\s*(\w+)", status)
    return not int(blocked, 16) & 1 << signal.SIGINT - 1
