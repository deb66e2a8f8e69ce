# SPDX-License-Identifier: MIT
"""The header of one HTTP request, taken in as it comes: whole, in pieces or byte by byte.

Bytes in, outcome out (RFC 9112, sections 2 to 5). Only the request line is looked at, and only if
it comes in pieces is it copied; of the fields nothing but their end matters, and of those for a path
that is not the charger's the host name, and whether our entity tag stands in the last piece: a
client that shows it has the file already. No heap.
"""

from const import const

# Long enough for any path of ours with a host and a query, short enough for every connection to have such a buffer.
_LINE_BYTES = const(128)
# Browsers send 1 to 3 kB of cookies to whatever runs on that host name.
_HEADER_BYTES = const(4096)
# In front of the new bytes: the end of a header is three bytes long and may be cut at any place.
TAIL_BYTES = const(2)

# A negative outcome: the same for a HEAD, whose response has no content (RFC 9110, section 9.3.2).
_MORE = const(0)
_FOUND = const(200)
_QUERIED = const(201)
_UNCHANGED = const(-304)
_BAD = const(400)
_UNKNOWN = const(404)
_LINE_TOO_LONG = const(414)
_OTHER_HOST = const(421)  # told as 404: nothing of ours has that name
_HEADER_TOO_LONG = const(431)
_OTHER_METHOD = const(500)  # by DiniTech's document, where HTTP has 405

_FEED = const(10)
_RETURN = const(13)
_BLANK = const(32)
_DOT = const(46)
_SLASH = const(47)
_ZERO = const(48)
_NINE = const(57)
_BRACKET = const(91)
_QUERY = const(63)
_LOWER_CASE = const(32)  # the bit that is set in lower-case letters
_VERSION_BYTES = const(9)  # of " HTTP/1.1"
_NAME_AT = const(5)  # behind "host:"
_USUAL_BYTES = const(15)  # of "GET " + " HTTP/1.1\r\n"


class Route:
    """Where a path leads. is_charger: it is one of the two that the charger asks for. names: the host names by which any other is
    known, in lower case, a line feed behind each; None: any.
    """

    def __init__(self, path, source, is_charger, names=None):
        self.path = path
        self.length = len(path)
        self.usual = b"GET " + path + b" HTTP/1.1\r\n" if is_charger else None
        self.source = source
        self.is_charger = is_charger
        self.names = None if is_charger else names


