# SPDX-License-Identifier: MIT
"""Sockets and a poller by script, as strict as lwIP: what is not scripted or not allowed fails."""

from httpd import responses, server
from httpd.document import Document
from ticks import ticks_add

READABLE = 1
WRITABLE = 4

VALUES = b"/api/v1/values.json"
TAIL = b" HTTP/1.1\r\nHost: 192.168.1.50\r\n\r\n"
GET_VALUES = b"GET " + VALUES + TAIL
GET_PAGE = b"GET /" + TAIL

# As docs/performance.md states them, under "Limits".
IDLE_MS = 5000
LIFE_MS = 10000
GRACE_MS = 50
TURN_GRACE_MS = 300
TURN_MS = 2000
WAIT_MS = 4000
SETTLE_MS = 1000
CHECK_MS = 25


class FakeSocket:
    """`incoming`: pieces of bytes, b"" for the client's close, exceptions; `takes`: bytes each
    write may take.
    """

    def __init__(self, *incoming, takes=()):
        self.incoming = list(incoming)
        self.takes = list(takes)
        self.sent = b""
        self.is_closed = False
        self.is_blocking = True
        self.options = []
        self.calls = 0  # into the socket layer

    def setblocking(self, flag):
        self._use()
        self.is_blocking = flag

    def setsockopt(self, level, option, value):
        self._use()
        self.options.append((level, option, value))

    def readinto(self, view):
        """Reads until the buffer is full or nothing is left, like MicroPython's streams."""
        self._use()
        assert not self.is_blocking
        count = 0
        while self.incoming and count < len(view):
            piece = self.incoming.pop(0)
            if isinstance(piece, Exception):
                raise piece
            if piece == b"":
                self.incoming.insert(0, b"")
                return count
            taken = min(len(piece), len(view) - count)
            for i in range(taken):
                view[count + i] = piece[i]
            count += taken
            if taken < len(piece):
                self.incoming.insert(0, piece[taken:])
            break  # a script's pieces come one by one
        if count < len(view):
            self.calls += 1  # the read that finds nothing more
        return count or None

    def write(self, buf, offset, length):
        self._use()
        assert not self.is_blocking
        assert 0 <= offset and 0 < length and offset + length <= len(buf)
        count = self.takes.pop(0) if self.takes else length
        if isinstance(count, Exception):
            raise count
        count = min(count, length)
        self.sent += bytes(memoryview(buf)[offset : offset + count])
        return count or None

    def close(self):
        self._use()
        self.is_closed = True

    def _use(self):
        assert not self.is_closed, "used after close"
        self.calls += 1

    def is_ready(self, events):
        return events & READABLE and self.incoming or events & WRITABLE

    def status(self):
        return self.sent[9:12]

    def body(self):
        return self.sent[self.sent.find(b"\r\n\r\n") + 4 :]


class FakeListener:
    """`queue`: pairs (socket, host), or exceptions that accept raises."""

    def __init__(self):
        self.queue = []
        self.calls = 0

    def accept(self):
        self.calls += 1
        entry = self.queue.pop(0)
        if isinstance(entry, Exception):
            raise entry
        return entry[0], (entry[1], 50000)

    def is_ready(self, events):
        return events & READABLE and self.queue


class FakePoller:
    def __init__(self):
        self.events = []  # [object, mask], in the order of registration
        self.fails = []  # exceptions that register raises

    def register(self, stream, mask):
        if self.fails:
            error = self.fails.pop(0)
            if error:
                raise error
        assert self._entry(stream) is None, "registered twice"
        self.events.append([stream, mask])

    def modify(self, stream, mask):
        self._entry(stream)[1] = mask

    def unregister(self, stream):
        """MicroPython does not mind a stream that it does not know."""
        entry = self._entry(stream)
        if entry:
            self.events.remove(entry)

    def ipoll(self, wait_ms):
        for stream, mask in list(self.events):
            if self._entry(stream) and stream.is_ready(mask):
                yield stream, mask

    def _entry(self, stream):
        for entry in self.events:
            if entry[0] is stream:
                return entry
        return None


class Rig:
    """A server with its fakes. `values` is a document of {"n": 1}."""

    def __init__(self, slots=5, buffer_bytes=1024, routes=None, **options):
        self.listener = FakeListener()
        self.poller = FakePoller()
        self.values = Document(100, responses.JSON, aged=True)
        self.render(b'{"n": 1}')
        self.values.set_age(0)
        table = {VALUES: self.values, b"/": responses.Fixed("200", "text/html", b"<p>page")}
        table.update(routes or {})
        self.server = server.Server(
            self.listener, table, self.poller, slots, buffer_bytes, **options
        )
        self.now_ms = 1000

    def render(self, body):
        if self.values.begin():
            self.values.write(body)
            self.values.end()

    def step(self, later_ms=0):
        self.now_ms = ticks_add(self.now_ms, later_ms)
        assert self.server.step(self.now_ms) == 0

    def connect(self, *incoming, host="10.0.0.2", takes=()):
        sock = FakeSocket(*incoming, takes=takes)
        self.listener.queue.append((sock, host))
        self.step()
        return sock

    def run(self, sock, passes=20, later_ms=0):
        for _ in range(passes):
            if sock.is_closed:
                break
            self.step(later_ms)
        return sock

    def stat(self, name):
        return self.server.stats[name]

    def is_empty(self):
        return len(self.poller.events) == 1  # the listener
