# SPDX-License-Identifier: MIT
"""One HTTP request with a body, of bounded size (RFC 9112).

    request = Request()
    status = request.feed(data)     0: more is to come; 200: it is whole; else what to refuse it with

A body that is too long is read to its end and thrown away: a client that is still sending would never see the refusal.
"""

from const import const

HEAD_BYTES = const(2048)
BODY_BYTES = const(8192)
_SKIPPED_BYTES = const(65536)
_END = b"\r\n\r\n"

MORE = const(0)
WHOLE = const(200)
BAD = const(400)
TOO_LARGE = const(413)
HEAD_TOO_LARGE = const(431)
_NOT_IMPLEMENTED = const(501)


class Request:
    """method, path (without its query), host (without its port, in lower case), token, kind (of the body): texts; body: bytes."""

    def __init__(self):
        self.method = self.path = self.host = self.token = self.kind = ""
        self.body = bytearray()
        self._head = bytearray()
        self._missing = -1  # bytes of the body; -1: the head is not whole yet
        self._is_kept = True
        self._lengths = 0  # how often a length was told, and a host
        self._hosts = 0

    def feed(self, data):
        if self._missing < 0:
            self._head.extend(data)
            end = self._head.find(_END)
            if end > HEAD_BYTES or end < 0 and len(self._head) > HEAD_BYTES:
                return HEAD_TOO_LARGE
            if end < 0:
                return MORE
            data = self._head[end + len(_END) :]
            status = self._parse(bytes(self._head[:end]))
            self._head = None
            if status != WHOLE:
                return status
        if self._is_kept:
            self.body.extend(data[: self._missing])
        self._missing -= len(data)
        if self._missing > 0:
            return MORE
        return WHOLE if self._is_kept else TOO_LARGE

    def _parse(self, head):
        self._missing = 0
        try:
            first, *fields = str(head, "utf-8").split("\r\n")
            method, target, version = first.split(" ")
        except ValueError:  # UnicodeError is one
            return BAD
        if len(version) != 8 or not version.startswith("HTTP/1."):
            return BAD
        self.method = method
        if not self._take_target(target):
            return BAD
        for field in fields:
            name, colon, value = field.partition(":")
            if not colon or not name or name != name.strip():
                return BAD
            status = self._take_field(name.lower(), value.strip())
            if status != WHOLE:
                return status
        if self._lengths > 1 or self._hosts > 1 or self._missing > _SKIPPED_BYTES:
            return BAD
        self._is_kept = self._missing <= BODY_BYTES
        return WHOLE

    def _take_target(self, target):
        """A path, or a whole URI as a proxy is asked (RFC 9112, section 3.2.2)."""
        if target.lower().startswith("http://"):
            host, _, path = target[7:].partition("/")
            self.host = _name(host)
            self._hosts = 1
            target = "/" + path
        self.path = target.partition("?")[0]
        return target.startswith("/")

    def _take_field(self, name, value):
        if name == "host":
            if self._hosts and not self.host or self._hosts == 1 and self.host != _name(value):
                return BAD
            self.host = _name(value)
            self._hosts = 1
        elif name == "content-length":
            self._lengths += 1
            if not 0 < len(value) < 8 or any([c not in "0123456789" for c in value]):
                return BAD
            self._missing = int(value)
        elif name == "transfer-encoding":
            return _NOT_IMPLEMENTED
        elif name == "x-token":
            self.token = value
        elif name == "content-type":
            self.kind = value.partition(";")[0].strip().lower()
        return WHOLE


def _name(host):
    """The name in a Host field, without its port."""
    return host.partition(":")[0].lower()