class Request:
    """`feed` it until the outcome, an HTTP status, is not 0; then the next request may begin.

    200: `route` is what the path leads to; `closes`: the client waits for our close (HTTP/1.0). 201: the same, but one of the
    charger's paths with a query, which no charger sends. -304: what the path leads to, and the client has it.
    """

    def __init__(self, routes):
        """`routes`: of the class Route; the last is tried first."""
        self._routes = routes
        self._line = bytearray(
            _LINE_BYTES + TAIL_BYTES
        )  # a line that came in pieces; the tail of the last one
        self.clear()

    def clear(self):
        """Forget a request that has not ended."""
        self.route = None
        self.closes = False
        self._taken = 0  # bytes
        self._had_empty_line = False  # one may come before the request line
        self._copied = 0  # of a line that comes in pieces; -1: no other is to be copied
        self._outcome = _MORE  # of a request line that has ended

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
            and not self._taken
        ):
            self.route = route
            self.closes = False
            return _FOUND
        if not self._taken:
            self.clear()
        outcome = self._take(data, count, end)
        if outcome == _FOUND and self._has_tag(data, end):
            outcome = _UNCHANGED
        self._taken = 0 if outcome else self._taken + count
        return outcome

    def _has_tag(self, data, end):
        """Does the client say that it has what it asks for?"""
        tag = getattr(self.route.source, "tag", None)
        return tag and data.find(tag, TAIL_BYTES, end) >= 0

    def _take(self, data, count, end):
        at = TAIL_BYTES
        outcome = self._outcome
        if outcome == _MORE:
            at = self._take_line(data, end)
            outcome = self._outcome
            if outcome == _BAD or outcome == _LINE_TOO_LONG or outcome == -_LINE_TOO_LONG:
                return outcome
            if outcome == _FOUND:
                self._copied = 0 if self.route.names else -1
                self._take_host(data, at + 1, end)
        else:
            # The end may have begun in the piece before.
            at = 0
            data[0] = self._line[_LINE_BYTES]
            data[1] = self._line[_LINE_BYTES + 1]
            end = min(end, TAIL_BYTES + _HEADER_BYTES - self._taken)
            if outcome == _FOUND:
                self._take_host(data, TAIL_BYTES, end)
        if outcome != _MORE and (
            data.find(b"\n\r\n", at, end) >= 0 or data.find(b"\n\n", at, end) >= 0
        ):
            return self._outcome
        if self._taken + count >= _HEADER_BYTES:
            return -_HEADER_TOO_LONG if outcome < 0 else _HEADER_TOO_LONG
        self._line[_LINE_BYTES] = data[end - 2] if count > 1 else self._line[_LINE_BYTES + 1]
        self._line[_LINE_BYTES + 1] = data[end - 1]
        return _MORE

    def _take_line(self, data, end):
        """Take what there is of the request line; return where its line feed is."""
        feed = TAIL_BYTES - 1
        while self._outcome == _MORE and feed >= 0:
            at = feed + 1  # a second time if an empty line came first
            feed = data.find(b"\n", at, end)
            if feed < 0 or self._copied or feed > at + _LINE_BYTES:
                self._outcome = self._copy(data, at, feed, end)
            else:
                self._outcome = self._parse(data, at, feed)
        return feed

    def _copy(self, data, at, feed, end):
        """Collect a line that comes in pieces or is too long; its outcome once `feed` ends it."""
        line = self._line
        copied = self._copied
        while at < (end if feed < 0 else feed):
            if copied == _LINE_BYTES:
                # A method and a long target, or no HTTP at all?
                if not _is_letter(line[0]) or line.find(b" ", 0, 16) < 0:
                    return _BAD
                return -_LINE_TOO_LONG if line.startswith(b"HEAD ") else _LINE_TOO_LONG
            line[copied] = data[at]
            copied += 1
            at += 1
        self._copied = copied
        if feed >= 0:
            return self._parse(line, 0, copied)
        if copied == 0 or _is_letter(line[0]) or copied == 1 and line[0] == _RETURN:
            return _MORE
        return _BAD  # a TLS hello may never end a line

    def _parse(self, line, at, end):
        """The outcome of the request line line[at:end] if its header ends well; _MORE: an empty line."""
        if end > at and line[end - 1] == _RETURN:
            end -= 1
        if end == at and not self._had_empty_line:
            self._had_empty_line = True  # RFC 9112, section 2.2
            self._copied = 0
            return _MORE
        end -= _VERSION_BYTES
        if end <= at or not line.startswith(b" HTTP/1.", end) or not 48 <= line[end + 8] <= 57:
            return _BAD
        if not line.startswith(b"GET ", at):
            if not _is_method(line, at, end):
                return _BAD
            return -_OTHER_METHOD if line.startswith(b"HEAD ", at) else _OTHER_METHOD
        self.closes = line[end + 8] == _ZERO  # else as HTTP/1.1: RFC 9110, section 2.5
        at = _path(line, at + 4, end)
        if not at:
            return _BAD
        i = len(self._routes)
        while i:
            i -= 1
            route = self._routes[i]
            if line.startswith(route.path, at):
                at_query = line[at + route.length] == _QUERY
                if at_query or at + route.length == end:
                    self.route = route
                    return _QUERIED if at_query and route.is_charger else _FOUND
        return _UNKNOWN

    def _take_host(self, data, at, end):
        """Copy one field after the other up to Host, in lower case; what is asked for by a wrong name is not found."""
        line = self._line
        copied = self._copied
        while at < end and copied >= 0:
            byte = data[at]
            at += 1
            if byte == _FEED and line.startswith(b"host:") and copied >= _NAME_AT:
                if not _is_ours(line, copied, self.route.names):
                    self._outcome = _OTHER_HOST
                copied = -1
            elif byte == _FEED:
                copied = 0
            elif copied < _LINE_BYTES:
                line[copied] = byte | _LOWER_CASE if 65 <= byte <= 90 else byte
                copied += 1
        self._copied = copied


def _path(line, at, end):
    """Where the path of the target line[at:end] begins; 0: it has none.

    A target may be a whole URI (RFC 9112, section 3.2.2), its scheme in any case (RFC 3986, section 3.1).
    """
    if line[at] == _SLASH:
        return at
    for letter in b"http":
        if line[at] | _LOWER_CASE != letter:
            return 0
        at += 1
    host = at + 3
    if not line.startswith(b"://", at):
        return 0
    at = line.find(b"/", host, end)
    # No host, or the slash of a query: http:///path and http://host?a=/path
    return 0 if at <= host or line.find(b"?", host, at) >= 0 else at


def _is_ours(line, end, names):
    """Is the value of the field line[:end], "host:...", an address or one of the names? Its port does not matter. Changes the line.

    A name of somebody else that leads here (DNS rebinding) would let his page read ours.
    """
    at = _NAME_AT
    while at < end and line[at] <= _BLANK:
        at += 1
    while end > at and line[end - 1] <= _BLANK:
        end -= 1
    colon = line.find(b":", at, end)
    if colon >= 0:
        end = colon
    i = at
    while i < end and _DOT <= line[i] <= _NINE:
        i += 1
    if i == end or line[at] == _BRACKET:  # of IPv6
        return True
    line[end] = _FEED
    i = at
    for byte in names:
        if i >= 0 and line[i] == byte:
            if byte == _FEED:
                return True
            i += 1
        else:
            i = at if byte == _FEED else -1
    return False


def _is_method(line, start, end):
    """Is there a method, one space and a target?"""
    at = line.find(b" ", start, end) + 1
    return 0 < at < end and line.find(b" ", at, end) < 0 and _is_letter(line[start])


def _is_letter(byte):
    return 65 <= byte <= 90 or 97 <= byte <= 122
