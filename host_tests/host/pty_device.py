# SPDX-License-Identifier: MIT
"""Units behind a pty, as an RS485 adapter shows them to a PC: pymodbus answers, on a thread of its own."""

import contextlib
import os
import termios
import threading
import tty

from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU

from host_tests.host.modbus_device import Registers, result_of


class PtyUnits:
    """A context manager. images: {unit: {(function, address): word}}; speed: the only one it hears (termios), or None."""

    def __init__(self, images, speed=None):
        self.images = images
        self.speed = speed
        self.heard = b""  # all that was sent to it
        self._framer = FramerRTU(DecodePDU(True))

    def __enter__(self):
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        os.close(self._slave)
        os.close(self._master)

    def _serve(self):
        with contextlib.suppress(OSError):
            while data := os.read(self._master, 256):
                self.heard += data
                reply = self.answer(data)
                if reply:
                    os.write(self._master, reply)

    def answer(self, data):
        """What comes back; subclasses are consoles."""
        if self.speed is not None and self.speed != termios.tcgetattr(self._master)[4]:
            return None
        used, request = self._framer.handleFrame(data, 0, 0)
        if request is None or used != len(data) or request.dev_id not in self.images:
            return None
        registers = Registers(self.images[request.dev_id])
        reply = result_of(request.datastore_update(registers, request.dev_id))
        reply.dev_id = request.dev_id
        return self._framer.buildFrame(reply)
