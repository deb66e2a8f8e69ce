# SPDX-License-Identifier: MIT
"""The HTTP server: a few preallocated connections, polled in one loop. No task, no stream, no heap.

What a request costs is what `accept` and one poll entry allocate: 80 bytes on a 32-bit board.
Sockets are used as MicroPython has them (`readinto`, `write(buf, offset, length)`).
docs/design.md tells how the parts work together, docs/performance.md what it comes to.
"""

from const import const
from httpd import responses
from httpd.chargers import Chargers
from httpd.connection import Connection
from httpd.request import TAIL_BYTES, Route
from ticks import ticks_add, ticks_diff

# When lwIP or the heap is exhausted, trying again at once makes it worse. Some failures are only
# clients that went away before we came, at most a full backlog of them: their number tells, since
# error numbers differ between ports. After so many nobody is accepted for as many checks, 200 ms.
_FAILURES = const(8)
_CHECK_MS = const(25)
_SECOND_MS = const(1000)
# When a connection has to go, each that its client has counts as much as so long without a sign of life.
_EACH_MS = const(1000)

# What accept() gives on the unix port (chargers.py): its last bytes tell clients apart.
_SOCKADDR = const(2)
# select.POLLIN and POLLOUT have these values on every port.
_READABLE = const(1)
_WRITABLE = const(4)

# The one that is asked for all the time first.
_CHARGER_PATHS = (b"/api/v1/values.json", b"/api/v1/info.json")
_ALL = (0, 0, 0, 0), None
_COUNTERS = (
    "requests",
    "dropped_full",
    "dropped_late",
    "dropped_gone",
    "dropped_trouble",
    "dropped_foreign",
    "faults",
)


class Server:
    """A part: `step` it. `stats`: counters.

    `routes`: path in bytes to source, see responses.py; `poller`: a select.poll() of our own.

    `buffer_bytes`: at least 256, for refusals; more than most requests have, since a read that
    fills its buffer tries once more; and a slow reader of a document that fits, with its header,
    does not keep it from changing. `wait_ms`: how long one poll may hold the loop; any wait
    lasts a tick of 10 ms on an ESP32. `admits()`: whether there is memory for a long response;
    no heap. `access`: who may ask (chargers.py), and by which names for what is not the charger's (request.py).
    """

    def __init__(
        self,
        listener,
        routes,
        poller,
        slots=5,
        buffer_bytes=768,
        wait_ms=0,
        admits=None,
        access=_ALL,
    ):
        self._listener = listener
        networks, self._names = access
        self._second_ms = 0
        self._failures = 0  # of accept; a check takes one off
        self.routes = []  # each request looks through this very list, from its end
        for path in reversed(list(routes)):
            self.add(path, routes[path])
        self.chargers = Chargers(networks)
        self.charger_age_ms = self.chargers.charger_age_ms
        self.admits = admits
        self.turn = None  # the connection that sends a long response
        self.next = None  # the one that has waited longest for that
        self.settled_ms = 0  # nobody has the turn for some time until then
        self.refusal = responses.Refusal()
        # All that comes and all that goes passes through this one.
        self.buf = bytearray(buffer_bytes)
        self.spare = responses.Copy(buffer_bytes)
        self.spare_user = None  # the connection whose response lies there
        self.stats = {}
        for name in _COUNTERS + tuple(responses.REASONS):
            self.stats[name] = 0
        self.poller = poller
        self._connections = [Connection(self) for _ in range(slots)]
        poller.register(listener, _READABLE)
        serve = self._serve(wait_ms)
        next(serve)
        self.step = serve.send

    def add(self, path, source):
        """One more path (at boot)."""
        route = Route(path, source, path in _CHARGER_PATHS, self._names)
        self.routes.insert(len(self.routes) if path == _CHARGER_PATHS[0] else 0, route)

    # What `step(now_ms)` runs: serve what is ready, return 0. No heap, but for a new connection. A
    # generator, since its frame is kept: what each pass needs is looked up only once.
    def _serve(self, wait_ms):
        listener, connections, clients = self._listener, self._connections, self.chargers.clients
        ipoll, since, view = self.poller.ipoll, ticks_diff, memoryview(self.buf)[TAIL_BYTES:]
        check_ms = now_ms = yield
        while True:
            connection, pending = None, False  # the one that is served; does another wait?
            try:
                for sock, event in ipoll(wait_ms):
                    if sock is listener:
                        pending = True  # after the others: it may need the place of one
                        continue
                    for connection in connections:
                        if connection.sock is sock:
                            break
                    else:
                        continue
                    if event & _WRITABLE:  # only one that is sending waits for this
                        connection.send(now_ms)
                        continue
                    count = sock.readinto(view)
                    if count:
                        connection.receive(count, now_ms)
                    elif count == 0:
                        connection.drop(True)
                connection = None
                if since(now_ms, check_ms) >= 0:
                    check_ms = self._check(now_ms)
                if pending:
                    sock, peer = listener.accept()
                    client = peer[0] if peer[0] != _SOCKADDR else peer[6] << 8 | peer[7]
                    if client in clients or self._admits(sock, peer):
                        for connection in connections:
                            if connection.sock is None:
                                break
                        else:
                            connection = self._evict(client, now_ms)
                        connection.accept(sock, client, now_ms)
            except Exception as error:
                self._recover(connection, error)
            now_ms = yield 0

    def _admits(self, sock, peer):
        """May it ask? Who may not is gone then. A client that asks steadily was admitted before."""
        if self.chargers.admits(peer):
            return True
        self.stats["dropped_foreign"] += 1
        sock.close()
        return False

    def _evict(self, client, now_ms):
        """End the most expendable connection, to make room for one of this client. Return it."""
        self.chargers.count(client, False)
        victim = None
        most = 0
        for connection in self._connections:
            rank = connection.rank(now_ms)
            if connection.client == client:
                rank += _EACH_MS
            for other in self._connections:
                if other.client == connection.client:
                    rank += _EACH_MS
            if victim is None or rank >= most:
                victim = connection
                most = rank
        # The youngest last: of several within the same millisecond the older are spared.
        self._connections.remove(victim)
        self._connections.append(victim)
        victim.evict()
        return victim

    def _check(self, now_ms):
        """See to all that has to do with time. Return when to do so again."""
        if self._failures:
            self._failures -= 1
            if not self._failures:
                self.poller.modify(self._listener, _READABLE)
        if not 0 < ticks_diff(self._second_ms, now_ms) <= _SECOND_MS:
            self._second_ms = ticks_add(now_ms, _SECOND_MS)
            self.chargers.step(now_ms)
        first = None  # of those that wait for the turn
        for connection in self._connections:
            if connection.sock and connection.expire(now_ms):
                if first is None or ticks_diff(first.moved_ms, connection.moved_ms) > 0:
                    first = connection
        self.next = first
        if first:
            self._offer_turn(first, now_ms)
        return ticks_add(now_ms, _CHECK_MS)

    def _offer_turn(self, connection, now_ms):
        try:
            connection.begin(now_ms)
        except Exception as error:
            self._recover(connection, error)

    def _recover(self, connection, error):
        """We are the supervisor of our connections: whatever happens to one, the others are served."""
        if connection:
            try:
                connection.failed(error)
            except Exception:
                pass  # the connection was lost before: its end comes by itself
            return
        self.stats["dropped_trouble"] += 1
        self._failures += 1
        if self._failures == _FAILURES:
            self.poller.modify(self._listener, 0)
