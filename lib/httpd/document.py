"""A document that is rendered now and then and sent often: head and body in one kept buffer.

BytesIO is that buffer, since it takes bytes of any length without heap and at the speed of C; so
does `print` for a number. A document that outgrows `capacity` grows its buffer, once.
"""

import sys

from const import const
from httpd import answers

_WIDTH = const(6)
# In front of a field's value any number of blanks is allowed (RFC 9112, section 5).
_BLANK = b" " * _WIDTH
_AGE = b"\r\nAge: "
_LENGTH = b"\r\nContent-Length: "

if sys.implementation.name == "micropython":

    def _put(stream, value):
        print(value, end="", file=stream)

else:

    def _put(stream, value):
        stream.write(str(value).encode())


class Document:
    """Source and answer. `begin`, `write...`, `end`, and no reader before the end. No heap."""

    def __init__(self, capacity, content_type, aged=False, status="200"):
        """`capacity`: bytes of the body to expect; `aged`: send Age, see `set_age`."""
        extra = "Age: " + " " * _WIDTH + "\r\n" if aged else ""
        whole = answers.head(status, content_type, " " * _WIDTH, extra)
        self.status = status
        self.length = 0  # nothing rendered yet
        self._stream = answers.kept(len(whole) + capacity)
        self._stream.write(whole)
        self._body = len(whole)
        self._length_at = whole.find(_LENGTH) + len(_LENGTH)
        self._age_at = whole.find(_AGE) + len(_AGE)
        self._age = -1
        self._readers = 0
        # The renderer writes most bytes; this saves it a method of ours around each.
        self.write = self._stream.write

    def begin(self):
        """Start anew; False while somebody reads it in parts, longer than the server's buffer."""
        if self._readers:
            return False
        self._stream.seek(self._body)
        return True

    def write_int(self, value):
        _put(self._stream, value)

    def write_text(self, text):
        """Write a str."""
        _put(self._stream, text)

    def write_tenths(self, value):
        """Write 782 as 78.2."""
        if value < 0:
            self.write(b"-")
            value = -value
        _put(self._stream, value // 10)
        self.write(b".")
        _put(self._stream, value % 10)

    def end(self):
        self.length = self._stream.tell()
        self._patch(self._length_at, self.length - self._body)

    def set_age(self, seconds):
        """For an `aged` document, before `open`."""
        if seconds != self._age and not self._readers:
            self._age = seconds
            self._patch(self._age_at, seconds)

    def _patch(self, at, value):
        self._stream.seek(at)
        self.write(_BLANK)
        at += _WIDTH - 1
        limit = 10
        while value >= limit:
            limit *= 10
            at -= 1
        self._stream.seek(at)
        _put(self._stream, value)

    def open(self, now_ms):
        return self

    def read(self, view, offset):
        self._stream.seek(offset)
        count = self._stream.readinto(view)
        offset += count
        # Behind the end lies what is left of a longer document.
        return count if offset <= self.length else count - offset + self.length

    def pin(self):
        self._readers += 1

    def unpin(self):
        self._readers -= 1
