# SPDX-License-Identifier: MIT
"""One connection of the HTTP server, from accept to close.

    state     what happens                                                   next state
    FREE      a client is accepted                                           READING
    READING   it asks for the charger's documents, or may have the turn      OPENING
              it asks for something else, and may not have the turn yet      WAITING
              its request is refused, or it has the file already             SENDING
    WAITING   it may have the turn                                           OPENING
              it has waited too long, or its place is needed                 SENDING
    OPENING   the source has chosen a response, or failed                    SENDING
    SENDING   all was sent                                                   CLOSING
    CLOSING   the client has closed, or was given time to do so first        FREE
    any *     the client is gone or late, its place is needed, an error      FREE

* but OPENING, in which nothing else can happen. host_tests/host/test_httpd_states.py
holds the code to this table.
"""

import json

from const import const
from httpd.request import Request
from ticks import ticks_add, ticks_diff

_FREE = const(0)
_READING = const(1)
_WAITING = const(2)
_OPENING = const(3)
_SENDING = const(4)
_CLOSING = const(5)

# Nothing came and nothing went. A packet lost on Wi-Fi is sent again after 1, 3, 7 s. A long time
# costs nothing, because the idlest is dropped anyway when another client needs its place.
_IDLE_MS = const(5000)
# From accept to close: for a header that trickles in, a reader that is slow, a body without end.
_LIFE_MS = const(10000)
# Who closes first keeps the pair of addresses for two minutes, and lwIP has 12 connections in all:
# let it be the client, which closes as soon as it has Content-Length bytes. One that waits for our
# close waits this long. What still comes is read and dropped, since closing on unread bytes resets
# the connection and discards the response.
_GRACE_MS = const(50)
# Who has the turn is waited for longer: until its client has closed nobody knows whether it has all (see _SETTLE_MS).
_TURN_GRACE_MS = const(300)
# One long response is sent at a time, since each takes up to 7 kB (docs/design.md): a connection
# that sends one has the turn. If it takes nothing for so long it loses the turn to one that waits.
_TURN_MS = const(2000)
_WAIT_MS = const(4000)
# A request comes some ms after its connection. One for which that is not over is spared when clients
# flood us, and of these the oldest: the others are the flood.
_CHANCE_MS = const(50)
# lwIP keeps for minutes what it has taken and a client does not confirm. Nobody gets the turn
# before `admits`, whose figure is up to a second old, can know of that.
_SETTLE_MS = const(1000)

# Outcomes of a request: it asks for a path of ours...
_FOUND = const(200)
# ...at a bad time...
_BUSY = const(503)
# ...and of the charger's, but asked for by a page or a program...
_QUERIED = const(201)
# ...and the source has failed.
_FAULT = const(0)

# The same on every port.
_IPPROTO_TCP = const(6)
_TCP_NODELAY = const(1)

# select.POLLIN and POLLOUT have these values on every port.
_READABLE = const(1)
_WRITABLE = const(4)

# Beyond any idle time, so that classes of connections sort before it.
_CLASS = const(1 << 20)


