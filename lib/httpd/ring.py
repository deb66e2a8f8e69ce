# SPDX-License-Identifier: MIT
"""The latest text that was written, in a buffer of fixed size."""

from httpd.document import Document
from httpd.responses import TEXT


class Ring(Document):
    """A document whose body is the last `size` bytes; what is read begins with a whole line."""

    def __init__(self, size):
        super().__init__(size, TEXT)
        del self.write  # a document's; ours goes round
        self._size = size
        self._start = 0  # of what readers are being sent, counted like _end
        self._end = 0  # bytes written, ever

    def write(self, data):
        """Take bytes; what is longer than the ring leaves its end there."""
        skipped = max(0, len(data) - self._size)
        self._end += skipped
        data = memoryview(data)[skipped:]
        at = self._end % self._size
        first = min(len(data), self._size - at)
        self._stream.seek(self._body + at)
        self._stream.write(data[:first])
        self._stream.seek(self._body)
        self._stream.write(data[first:])
        self._end += len(data)

    def open(self, now_ms):
        """The same text for all, while somebody is in the middle of it."""
        if not self._readers:
            self._start = max(0, self._end - self._size)
            if self._start:
                self._skip_line()
            count = self._end - self._start
            self.length = self._body + count
            self._patch(self._length_at, count)
        return self

    def read(self, view, offset):
        body = self._body
        if offset < body:
            return min(super().read(view, offset), body - offset)
        self._stream.seek(body + (self._start + offset - body) % self._size)
        return self._stream.readinto(view)

    def _skip_line(self):
        byte = bytearray(1)
        while self._start < self._end:
            self._stream.seek(self._body + self._start % self._size)
            self._stream.readinto(byte)
            self._start += 1
            if byte == b"\n":
                return
