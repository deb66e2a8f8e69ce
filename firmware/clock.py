# SPDX-License-Identifier: MIT
"""The local day by SNTP: from the router and pool.ntp.org in turns, until two answers agree, or from the config's server.

One answer alone begins no day: it may be wrong by years, as of a router that has just started.
Nothing waits: getaddrinfo of a name would hold the loop, so the DNS server is asked by a datagram of our own.
"""

import os
import socket
from array import array

from micropython import const

from daytime import dns, sntp
from ticks import ticks_add, ticks_diff

_POOL = "pool.ntp.org"
_LOOK_MS = const(1000)
_REPLY_LOOK_MS = const(50)
_REPLY_MS = const(2000)
_REPLY_BYTES = const(300)
_SOONEST_MS = const(16000)  # RFC 4330, section 10: no server more often than every 15 s
_LONGEST_MS = const(1024000)
_AGAIN_MS = const(14400000)  # until then a crystal is off by a second at most
_JUMP_S = const(60)


class Clock:
    """A component. config: the plan's `time`, with the zone as planning.zone.changes() tells it. `network` is to be given: the station's."""

    def __init__(self, config):
        self._server = config["server"]
        self._port = config["port"]
        self._offset_s, self._other_s, changes = config["zone"]
        self._changes = array("i", changes)
        self._change = 0  # the next one
        self._now_s = None  # since 2024-01-01 UTC, as told by one answer at least
        self._second_ms = None  # its begin
        self._due_ms = 0
        self._backoff_ms = _SOONEST_MS
        self._socket = None
        self._asks_router = True
        self.network = None
        self.stats = {"known": 0, "asked": 0, "answered": 0}

    def day(self):
        """The number of the local day, None while the time is unknown. No heap."""
        if not self.stats["known"]:
            return None
        changes = self._changes
        while self._change < len(changes) and self._now_s >= changes[self._change]:
            self._change += 1
        offset_s = self._other_s if self._change & 1 else self._offset_s
        return (self._now_s + offset_s) // 86400

    def step(self, now_ms):
        """No heap while nothing is asked."""
        if self._second_ms is None:
            self._second_ms = self._due_ms = now_ms
        while ticks_diff(now_ms, self._second_ms) >= 1000:
            self._second_ms = ticks_add(self._second_ms, 1000)
            if self._now_s is not None:
                self._now_s += 1
        try:
            if self._socket:
                self._look(now_ms)
            elif ticks_diff(now_ms, self._due_ms) >= 0:
                self._ask(now_ms)
        except OSError:
            self._missed(now_ms)
        return _REPLY_LOOK_MS if self._socket else _LOOK_MS

    def _ask(self, now_ms):
        network = self.network()
        if network is None:
            return
        self.stats["asked"] += 1
        _, _, router, dns_server = network
        server = self._server or (router if self._asks_router else _POOL)
        if server.replace(".", "").isdigit():
            self._ask_time(server, now_ms)
        else:
            self._send(dns_server, 53, dns.query(server, os.urandom(2)), dns.address, now_ms)

    def _ask_time(self, address, now_ms):
        self._send(address, self._port, sntp.request(os.urandom(8)), sntp.seconds, now_ms)

    def _send(self, address, port, request, read, now_ms):
        self._close()
        self._asked = request
        self._read = read
        self._reply = bytearray(_REPLY_BYTES)
        self._asked_ms = now_ms
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        # Connected: what comes from elsewhere is not received.
        self._socket.connect(socket.getaddrinfo(address, port)[0][-1])
        self._socket.setblocking(False)
        self._socket.write(request)

    def _look(self, now_ms):
        size = self._socket.readinto(self._reply)
        found = self._read(self._reply[:size], self._asked) if size else None
        if found is None:
            if ticks_diff(now_ms, self._asked_ms) >= _REPLY_MS:
                self._missed(now_ms)
        elif self._read is sntp.seconds:
            self._answered(found, now_ms)
        elif found:
            self._ask_time(found, now_ms)
        else:
            self._missed(now_ms)

    def _missed(self, now_ms):
        self._close()
        self._asks_router = not self._asks_router
        self._due_ms = ticks_add(now_ms, self._backoff_ms)
        self._backoff_ms = min(2 * self._backoff_ms, _LONGEST_MS)

    def _answered(self, now_s, now_ms):
        self._close()
        self._due_ms = ticks_add(now_ms, _AGAIN_MS)
        self._backoff_ms = _SOONEST_MS
        if now_s == sntp.KISS:
            self._asks_router = not self._asks_router
            return
        self.stats["answered"] += 1
        ahead_s = _JUMP_S if self._now_s is None else self._now_s - now_s
        self._change = 0
        self._second_ms = now_ms
        if abs(ahead_s) >= _JUMP_S:
            # The first one, or one of two was wrong: unknown until the next answer, from another server if there is one, agrees.
            self.stats["known"] = 0
            self._asks_router = not self._asks_router
            self._due_ms = ticks_add(now_ms, _SOONEST_MS)
        elif ahead_s > 0 and self.stats["known"]:
            # It stands still until it is right, so that no day begins twice.
            now_s = self._now_s
            self._second_ms = ticks_add(now_ms, ahead_s * 1000)
        else:
            self.stats["known"] = 1
        self._now_s = now_s

    def _close(self):
        if self._socket:
            self._socket.close()
            self._socket = self._reply = None