class Connection:
    """Of the server it uses what all connections share: poller, buffers, counters, and the turn."""

    def __init__(self, server):
        self._server = server
        self._stats = server.stats
        self._buf = server.buf
        self.state = _FREE
        self.sock = None
        self.client = None
        self._opened_ms = self.moved_ms = 0  # accepted; something came or went
        self.request = Request(server.routes)
        self.response = None  # one that the client did not take at once, until it has
        self.offset = 0  # of the response: what was sent

    # On the way of a request each function has at most 11 words of locals and stack: up to there
    # MicroPython puts them on the C stack, beyond it takes them from the heap and gives them back,
    # at each call.

    def accept(self, sock, client, now_ms):
        self.state = _READING
        self.sock = sock
        self.client = client
        self._opened_ms = self.moved_ms = now_ms
        sock.setblocking(False)
        self._server.poller.register(sock, _READABLE)

    def receive(self, count, now_ms):
        """So many bytes have come, into the server's buffer. Those behind a request are dropped."""
        if self.state == _READING:
            self.moved_ms = now_ms
            outcome = self.request.feed(self._buf, count)
            if outcome == _FOUND:
                route = self.request.route
                if route.is_charger:
                    chargers = self._server.chargers
                    chargers.asked_ms = now_ms
                    if chargers.clients[0] == self.client:  # nearly always; it saves a call
                        chargers.asked[0] += 1
                    else:
                        chargers.count(self.client)
                    self.state = _OPENING
                    self._respond(route.source.open(now_ms))
                else:
                    self.begin(now_ms)
            elif outcome == _QUERIED:
                self.begin(now_ms)
            elif outcome:
                self._refuse(outcome)
        elif self.state != _WAITING:
            self.moved_ms = now_ms

    def begin(self, now_ms):
        """Send what was asked for, now or when it has the turn; the charger's documents need none."""
        server = self._server
        if not self._may_begin(now_ms):
            self.state = _WAITING
        elif server.admits and not server.admits():
            self._refuse(_BUSY)
        else:
            self.state = _OPENING
            self.moved_ms = now_ms
            self._respond(self.request.route.source.open(now_ms))

    def _may_begin(self, now_ms):
        """May it have the turn?"""
        server = self._server
        if server.turn and ticks_diff(now_ms, server.turn.moved_ms) >= _TURN_MS:
            self._stats["dropped_late"] += 1
            server.turn.drop()
        if server.turn or server.next and server.next is not self:
            return False
        return not 0 < ticks_diff(server.settled_ms, now_ms) <= _SETTLE_MS  # so, since ticks wrap

    def _refuse(self, outcome):
        """Send what the server says by itself; a client that is gone needs no supervisor here."""
        try:
            self._respond(self._server.refusal.choose(outcome, self.request))
        except OSError:
            self._stats["dropped_trouble"] += 1
            if self.sock:
                self.drop()

    def _respond(self, response):
        """Send as much of it as goes at once."""
        buf = self._buf
        length = response.length
        count = response.read(buf, 0)
        if count > length:
            count = length
        self.state = _SENDING
        self._stats["requests"] += 1
        self._stats[response.status] += 1
        sent = self.sock.write(buf, 0, count)
        if sent == length:
            self.state = _CLOSING
            if self.request.closes:
                self.drop()
        else:
            self.offset = sent or 0
            self._postpone(response, count)

    def _postpone(self, response, count):
        """The rest is sent when the client takes more; until then the response must not change.

        `count`: bytes of it that are in the buffer.
        """
        server = self._server
        # Small writes in a row would wait for each other's acknowledgement, 240 ms each (Nagle, delayed ACK).
        self.sock.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
        if count != response.length:  # longer than the buffer
            response.pin()
            if not self.request.route.is_charger:
                server.turn = self
        else:
            user = server.spare_user
            if user:
                # One spare will do: a socket takes so little whole, unless memory is short.
                self._stats["dropped_full"] += 1
                if self.rank(self.moved_ms) > user.rank(self.moved_ms):
                    self.drop()
                    return
                user.drop()
            server.spare_user = self
            server.spare.take(self._buf, count)
            response = server.spare
        self.response = response
        server.poller.modify(self.sock, _WRITABLE)

    def send(self, now_ms):
        """Send one buffer more at most, so that a long response holds nobody up."""
        left = self.response.length - self.offset
        count = self.response.read(self._buf, self.offset)
        if count > left:
            count = left
        count = self.sock.write(self._buf, 0, count)
        if count:
            self.moved_ms = now_ms
            self.offset += count
        if count == left:
            self.state = _CLOSING
            server = self._server
            if server.turn is not self:  # it keeps the turn until the client closes
                self._let_go()
            server.poller.modify(self.sock, _READABLE)
            if self.request.closes:
                self.drop()

    def _let_go(self):
        self.response.unpin()
        self.response = None
        if self._server.spare_user is self:
            self._server.spare_user = None

    def drop(self, by_client=False):
        """End it, whatever was going on; by_client: the client has closed."""
        server = self._server
        if self.state != _CLOSING:
            self.request.clear()
            if by_client:
                self._stats["dropped_gone"] += 1
        sock = self.sock
        self.sock = None
        self.state = _FREE
        if self.response:
            self._let_go()
            if server.turn is self:
                server.turn = None
                if not by_client:
                    server.settled_ms = ticks_add(self.moved_ms, _SETTLE_MS)
        server.poller.unregister(sock)
        sock.close()

    def evict(self):
        """End it, since another client needs its place."""
        if self.state == _WAITING:
            self._refuse(_BUSY)
        if self.sock:
            if self.state != _CLOSING:
                self._stats["dropped_full"] += 1
            self.drop()

    def expire(self, now_ms):
        """End it if it has lasted too long. Return whether it waits for the turn."""
        quiet_ms = ticks_diff(now_ms, self.moved_ms)
        if self.state == _WAITING:
            if quiet_ms < _WAIT_MS:
                return True
            self._refuse(_BUSY)
        elif self.state == _CLOSING and quiet_ms >= (
            _TURN_GRACE_MS if self._server.turn is self else _GRACE_MS
        ):
            self.drop()
        elif quiet_ms >= _IDLE_MS or ticks_diff(now_ms, self._opened_ms) >= _LIFE_MS:
            self._stats["dropped_late"] += 1
            self.drop()
        return False

    def rank(self, now_ms):
        """How expendable it is: who has its response goes first, then the idlest that is neither about to get one nor the
        charger's.
        """
        server = self._server
        idle_ms = ticks_diff(now_ms, self.moved_ms)
        if server.turn is self or server.next is self:
            return idle_ms - _CLASS
        if self.state == _CLOSING:
            return idle_ms + _CLASS
        if self.state == _WAITING:
            return idle_ms + _CHANCE_MS
        if self.state == _READING and idle_ms < _CHANCE_MS:
            idle_ms = -idle_ms
        return idle_ms - server.chargers.rank(self.client) * _CLASS

    def failed(self, error):
        """Something has raised while this connection was served."""
        if self.state == _OPENING:
            # Not the connection failed but a source, and nothing was sent.
            self._stats["faults"] += 1
            self._stats["last_fault"] = json.dumps(repr(error)).encode()
            self._refuse(_FAULT)
        else:
            self._stats["dropped_trouble"] += 1
            if self.sock:
                self.drop()
