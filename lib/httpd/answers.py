"""Complete answers, head and body, made at boot, and files that are streamed.

A source is what a path leads to; it chooses an answer:

    source.open(now_ms)         return the answer that is right now
    answer.status               "200", the key it is counted under
    answer.length               bytes, head and body
    answer.read(view, offset)   copy what comes at offset into view, return how many bytes; no heap
    answer.pin()                more reads will follow: stay as you are...
    answer.unpin()              ...until all is copied, or the client is gone

Here each source is its own and only answer.
"""

import io
import os

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"

REASONS = {
    "200": "OK",
    "400": "Bad Request",
    "404": "Not Found",
    "414": "URI Too Long",
    "431": "Request Header Fields Too Large",
    "500": "Internal Server Error",
    "503": "Service Unavailable",
}


def head(status, content_type, length, extra=""):
    """The head of an answer in bytes. `length` may be text of fixed width, `extra` more lines."""
    return (
        f"HTTP/1.1 {status} {REASONS[status]}\r\n"
        f"Content-Type: {content_type}\r\n"
        f"Content-Length: {length}\r\n"
        f"{extra}Cache-Control: no-store\r\n"
        "Connection: close\r\n"
        "\r\n"
    ).encode()


def kept(size):
    """A stream that holds `size` bytes from now on, taken from the heap in one piece."""
    stream = io.BytesIO()
    stream.seek(size - 1)
    stream.write(b"\0")
    stream.seek(0)
    return stream


class Fixed:
    """One answer for ever; `body` in bytes."""

    def __init__(self, status, content_type, body, extra=""):
        whole = head(status, content_type, len(body), extra)
        self.status = status
        self.head_length = len(whole)
        whole += body
        self.length = len(whole)
        self._stream = io.BytesIO(whole)

    def open(self, now_ms):
        return self

    def read(self, view, offset):
        self._stream.seek(offset)
        return self._stream.readinto(view)

    def pin(self):
        pass

    def unpin(self):
        pass


class Copy(Fixed):
    """What a client did not take at once, in a kept buffer, so that no later cycle changes it."""

    def __init__(self, size):
        self._stream = kept(size)

    def take(self, data):
        """Keep data, `size` bytes. No heap."""
        self._stream.seek(0)
        self._stream.write(data)


class File:
    """A file that does not change while we run. It stays open: a request allocates nothing."""

    def __init__(self, path, content_type, extra=""):
        size = os.stat(path)[6]
        whole = head("200", content_type, size, extra)
        self.status = "200"
        self.length = len(whole) + size
        self._head = io.BytesIO(whole)
        self._head_length = len(whole)
        self._file = open(path, "rb")

    def open(self, now_ms):
        return self

    def read(self, view, offset):
        if offset < self._head_length:
            self._head.seek(offset)
            return self._head.readinto(view)
        self._file.seek(offset - self._head_length)
        return self._file.readinto(view)

    def pin(self):
        pass

    def unpin(self):
        pass


def problem(status, sentence):
    """An error as the maker's callers can read it: JSON with a reason."""
    return Fixed(status, JSON, b'{"error": "' + sentence.encode() + b'"}')


def problems():
    """The answers that the server gives by itself."""
    return {
        400: problem("400", "this is not HTTP/1"),
        404: problem("404", "no such path"),
        414: problem("414", "the path is too long"),
        431: problem("431", "the request head is too long"),
        500: problem("500", "only GET is answered here"),
    }
