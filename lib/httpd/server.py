"""The HTTP server: a few kept connection slots, looked at in turn. No task, no stream, no heap.

What a request costs is what `accept` and one poll entry allocate: 80 bytes on a 32-bit board.
Sockets are used as MicroPython has them (`readinto`, `write(buf, offset, length)`).
docs/performance.md says what it comes to.
"""

import json

from const import const
from httpd import answers
from httpd.request import FOUND, TAIL_BYTES, Request, Route
from ticks import ticks_add, ticks_diff

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
# A long answer on its way holds up to 11 kB: lwIP's send buffer, and Wi-Fi's copy of what is in
# flight. All that an ESP32 has is 30 kB, and without any it hears nothing more. So they take turns;
# who takes nothing for so long loses its own.
TURN_MS = const(500)
# When lwIP or the heap is exhausted, trying again at once makes it worse. Some failures are only
# clients that went away before we came, at most a full backlog of them: their number tells, since
# error numbers differ between ports.
FAILURES = const(8)
REST_MS = const(200)
_CHECK_MS = const(25)

# The same on every port.
_IPPROTO_TCP = const(6)
_TCP_NODELAY = const(1)

# select.POLLIN and POLLOUT have these values on every port.
_READABLE = const(1)
_WRITABLE = const(4)

# What a connection is about: its request, the choice of an answer, the rest of it, its end.
_HEAD = const(0)
_OPEN = const(1)
_SEND = const(2)
_GRACE = const(3)

# The one that is asked for all the time first.
_CHARGER_PATHS = (b"/api/v1/values.json", b"/api/v1/info.json")
# Beyond any idle time, so that classes of connections sort before it.
_CLASS = const(1 << 20)
# Ticks wrap: what is longer ago than this stays this long ago.
_LONG_AGO_MS = const(1 << 28)


