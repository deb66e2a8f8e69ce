"""The HTTP server: a few kept connection slots, looked at in turn. No task, no stream, no heap.

What a request costs is what `accept` and one poll entry allocate: 80 bytes on a 32-bit board.
Sockets are used as MicroPython has them (`readinto`, `write(buf, offset, length)`).
docs/performance.md says what it comes to.
"""

import sys

from const import const
from httpd import answers
from httpd.request import FOUND, TAIL_BYTES, Request, Route
from ticks import ticks_add, ticks_diff

# Larger than most requests: a read that fills its buffer needs no second one to learn that there
# is no more.
READ_BYTES = const(1024)
# Nothing came and nothing went. A packet lost on Wi-Fi is sent again after 1, 3, 7 s. A long time
# costs nothing, because in a full house the idlest goes anyway.
IDLE_MS = const(5000)
# From accept to close: for a head that trickles in, a reader that is slow, a body without end.
LIFE_MS = const(10000)
# Who closes first keeps the pair of addresses for two minutes, and lwIP has 12 connections in all:
# let it be the client, which closes as soon as it has Content-Length bytes. One that waits for our
# close waits this long. What still comes is read and dropped, since closing on unread bytes resets
# the connection and kills the answer.
GRACE_MS = const(50)
# Connections that wait for accept. lwIP has room for 6 and resets a seventh, while beyond the
# backlog it lets the client knock again, a second later: too late, where there is room.
BACKLOG = 5 if sys.platform == "esp32" else 64
# When lwIP or the heap is exhausted, trying again at once makes it worse. Some failures are only
# clients that went away before we came, at most a full backlog of them: their number tells, since
# error numbers differ between ports.
FAILURES = const(8)
REST_MS = const(200)
_CHECK_MS = const(25)

# select.POLLIN and POLLOUT have these values on every port.
_READABLE = const(1)
_WRITABLE = const(4)

_FREE = const(0)
_HEAD = const(1)
_SEND = const(2)
_GRACE = const(3)

_CHARGER_PATHS = (b"/api/v1/values.json", b"/api/v1/info.json")
# Beyond any idle time, so that classes of connections sort before it.
_CLASS = const(1 << 20)
# Ticks wrap: what is longer ago than this stays this long ago.
_LONG_AGO_MS = const(1 << 28)


def listen(host, port):
    """A listening, non-blocking socket; `host` is numeric. Else OSError(errno, sentence)."""
    import socket

    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(socket.getaddrinfo(host, port)[0][-1])
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise OSError(
            error.errno, f"cannot listen on {host}:{port}: is something else running there?"
        )
    listener.setblocking(False)
    return listener


class Slot:
    """One connection and its buffer."""

    def __init__(self, routes, buffer_bytes):
        self.sock = None
        self.state = _FREE
        self.client = None
        self.opened_ms = self.moved_ms = 0
        self.request = Request(routes)
        self.answer = None  # one that is longer than the buffer, until the last of it was copied
        self.offset = 0  # of the answer: what was copied
        self.buf = bytearray(buffer_bytes)
        self.view = memoryview(self.buf)
        self.start = self.stop = 0  # of the buffer: what is still to be sent


