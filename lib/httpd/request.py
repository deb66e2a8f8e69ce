"""The head of one HTTP request, taken in as it comes: whole, in pieces or byte by byte.

Bytes in, outcome out (RFC 9112, sections 2 to 5). Only the request line is looked at, and only if it comes in
pieces is it kept; of the fields nothing but their end matters, since no answer depends on a field. No heap.
"""

# Long enough for any path of ours with a query, short enough to be kept in every slot.
LINE_BYTES = 256
# Browsers send 1 to 3 kB of cookies to whatever runs on that host name.
HEAD_BYTES = 4096
# In front of the new bytes: the end of a head may be cut at any place, and is at most three bytes long.
TAIL_BYTES = 2

MORE = 0
FOUND = 200
BAD = 400
UNKNOWN = 404
LINE_TOO_LONG = 414
HEAD_TOO_LONG = 431
OTHER_METHOD = 500  # by the maker's document, where HTTP has 405

_SPACE = 32
_QUERY = 63
_SLASH = 47
_RETURN = 13
_VERSION = b" HTTP/1."
_VERSION_BYTES = 9  # with the digit


class Request:
    """`feed` until it returns something else than MORE; then `route` tells which path was found."""

    def __init__(self, routes):
        """`routes`: objects with a `path` in bytes."""
        self._routes = routes
        self._line = bytearray(LINE_BYTES)
        self.reset()

    def reset(self):
        self.route = None
        self.closes = False  # the client waits for our close: HTTP/1.0
        self.bytes = 0
        self._kept = 0
        self._outcome = MORE  # of the request line, until the head has ended
        self._last = self._last_but_one = 0

    def feed(self, data, count):
        """Take data[TAIL_BYTES:TAIL_BYTES + count] (the bytes before are ours) and return an outcome. No heap."""
        end = TAIL_BYTES + count
        start = 0
        if self._outcome == MORE:
            start = self._take_line(data, end)
            if self._outcome == BAD or self._outcome == LINE_TOO_LONG:
                return self._outcome
        if self._outcome != MORE and self._head_ends(data, start, end):
            return self._outcome
        self.bytes += count
        if self.bytes >= HEAD_BYTES:
            return HEAD_TOO_LONG
        self._last_but_one = data[end - 2] if count > 1 else self._last
        self._last = data[end - 1]
        return MORE

    def _head_ends(self, data, start, end):
        data[0] = self._last_but_one
        data[1] = self._last
        if end > TAIL_BYTES + HEAD_BYTES - self.bytes:
            end = TAIL_BYTES + HEAD_BYTES - self.bytes
        return data.find(b"\n\r\n", start, end) >= 0 or data.find(b"\n\n", start, end) >= 0

    def _take_line(self, data, end):
        """Return where the search for the end of the head starts: at the end of the line."""
        feed = data.find(b"\n", TAIL_BYTES, end)
        stop = end if feed < 0 else feed
        if self._kept:
            self._keep(data, stop)
            if feed >= 0 and self._outcome == MORE:
                self._outcome = self._parse(self._line, 0, self._kept)
        elif stop - TAIL_BYTES > LINE_BYTES:
            self._outcome = _too_long(data, TAIL_BYTES)
        elif feed >= 0:
            self._outcome = self._parse(data, TAIL_BYTES, feed)
        elif not _is_letter(data[TAIL_BYTES]):
            self._outcome = BAD  # a TLS hello has no end of line
        else:
            self._keep(data, stop)
        return feed

    def _keep(self, data, stop):
        line = self._line
        kept = self._kept
        for at in range(TAIL_BYTES, stop):
            if kept == LINE_BYTES:
                self._outcome = _too_long(line, 0)
                return
            line[kept] = data[at]
            kept += 1
        self._kept = kept

    def _parse(self, line, start, stop):
        """The outcome of the request line line[start:stop], as far as it decides."""
        if stop > start and line[stop - 1] == _RETURN:
            stop -= 1
        end = stop - _VERSION_BYTES
        if end <= start or not line.startswith(_VERSION, end) or not 48 <= line[stop - 1] <= 57:
            return BAD
        at = line.find(b" ", start, end) + 1
        if at == 0 or at == end or not _is_letter(line[start]) or line.find(b" ", at, end) >= 0:
            return BAD
        if not line.startswith(b"GET ", start):
            return OTHER_METHOD
        self.closes = line[stop - 1] == 48
        if line[at] != _SLASH:
            if not line.startswith(b"http://", at):
                return BAD
            at = line.find(b"/", at + 7, end)
        return self._find(line, at) if at >= 0 else UNKNOWN

    def _find(self, line, at):
        """Find the route whose path stands at `at`, where a path cannot run over the line's end: it has no space."""
        for route in self._routes:
            if line.startswith(route.path, at):
                after = line[at + route.length]
                if after == _SPACE or after == _QUERY:
                    self.route = route
                    return FOUND
        return UNKNOWN


def _is_letter(byte):
    return 65 <= byte <= 90 or 97 <= byte <= 122


def _too_long(line, start):
    """The outcome of a line without an end: a long target after a method, or no HTTP at all."""
    if _is_letter(line[start]) and line.find(b" ", start, start + 16) > 0:
        return LINE_TOO_LONG
    return BAD
