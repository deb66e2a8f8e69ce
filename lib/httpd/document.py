# SPDX-License-Identifier: MIT
"""A document that is rendered now and then and sent often: header and body in one preallocated buffer.

BytesIO is that buffer, since it takes bytes of any length without heap and at the speed of C; so
does `print` for a number. A document that outgrows `capacity` grows its buffer, once.
"""

import io

from const import const
from httpd.responses import Fixed, header, put

_WIDTH = const(6)
# In front of a field's value any number of blanks is allowed (RFC 9112, section 5).
_BLANK = b" " * _WIDTH
_AGE = b"\r\nAge: "
_LENGTH = b"\r\nContent-Length: "


class Document:
    """Source and response. `begin`, `write...`, `end`, and no reader before the end. No heap."""

    def __init__(self, capacity, content_type, aged=False, status="200"):
        """`capacity`: bytes of the body to expect; `aged`: send Age, see `set_age`."""
        self.status = status
        self.length = 0  # nothing rendered yet
        whole = io.BytesIO()
        extra = "Age: " + " " * _WIDTH + "\r\n" if aged else ""
        self._body = header(whole, status, content_type, " " * _WIDTH, extra)
        whole = whole.getvalue()
        self._stream = io.BytesIO(bytearray(self._body + capacity))
        self._stream.write(whole)
        self._length_at = whole.find(_LENGTH) + len(_LENGTH)
        self._age_at = whole.find(_AGE) + len(_AGE)
        self._age = -1
        self._readers = 0
        # The renderer writes most bytes; this saves it a method of ours around each.
        self.write = self._stream.write

    def begin(self):
        """Start again; False while somebody reads it in parts, longer than the server's buffer."""
        if self._readers:
            return False
        self._stream.seek(self._body)
        return True

    def write_int(self, value):
        put(value, end="", file=self._stream)

    write_text = write_int  # of a str

    def write_tenths(self, value):
        """Write 782 as 78.2."""
        if value < 0:
            self.write(b"-")
            value = -value
        self.write_int(value // 10)
        self.write(b".")
        self.write_int(value % 10)

    def end(self):
        self.length = self._stream.tell()
        self._patch(self._length_at, self.length - self._body)

    def set_age(self, seconds):
        """For an `aged` document, before `open`."""
        if seconds != self._age and not self._readers:
            self._age = seconds
            self._patch(self._age_at, seconds)

    def _patch(self, at, value):
        stream = self._stream
        stream.seek(at)
        stream.write(_BLANK)
        at += _WIDTH - 1
        limit = 10
        while value >= limit:
            limit *= 10
            at -= 1
        stream.seek(at)
        put(value, end="", file=stream)

    open = Fixed.open
    read = Fixed.read  # behind `length` lies what is left of a longer document

    def pin(self):
        self._readers += 1

    def unpin(self):
        self._readers -= 1
