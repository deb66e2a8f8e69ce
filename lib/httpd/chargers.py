# SPDX-License-Identifier: MIT
"""Who may ask, and who of them is the charger: which clients ask for its documents, and how steadily each of them does.

A client that has a place here goes last when a connection has to be dropped. Who asks steadily keeps its place; a
client that asks for the first time takes an empty one, or that of another that is as new.
"""

from const import const
from ticks import ticks_add, ticks_diff

# Fewer places than connections: then one can always be dropped that is not a charger's only one.
_PLACES = const(4)
# How long a client may be silent that has asked in one second, and in more: the slowest charger asks every 7 s.
_NEW_S = const(8)
_STEADY_S = const(32)
# No charger asks so often in a second: a client that does loses its place.
_TOO_MANY = const(11)
# Ticks wrap: what is longer ago than this stays this long ago.
_LONG_AGO_MS = const(1 << 28)
# What accept() gives is (host, port), but on the unix port a sockaddr: of IPv4, by its first byte.
_SOCKADDR = const(2)
_DOT = const(46)
_ZERO = const(48)


class Chargers:
    """clients: one at each place, or None; asked: how often each has in this second.

    networks: whose clients are answered, in halves of 16 bits, since small integers have 31: [address, mask, lower half of the address,
    of the mask, next network...].
    """

    def __init__(self, networks):
        self._networks = networks
        self.clients = [None] * _PLACES
        self.asked = [0] * _PLACES
        self.asked_ms = -1  # when anybody did; -1: never
        self.requests = 0  # of all who have a place
        self.longest_ms = 0  # without any, as seen once a second
        self._trust_s = [0] * _PLACES  # how much longer each may be silent

    def admits(self, peer):
        """Is it within one of the networks? peer: an address as accept() gives it. Some 32 bytes of heap on a board."""
        high = low = 0
        if peer[0] == _SOCKADDR:
            high, low = peer[4] << 8 | peer[5], peer[6] << 8 | peer[7]
        else:
            for byte in peer[0].encode():
                if byte == _DOT:
                    high, low = (high & 0xFF) << 8 | low >> 8, (low & 0xFF) << 8
                else:
                    low = low & 0xFF00 | 10 * (low & 0xFF) + byte - _ZERO
        networks = self._networks
        for i in range(0, len(networks), 4):
            if high & networks[i + 1] == networks[i] and low & networks[i + 3] == networks[i + 2]:
                return True
        return False

    def count(self, client, is_request=True):
        """It has asked for a document of the charger's, or has only connected while all connections were in use."""
        for place in range(_PLACES):
            if self.clients[place] == client:
                self.asked[place] += 1
                return
        if is_request:
            self._let_in(client)

    def _let_in(self, client):
        """At an empty place, else at that of who has asked most of all that are in their first second."""
        chosen = None
        for place in range(_PLACES):
            if self.clients[place] is None:
                chosen = place
                break
            if not self._trust_s[place]:
                if chosen is None or self.asked[place] >= self.asked[chosen]:
                    chosen = place
        if chosen is not None:
            self.clients[chosen] = client
            self.asked[chosen] = 1

    def rank(self, client):
        """2: it asks steadily; 1: it has asked in one second; 0: neither."""
        for place in range(_PLACES):
            if self.clients[place] == client:
                return 2 if self._trust_s[place] > _NEW_S else 1
        return 0

    def step(self, now_ms):
        """To be called once a second."""
        # Without this look it would seem young again when the ticks have wrapped.
        self.longest_ms = max(self.longest_ms, self.charger_age_ms(now_ms))
        for place in range(_PLACES):
            trust_s = self._trust_s[place]
            self.requests += self.asked[place]
            if self.asked[place] >= _TOO_MANY:
                trust_s = 0
            elif self.asked[place]:
                trust_s = _STEADY_S if trust_s else _NEW_S
            elif trust_s:
                trust_s -= 1
            if not trust_s:
                self.clients[place] = None
            self._trust_s[place] = trust_s
            self.asked[place] = 0

    def charger_age_ms(self, now_ms):
        """How long ago anybody asked; -1: never."""
        if self.asked_ms < 0:
            return -1
        age_ms = ticks_diff(now_ms, self.asked_ms)
        if age_ms > _LONG_AGO_MS:
            age_ms = _LONG_AGO_MS
            self.asked_ms = ticks_add(now_ms, -age_ms)
        return age_ms