class Server:
    """A part: `step` it. `stats`: counters; `routes`: each with its `name` and `requests`."""

    def __init__(
        self,
        listener,
        routes,
        poller,
        slots=5,
        buffer_bytes=768,
        wait_ms=0,
        charger=_CHARGER_PATHS,
    ):
        """`routes`: path in bytes to source, see answers.py; `poller`: a select.poll() of our own.

        A document that fits `buffer_bytes` with its head is copied at once. `wait_ms`: how long
        one look at the sockets may hold the loop; any wait lasts a tick of 10 ms on an ESP32.
        `charger`: the paths that come first.
        """
        self._listener = listener
        self._poller = poller
        self._wait_ms = wait_ms
        self._charger = charger
        self.routes = []  # each slot's request looks through this very list, from its end
        for path in reversed(list(routes)):
            self.add(path, routes[path])
        self._slots = [Slot(self.routes, buffer_bytes) for _ in range(slots)]
        self._share = max(1, slots - 2)  # of one client, in a full house
        self._chargers = [None, None]  # the last two clients that asked for the charger's paths
        self._problems = answers.problems()
        self._in = bytearray(TAIL_BYTES + READ_BYTES)
        self._in_view = memoryview(self._in)[TAIL_BYTES:]
        self._now_ms = 0
        self._check_ms = 0
        self._rest_until_ms = 0
        self._is_resting = False
        self._slot = None  # whose turn it is
        self._failures = 0
        self.stats = {"requests": 0, "last_charger_ms": -1}
        for name in ("full", "late", "gone", "trouble"):
            self.stats["dropped_" + name] = 0
        for status in answers.REASONS:
            self.stats[status] = 0
        poller.register(listener, _READABLE)

    def add(self, path, source):
        """One more path (at boot)."""
        route = Route(path, source, path in self._charger)
        self.routes.insert(len(self.routes) if route.is_charger else 0, route)

    def step(self, now_ms):
        """Serve what is ready. No heap, but for what a new connection costs."""
        self._now_ms = now_ms
        try:
            self._look()
        except Exception:
            # We are the supervisor of our connections: whatever befell one, the others are served.
            self._recover()
        return 0

    def charger_age_ms(self, now_ms):
        """How long ago a charger's path was asked for; -1: never. To be called once a day, since
        ticks wrap.
        """
        last_ms = self.stats["last_charger_ms"]
        if last_ms < 0:
            return -1
        age_ms = ticks_diff(now_ms, last_ms)
        if age_ms > _LONG_AGO_MS:
            age_ms = _LONG_AGO_MS
            self.stats["last_charger_ms"] = ticks_add(now_ms, -age_ms)
        return age_ms

    def close(self):
        for slot in self._slots:
            if slot.state != _FREE:
                self._drop(slot)
        self._poller.unregister(self._listener)
        self._listener.close()

    # On the way of a request each function has at most 11 words of locals and stack: up to there
    # MicroPython puts them on the C stack, beyond it takes them from the heap and gives them back,
    # at each call.

    def _look(self):
        knocks = False
        for sock, _ in self._poller.ipoll(self._wait_ms):
            if sock is self._listener:
                knocks = True  # after the others: it may have to take the place of one
            else:
                self._serve(sock)
        if knocks and not self._is_resting:
            self._slot = None
            self._accept()
        if ticks_diff(self._now_ms, self._check_ms) >= 0:
            self._check()

    def _serve(self, sock):
        for slot in self._slots:
            if slot.sock is sock:
                self._slot = slot
                if slot.state == _SEND:
                    self._send(slot)
                else:
                    self._receive(slot)
                return

    def _accept(self):
        sock, address = self._listener.accept()
        # What tells clients apart. The unix port gives a sockaddr, all others (host, port).
        client = address[0] if isinstance(address, tuple) else address[6] << 8 | address[7]
        for slot in self._slots:
            if slot.state == _FREE:
                break
        else:
            slot = self._evict(client)
        self._slot = slot
        slot.sock = sock
        slot.state = _HEAD
        slot.client = client
        slot.opened_ms = slot.moved_ms = self._now_ms
        slot.request.reset()
        sock.setblocking(False)
        self._poller.register(sock, _READABLE)

    def _evict(self, client):
        """Drop the most expendable connection; its own, if this client has its share."""
        own = 0
        for slot in self._slots:
            if slot.client == client:
                own += 1
        victim = None
        for slot in self._slots:
            if slot.client == client or own < self._share:
                if victim is None or self._rank(slot) > self._rank(victim):
                    victim = slot
        if victim.state != _GRACE:
            self.stats["dropped_full"] += 1
        self._drop(victim)
        return victim

    def _rank(self, slot):
        """How expendable: the answered before the idlest stranger, a stranger before a charger."""
        idle_ms = ticks_diff(self._now_ms, slot.moved_ms)
        if slot.state == _GRACE:
            return idle_ms + 2 * _CLASS
        return idle_ms if slot.client in self._chargers else idle_ms + _CLASS

    def _receive(self, slot):
        count = slot.sock.readinto(self._in_view)
        if count:
            slot.moved_ms = self._now_ms
            if slot.state == _HEAD:
                outcome = slot.request.feed(self._in, count)
                if outcome:  # not MORE
                    self._answer(slot, outcome)
        elif count == 0:
            if slot.state == _HEAD:
                self.stats["dropped_gone"] += 1
            self._drop(slot)

    def _answer(self, slot, outcome):
        stats = self.stats
        if outcome == FOUND:
            route = slot.request.route
            if route.is_charger:
                stats["last_charger_ms"] = self._now_ms
                if slot.client != self._chargers[0]:
                    self._remember(slot.client)
            route.requests += 1
            answer = route.source.open(self._now_ms)
        else:
            answer = self._problems[outcome]
        stats["requests"] += 1
        stats[answer.status] += 1
        count = answer.read(slot.view, 0)
        if count < answer.length:
            answer.pin()
            slot.answer = answer
            slot.offset = count
        slot.start = 0
        slot.stop = count
        if not self._send(slot):
            slot.state = _SEND
            self._poller.modify(slot.sock, _WRITABLE)

    def _remember(self, client):
        self._chargers[1] = self._chargers[0]
        self._chargers[0] = client

    def _send(self, slot):
        """Send one buffer at most, so that a long page holds nobody up. True: that was the end."""
        if slot.start == slot.stop:
            self._fill(slot)
        left = slot.stop - slot.start
        count = slot.sock.write(slot.buf, slot.start, left)
        if count:
            slot.moved_ms = self._now_ms
        if count != left or slot.answer is not None:
            slot.start += count or 0
            return False
        if slot.request.closes:
            self._drop(slot)
            return True
        if slot.state == _SEND:
            self._poller.modify(slot.sock, _READABLE)
        slot.state = _GRACE
        return True

    def _fill(self, slot):
        answer = slot.answer
        slot.start = 0
        slot.stop = answer.read(slot.view, slot.offset)
        slot.offset += slot.stop
        if slot.offset >= answer.length:
            self._unpin(slot)

    def _unpin(self, slot):
        slot.answer.unpin()
        slot.answer = None

    def _drop(self, slot):
        sock = slot.sock
        slot.sock = None
        slot.state = _FREE
        if slot.answer is not None:
            self._unpin(slot)
        self._poller.unregister(sock)
        sock.close()

    def _check(self):
        self._check_ms = ticks_add(self._now_ms, _CHECK_MS)
        for slot in self._slots:
            if slot.state != _FREE:
                self._expire(slot)
        self._failures = 0
        if self._is_resting and ticks_diff(self._now_ms, self._rest_until_ms) >= 0:
            self._is_resting = False

    def _expire(self, slot):
        quiet_ms = ticks_diff(self._now_ms, slot.moved_ms)
        if slot.state == _GRACE and quiet_ms >= GRACE_MS:
            self._drop(slot)
        elif quiet_ms >= IDLE_MS or ticks_diff(self._now_ms, slot.opened_ms) >= LIFE_MS:
            self.stats["dropped_late"] += 1
            self._drop(slot)

    def _recover(self):
        self.stats["dropped_trouble"] += 1
        slot = self._slot
        if slot is None:
            self._failures += 1
            if self._failures == FAILURES:
                self._is_resting = True
                self._rest_until_ms = ticks_add(self._now_ms, REST_MS)
        elif slot.state != _FREE:
            self._drop(slot)