class Slot:
    """One connection, or room for one."""

    def __init__(self, routes):
        self.sock = None
        self.state = _HEAD
        self.client = None
        self.opened_ms = self.moved_ms = 0
        self.request = Request(routes)
        self.answer = None  # one that the client did not take at once, until it has
        self.offset = 0  # of the answer: what was sent
        self.length = 0


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
    ):
        """`routes`: path in bytes to source, see answers.py; `poller`: a select.poll() of our own.

        `buffer_bytes`: more than most requests have, since a read that fills its buffer tries once
        more; and a slow reader of a document that fits, with its head, does not keep it from
        changing. `wait_ms`: how long one look at the sockets may hold the loop; any wait lasts a
        tick of 10 ms on an ESP32.
        """
        self._listener = listener
        self._poller = poller
        self._wait_ms = wait_ms
        self.routes = []  # each slot's request looks through this very list, from its end
        for path in reversed(list(routes)):
            self.add(path, routes[path])
        self._slots = [Slot(self.routes) for _ in range(slots)]
        self._share = max(1, slots - 2)  # of one client, in a full house
        self.last_charger_ms = -1  # when one of the charger's paths was asked for
        self._chargers = [None, None]  # the last two clients that asked for the charger's paths
        self._problems = answers.problems()
        self._fault = answers.problem("500", "the bridge failed to make this answer")
        # All that comes and all that goes passes through this one.
        self._buf = bytearray(buffer_bytes)
        self._spare = answers.Copy(buffer_bytes)
        self._turn = None  # the slot whose long answer is on its way
        self._rest_until_ms = 0
        self._is_resting = False
        self._failures = 0
        self.stats = {
            "requests": 0,
            "dropped_full": 0,
            "dropped_late": 0,
            "dropped_gone": 0,
            "dropped_trouble": 0,
            "faults": 0,
        }
        for status in answers.REASONS:
            self.stats[status] = 0
        poller.register(listener, _READABLE)
        serve = self._serve()
        next(serve)
        self.step = serve.send

    def add(self, path, source):
        """One more path (at boot)."""
        route = Route(path, source, path in _CHARGER_PATHS)
        self.routes.insert(len(self.routes) if path == _CHARGER_PATHS[0] else 0, route)

    def charger_age_ms(self, now_ms):
        """How long ago a charger's path was asked for; -1: never."""
        if self.last_charger_ms < 0:
            return -1
        age_ms = ticks_diff(now_ms, self.last_charger_ms)
        if age_ms > _LONG_AGO_MS:
            age_ms = _LONG_AGO_MS
            self.last_charger_ms = ticks_add(now_ms, -age_ms)
        return age_ms

    def close(self):
        for slot in self._slots:
            if slot.sock:
                self._drop(slot)
        self._poller.unregister(self._listener)
        self._listener.close()

    def _serve(self):
        """What `step(now_ms)` runs: serve what is ready, return 0. No heap, but for a new connection.

        A generator, since its frame is kept: what each pass needs is looked up only once.
        """
        listener = self._listener
        ipoll = self._poller.ipoll
        register = self._poller.register
        wait_ms = self._wait_ms
        slots = self._slots
        buf = self._buf
        view = memoryview(buf)[TAIL_BYTES:]
        check_ms = now_ms = yield
        while True:
            slot = None  # whose turn it is
            try:
                knocks = False
                for sock, _ in ipoll(wait_ms):
                    if sock is listener:
                        knocks = True  # after the others: it may have to take the place of one
                        continue
                    for slot in slots:
                        if slot.sock is sock:
                            break
                    else:
                        continue
                    if slot.state == _SEND:
                        self._send(slot, now_ms)
                        continue
                    count = sock.readinto(view)
                    if count:
                        slot.moved_ms = now_ms
                        if slot.state == _HEAD:
                            outcome = slot.request.feed(buf, count)
                            if outcome == FOUND:
                                answer = self._open(slot, now_ms)
                                self._answer(slot, answer, answer.length)
                            elif outcome:  # not MORE
                                self._refuse(slot, outcome)
                    elif count == 0:
                        if slot.state == _HEAD:
                            self.stats["dropped_gone"] += 1
                        self._drop(slot)
                slot = None
                if knocks and not self._is_resting:
                    slot = self._accept(now_ms)
                    slot.sock.setblocking(False)
                    register(slot.sock, _READABLE)
                if ticks_diff(now_ms, check_ms) >= 0:
                    check_ms = ticks_add(now_ms, _CHECK_MS)
                    self._check(now_ms)
            except Exception as error:
                # We are the supervisor of our connections: whatever befell one, the others are
                # served.
                try:
                    self._recover(slot, now_ms, error)
                except Exception:
                    pass  # the connection was lost before: its end comes by itself
            now_ms = yield 0

    # On the way of a request each function has at most 11 words of locals and stack: up to there
    # MicroPython puts them on the C stack, beyond it takes them from the heap and gives them back,
    # at each call.

    def _accept(self, now_ms):
        """Let the next client in; return its slot."""
        sock, client = self._listener.accept()
        # What tells clients apart. The unix port gives a sockaddr, all others (host, port).
        client = client[0] if len(client) == 2 else client[6] << 8 | client[7]
        for slot in self._slots:
            if slot.sock is None:
                break
        else:
            slot = self._evict(client, now_ms)
        slot.sock = sock
        slot.state = _HEAD
        slot.client = client
        slot.opened_ms = slot.moved_ms = now_ms
        slot.request.taken = 0
        return slot

    def _evict(self, client, now_ms):
        """Drop the most expendable connection; its own, if this client has its share."""
        own = 0
        for slot in self._slots:
            if slot.client == client:
                own += 1
        victim = None
        for slot in self._slots:
            if slot.client == client or own < self._share:
                if victim is None or self._rank(slot, now_ms) > self._rank(victim, now_ms):
                    victim = slot
        if victim.state != _GRACE:
            self.stats["dropped_full"] += 1
        self._drop(victim)
        return victim

    def _rank(self, slot, now_ms):
        """How expendable: the answered before the idlest stranger, a stranger before a charger."""
        idle_ms = ticks_diff(now_ms, slot.moved_ms)
        if slot.state == _GRACE:
            return idle_ms + 2 * _CLASS
        return idle_ms if slot.client in self._chargers else idle_ms + _CLASS

    def _open(self, slot, now_ms):
        """Choose the answer of a path that was found."""
        slot.state = _OPEN
        route = slot.request.route
        route.requests += 1
        if route.is_charger:
            self.last_charger_ms = now_ms
            if slot.client != self._chargers[0]:
                self._chargers[1] = self._chargers[0]
                self._chargers[0] = slot.client
        return route.source.open(now_ms)

    def _refuse(self, slot, outcome):
        problem = self._problems[abs(outcome)]
        self._answer(slot, problem, problem.length if outcome > 0 else problem.head_length)

    def _answer(self, slot, answer, length):
        """Send the first `length` bytes of it, as many as go at once."""
        count = answer.read(self._buf, 0)
        if count > length:
            count = length
        slot.state = _GRACE
        self.stats["requests"] += 1
        self.stats[answer.status] += 1
        sent = slot.sock.write(self._buf, 0, count)
        if sent != length:
            slot.offset = sent or 0
            slot.length = length
            self._postpone(slot, answer, count)
        elif slot.request.closes:
            self._drop(slot)

    def _postpone(self, slot, answer, count):
        """The rest is sent when the client takes more; until then the answer must not change.

        `count`: bytes of it that are in the buffer.
        """
        slot.state = _SEND
        # Small writes in a row would wait for each other's acknowledgement, 240 ms each (Nagle, delayed ACK).
        slot.sock.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
        if count != slot.length:
            answer.pin()
        else:
            answer = self._spare
            for holder in self._slots:
                # One will do: a socket takes so little whole, unless memory is short.
                if holder.answer is answer:
                    self.stats["dropped_full"] += 1
                    if self._rank(slot, slot.moved_ms) > self._rank(holder, slot.moved_ms):
                        self._drop(slot)
                        return
                    self._drop(holder)
            answer.take(self._buf)
        slot.answer = answer
        self._poller.modify(slot.sock, _WRITABLE)

    def _send(self, slot, now_ms):
        """Send one buffer more at most, so that a long page holds nobody up."""
        left = slot.length - slot.offset
        if left > len(self._buf) and not self._has_turn(slot, now_ms):
            # Whoever waits for another is not late.
            slot.moved_ms = now_ms
            return
        count = slot.answer.read(self._buf, slot.offset)
        if count > left:
            count = left
        count = slot.sock.write(self._buf, 0, count)
        if count:
            slot.moved_ms = now_ms
            slot.offset += count
        if count == left:
            self._unpin(slot)
            slot.state = _GRACE
            self._poller.modify(slot.sock, _READABLE)
            if slot.request.closes:
                self._drop(slot)

    def _has_turn(self, slot, now_ms):
        route = slot.request.route  # None: the request was refused
        holder = self._turn
        if holder is slot or (route and route.is_charger):
            return True
        if holder and ticks_diff(now_ms, holder.moved_ms) < TURN_MS:
            return False
        self._turn = slot
        return True

    def _unpin(self, slot):
        slot.answer.unpin()
        slot.answer = None

    def _drop(self, slot):
        sock = slot.sock
        slot.sock = None
        if self._turn is slot:
            self._turn = None  # only now: until the client closes, lwIP may hold all of it
        if slot.answer:
            self._unpin(slot)
        self._poller.unregister(sock)
        sock.close()

    def _check(self, now_ms):
        for slot in self._slots:
            if slot.sock:
                self._expire(slot, now_ms)
        self._failures = 0
        self.charger_age_ms(now_ms)  # or it would look young again when the ticks have wrapped
        if self._is_resting and ticks_diff(now_ms, self._rest_until_ms) >= 0:
            self._is_resting = False

    def _expire(self, slot, now_ms):
        quiet_ms = ticks_diff(now_ms, slot.moved_ms)
        if slot.state == _GRACE and quiet_ms >= GRACE_MS:
            self._drop(slot)
        elif quiet_ms >= IDLE_MS or ticks_diff(now_ms, slot.opened_ms) >= LIFE_MS:
            self.stats["dropped_late"] += 1
            self._drop(slot)

    def _recover(self, slot, now_ms, error):
        if slot is not None and slot.state == _OPEN:
            # Not the connection failed but a source, and nothing was sent.
            self.stats["faults"] += 1
            self.stats["last_fault"] = json.dumps(repr(error)).encode()
            self._answer(slot, self._fault, self._fault.length)
            return
        self.stats["dropped_trouble"] += 1
        if slot is None:
            self._failures += 1
            if self._failures == FAILURES:
                self._is_resting = True
                self._rest_until_ms = ticks_add(now_ms, REST_MS)
        elif slot.sock:
            self._drop(slot)
