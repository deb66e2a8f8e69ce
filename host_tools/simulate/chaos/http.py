# SPDX-License-Identifier: MIT
"""Sockets, a poller and clients without a network, for httpd.server in virtual time."""

_READABLE, _WRITABLE = 1, 4
_ABORTED = 113  # ECONNABORTED of lwIP


class Socket:
    """A client's end and the server's in one. takes: bytes that one write may pass on; fails: the connection is no more;
    hangs: nothing comes through any longer.
    """

    fails = hangs = False

    def __init__(self, request, takes=1 << 20):
        self.incoming = request  # None: nothing waits; b"": the client has closed
        self.takes = takes
        self.answer = b""
        self.is_closed = False
        self.room = takes

    def setblocking(self, flag):
        pass

    def setsockopt(self, level, option, value):
        pass

    def readinto(self, view):
        if self.fails:
            raise OSError(_ABORTED)
        data = self.incoming
        if data is None or self.hangs:
            return None
        data, rest = data[: len(view)], data[len(view) :]
        self.incoming = rest if rest else None if data else data
        view[: len(data)] = data
        return len(data)

    def write(self, buf, offset, length):
        if self.fails:
            raise OSError(_ABORTED)
        count = 0 if self.hangs else min(length, self.room)
        self.answer += bytes(buf[offset : offset + count])
        self.room -= count
        return count or None

    def close(self):
        self.is_closed = True

    def is_ready(self, events):
        if self.fails or self.hangs:
            return self.fails
        return events & _READABLE and self.incoming is not None or events & _WRITABLE and self.room


class Listener:
    def __init__(self):
        self.queue = []

    def accept(self):
        sock, host = self.queue.pop(0)
        return sock, (host, 50000)

    def is_ready(self, events):
        return events & _READABLE and self.queue


class Poller:
    def __init__(self):
        self._masks = {}

    def register(self, stream, mask):
        self._masks[stream] = mask

    modify = register

    def unregister(self, stream):
        del self._masks[stream]

    def ipoll(self, wait_ms):
        return [(one, mask) for one, mask in list(self._masks.items()) if one.is_ready(mask)]


def request(path):
    return b"GET " + path + b" HTTP/1.1\r\nHost: 192.168.1.50\r\nAccept: */*\r\n\r\n"


def expected_length(answer):
    """Bytes of a whole answer by its own header; None while the header is not whole."""
    head, end, _ = answer.partition(b"\r\n\r\n")
    if not end:
        return None
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return len(head) + 4 + int(value)
    return len(head) + 4
