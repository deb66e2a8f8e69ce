# SPDX-License-Identifier: MIT
"""A network serial adapter: its client speaks to a pty by socket://, and the cable can be pulled."""

import contextlib
import os
import select
import socket
import threading


class Adapter:
    """Forwards between one TCP client after the other and the port; `after_bytes` of the clients', or once after they said
    `after_text`, it hangs up, if on_cut() does not say True.
    """

    def __init__(self, port, after_bytes=None, on_cut=None, after_text=None):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"socket://127.0.0.1:{self._listener.getsockname()[1]}"
        self.sent = 0
        self.clients = 0
        self._port = port
        self._left = after_bytes
        self._text = after_text
        self._said = b""
        self._on_cut = on_cut
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()

    def _serve(self):
        while True:
            try:
                client = self._listener.accept()[0]
            except OSError:
                return
            tty = os.open(self._port, os.O_RDWR | os.O_NOCTTY)
            self.clients += 1
            with client:
                try:
                    while self._forward(client, tty):
                        pass
                except OSError:
                    pass
            os.close(tty)

    def _forward(self, client, tty):
        ready = select.select([client, tty], [], [], 1)[0]
        if tty in ready:
            with contextlib.suppress(OSError):  # what the client still had to say comes first
                client.sendall(os.read(tty, 4096))
        if client not in ready:
            return True
        data, more = client.recv(256), b""
        if self._left is not None:
            data, more = data[: self._left], data[self._left :]
            self._left -= len(data)
        self.sent += len(data)
        os.write(tty, data)
        if self._text:
            self._said = (self._said + data)[-300:]
            if self._text in self._said:
                self._left = 0
        if self._left == 0:
            self._left = self._text = None
            if not (self._on_cut and self._on_cut()):
                return False
            os.write(tty, more)  # it is not cut
            return True
        return bool(data)
