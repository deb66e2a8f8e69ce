"""The head of one HTTP request, taken in as it comes: whole, in pieces or byte by byte.

Bytes in, outcome out (RFC 9112, sections 2 to 5). Only the request line is looked at, and only if
it comes in pieces is it kept; of the fields nothing but their end matters, since no answer depends
on a field. No heap.
"""

from const import const

# Long enough for any path of ours with a host and a query, short enough to be kept in every slot.
LINE_BYTES = const(128)
# Browsers send 1 to 3 kB of cookies to whatever runs on that host name.
HEAD_BYTES = const(4096)
# In front of the new bytes: the end of a head is three bytes long and may be cut at any place.
TAIL_BYTES = const(2)

# A negative outcome: the same for a HEAD, whose answer has no content (RFC 9110, section 9.3.2).
MORE = const(0)
FOUND = const(200)
BAD = const(400)
UNKNOWN = const(404)
LINE_TOO_LONG = const(414)
HEAD_TOO_LONG = const(431)
OTHER_METHOD = const(500)  # by the maker's document, where HTTP has 405

_FEED = const(10)
_RETURN = const(13)
_QUERY = const(63)
_VERSION_BYTES = const(9)  # of " HTTP/1.1"
_USUAL_BYTES = const(15)  # of "GET " + " HTTP/1.1\r\n"


class Route:
    """Where a path leads, and how often it was asked for."""

    def __init__(self, path, source, is_charger):
        self.path = path
        self.length = len(path)
        self.usual = b"GET " + path + b" HTTP/1.1\r\n" if is_charger else None
        self.name = path.decode()
        self.source = source
        self.is_charger = is_charger
        self.requests = 0


class Request:
    """`feed` it until the outcome is not MORE. FOUND: `route` is what the path leads to.

    Set `taken` to 0 for the next one.
    """

    def __init__(self, routes):
        """`routes`: of the class Route; the last is tried first."""
        self._routes = routes
        self.route = None
        self.closes = False  # the client waits for our close: HTTP/1.0
        # Of a head that has not ended: bytes in all, the line if it came in pieces, bytes of it if
        # it has not ended, else its outcome, the last two bytes.
        self.taken = 0
        self._line = bytearray(LINE_BYTES)
        self._kept = 0
        self._outcome = MORE
        self._last_but_one = self._last = 0

    def feed(self, data, count):
        """Take data[TAIL_BYTES:TAIL_BYTES + count], 1 kB at most; return an outcome.

        The bytes before are ours. No heap.
        """
        end = TAIL_BYTES + count
        # What the charger asks for all the time, written as nearly every client would: _take comes
        # to the same, at three times the cost.
        route = self._routes[-1]
        if (
            route.is_charger
            and data.startswith(route.usual, TAIL_BYTES)
            and count > route.length + _USUAL_BYTES  # behind `end` lies what came before
            and data[end - 1] == _FEED
            and data[end - 2] == _RETURN
            and data[end - 3] == _FEED
            and not self.taken
        ):
            self.route = route
            self.closes = False
            return FOUND
        return self._take(data, count, end)

    def _take(self, data, count, end):
        if not self.taken:
            self.closes = False
            self._kept = 0
            self._outcome = MORE
        start = 0
        outcome = self._outcome
        if outcome == MORE:
            start = data.find(b"\n", TAIL_BYTES, end)
            if start < 0 or self._kept or start > TAIL_BYTES + LINE_BYTES:
                outcome = self._keep(data, start, end)
            else:
                outcome = self._parse(data, TAIL_BYTES, start)
            if outcome == BAD or outcome == LINE_TOO_LONG or outcome == -LINE_TOO_LONG:
                return outcome
        else:
            # The end may have begun in the piece before.
            data[0] = self._last_but_one
            data[1] = self._last
            end = min(end, TAIL_BYTES + HEAD_BYTES - self.taken)
        if outcome != MORE and (
            data.find(b"\n\r\n", start, end) >= 0 or data.find(b"\n\n", start, end) >= 0
        ):
            return outcome
        self._outcome = outcome
        self.taken += count
        if self.taken >= HEAD_BYTES:
            return -HEAD_TOO_LONG if outcome < 0 else HEAD_TOO_LONG
        self._last_but_one = data[end - 2] if count > 1 else self._last
        self._last = data[end - 1]
        return MORE

    def _keep(self, data, feed, end):
        """Collect a line that comes in pieces or is too long; its outcome once `feed` ends it."""
        line = self._line
        kept = self._kept
        for at in range(TAIL_BYTES, end if feed < 0 else feed):
            if kept == LINE_BYTES:
                return _too_long(line)
            line[kept] = data[at]
            kept += 1
        self._kept = kept
        if feed >= 0:
            return self._parse(line, 0, kept)
        return MORE if _is_letter(line[0]) else BAD  # a TLS hello may never end a line

    def _parse(self, line, at, end):
        """The outcome of the request line line[at:end], if its head ends well."""
        if line[end - 1] == _RETURN:
            end -= 1
        end -= _VERSION_BYTES
        if end <= at:
            return BAD
        if not line.startswith(b" HTTP/1.1", end):
            if not line.startswith(b" HTTP/1.0", end):
                return BAD
            self.closes = True
        if line.startswith(b"GET /", at):
            at += 4
        elif not line.startswith(b"GET ", at):
            self.closes = False  # there may be a body to drain
            if not _is_method(line, at, end):
                return BAD
            return -OTHER_METHOD if line.startswith(b"HEAD ", at) else OTHER_METHOD
        else:
            at = line.find(b"/", at + 11, end) if line.startswith(b"http://", at + 4) else -1
            if at < 0:
                return BAD
        i = len(self._routes)
        while i:
            i -= 1
            route = self._routes[i]
            if line.startswith(route.path, at):
                if at + route.length == end or line[at + route.length] == _QUERY:
                    self.route = route
                    return FOUND
        return UNKNOWN


def _is_method(line, start, end):
    """Is there a method, one space and a target?"""
    at = line.find(b" ", start, end) + 1
    return 0 < at < end and line.find(b" ", at, end) < 0 and _is_letter(line[start])


def _is_letter(byte):
    return 65 <= byte <= 90 or 97 <= byte <= 122


def _too_long(line):
    """The outcome of a line without an end: a method and a long target, or no HTTP at all."""
    if not _is_letter(line[0]) or line.find(b" ", 0, 16) < 0:
        return BAD
    return -LINE_TOO_LONG if line.startswith(b"HEAD ") else LINE_TOO_LONG
