"""Sockets and a poller by script, as strict as lwIP: what is not scripted or not allowed fails."""

READABLE = 1
WRITABLE = 4


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
        self.is_closed = False
        self.calls = 0

    def accept(self):
        self.calls += 1
        entry = self.queue.pop(0)
        if isinstance(entry, Exception):
            raise entry
        return entry[0], (entry[1], 50000)

    def is_ready(self, events):
        return self.queue

    def close(self):
        self.is_closed = True


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
