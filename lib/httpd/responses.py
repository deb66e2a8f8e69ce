# SPDX-License-Identifier: MIT
"""Complete responses, header and body, made at boot, and files that are sent as they are.

A source is what a path leads to; it chooses a response:

    source.open(now_ms)           return the response that is right now
    response.status               "200": the key under which it is counted
    response.length               bytes, header and body
    response.read(view, offset)   copy what comes at offset into view, return how many bytes; no heap;
                                  what lies behind `length` means nothing
    response.pin()                more reads will follow: stay as you are...
    response.unpin()              ...until all is copied, or the client is gone

Here each source is its own and only response.
"""

import io
import os
import sys
from binascii import hexlify

from const import const

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"

REASONS = {
    "200": "OK",
    "304": "Not Modified",
    "400": "Bad Request",
    "404": "Not Found",
    "414": "URI Too Long",
    "431": "Request Header Fields Too Large",
    "500": "Internal Server Error",
    "503": "Service Unavailable",
}

# By the outcome of a request (request.py, connection.py): status and sentence.
_REFUSALS = {
    0: ("500", "the bridge failed to make this answer"),
    400: ("400", "this is not HTTP/1"),
    404: ("404", "no such path"),
    414: ("414", "the path is too long"),
    421: ("404", "unknown host name: see http.names"),
    431: ("431", "the request header is too long"),
    500: ("500", "only GET is answered here"),
    503: ("503", "busy: ask again in 2 s"),
}

_UNCHANGED = const(-304)

if sys.implementation.name == "micropython":
    put = print  # into a stream, it takes no heap
else:

    def put(*values, sep="", end, file):
        file.write(sep.join(map(str, values)).encode() + end.encode())


def header(stream, status, content_type, length, extra="", cache="no-store"):
    """Write a header, return its bytes. `length` may be text of fixed width, `extra` more lines. No heap."""
    put("HTTP/1.1 ", status, " ", REASONS[status], sep="", end="\r\n", file=stream)
    put("Content-Type: ", content_type, sep="", end="\r\n", file=stream)
    put("Content-Length: ", length, "\r\n", extra, sep="", end="", file=stream)
    put("Cache-Control: ", cache, "\r\nConnection: close\r\n", sep="", end="\r\n", file=stream)
    return stream.tell()


class Fixed:
    """One response that never changes; `body` in bytes."""

    def __init__(self, status, content_type, body):
        self.status = status
        self._stream = io.BytesIO()
        self.length = header(self._stream, status, content_type, len(body)) + len(body)
        self._stream.write(body)

    def open(self, now_ms):
        return self

    def read(self, view, offset):
        self._stream.seek(offset)
        return self._stream.readinto(view)

    def pin(self):
        """Nothing to do: it never changes."""

    unpin = pin


class Copy(Fixed):
    """What a client did not take at once, in a preallocated buffer, so that no later cycle changes it."""

    def __init__(self, size):
        self._stream = io.BytesIO(bytearray(size))

    def take(self, data, length):
        """Copy data, `size` bytes, of which so many count. No heap."""
        self.length = length
        self._stream.seek(0)
        self._stream.write(data)


class Refusal(Fixed):
    """What the server says by itself, rendered when it is needed, so it has to fit into the server's buffer."""

    def __init__(self):
        self._stream = io.BytesIO(bytearray(256))

    def choose(self, outcome, request=None):
        """Be the response to a request with this outcome; a negative one asks for no body. No heap but for a 304."""
        stream = self._stream
        stream.seek(0)
        if outcome == _UNCHANGED:
            self.status = "304"
            self.length = request.route.source.unchanged(stream)
            return self
        status, sentence = _REFUSALS[abs(outcome)]
        extra = "Retry-After: 2\r\n" if status == "503" else ""
        self.status = status
        self.length = header(stream, status, JSON, len(sentence) + 13, extra)
        if outcome >= 0:
            put('{"error": "', sentence, sep="", end='"}', file=stream)
            self.length = stream.tell()
        return self


class File(Fixed):
    """A gzipped file that does not change while we run. It stays open: a request allocates nothing.

    tag: its ETag, the CRC and the length that a gzip file ends in.
    """

    def __init__(self, path, content_type, extra=""):
        size = os.stat(path)[6]
        self.status = "200"
        self._file = open(path, "rb")
        self._file.seek(size - 8)
        self.tag = b'"' + hexlify(self._file.read(8)) + b'"'
        self._stream = io.BytesIO()
        extra += "Content-Encoding: gzip\r\nETag: %s\r\n" % self.tag.decode()
        self._header_length = header(self._stream, "200", content_type, size, extra, "no-cache")
        self.length = self._header_length + size

    def unchanged(self, stream):
        """Write the same header, but for its first line (RFC 9110, 15.4.5); return its bytes."""
        stream.write(b"HTTP/1.1 304 Not Modified")
        stream.write(self._stream.getvalue()[len(b"HTTP/1.1 200 OK") :])
        return stream.tell()

    def read(self, view, offset):
        if offset < self._header_length:
            return super().read(view, offset)
        self._file.seek(offset - self._header_length)
        return self._file.readinto(view)


def problem(status, sentence):
    """An error as clients of DiniTech's Custom API can read it: JSON with a reason."""
    return Fixed(status, JSON, b'{"error": "' + sentence.encode() + b'"}')
