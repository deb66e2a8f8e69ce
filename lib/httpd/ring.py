"""The latest text that was written, in a buffer of fixed size: source and answer (see answers.py)."""

import io

from const import const
from httpd.answers import TEXT, head, kept

_LENGTH = b"Content-Length: "
_WIDTH = const(5)


class Ring:
    """Keeps the last `size` bytes; what is read begins with a whole line."""

    def __init__(self, size):
        whole = head("200", TEXT, " " * _WIDTH)
        self.status = "200"
        self.length = 0
        self._head = io.BytesIO(whole)
        self._head_length = len(whole)
        self._length_at = whole.find(_LENGTH) + len(_LENGTH)
        self._size = size
        self._ring = kept(size)
        self._start = 0  # of what readers are being sent, counted like _end
        self._end = 0  # bytes written, ever
        self._pins = 0

    def write(self, data):
        """Take bytes; what is longer than the ring leaves its end there."""
        skipped = max(0, len(data) - self._size)
        self._end += skipped
        data = memoryview(data)[skipped:]
        at = self._end % self._size
        first = min(len(data), self._size - at)
        self._ring.seek(at)
        self._ring.write(data[:first])
        self._ring.seek(0)
        self._ring.write(data[first:])
        self._end += len(data)

    def open(self, now_ms):
        """The same text for all, while somebody is in the middle of it."""
        if not self._pins:
            self._start = max(0, self._end - self._size)
            if self._start:
                self._skip_line()
            count = self._end - self._start
            self.length = self._head_length + count
            self._head.seek(self._length_at)
            self._head.write(("%*d" % (_WIDTH, count)).encode())
        return self

    def read(self, view, offset):
        if offset < self._head_length:
            self._head.seek(offset)
            return self._head.readinto(view)
        self._ring.seek((self._start + offset - self._head_length) % self._size)
        return min(self._ring.readinto(view), self.length - offset)

    def pin(self):
        self._pins += 1

    def unpin(self):
        self._pins -= 1

    def _skip_line(self):
        byte = bytearray(1)
        while self._start < self._end:
            self._ring.seek(self._start % self._size)
            self._ring.readinto(byte)
            self._start += 1
            if byte == b"\n":
                return
