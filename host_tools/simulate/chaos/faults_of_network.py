# SPDX-License-Identifier: MIT
"""What goes wrong between the bridge and its clients: Wi-Fi, and clients that do not behave."""

from host_tools.simulate.chaos.fault import Fault

_VALUES = b"GET /api/v1/values.json HTTP/1.1\r\nHost: 192.168.1.50\r\n\r\n"
_CLOSED = b""
# What such a client sends, and how many bytes of an answer it takes.
_HOSTILE = (
    (None, 0),  # nothing at all
    (_CLOSED, 0),
    (b"GET /api/v1/val", 0),  # and no more
    (_VALUES, 0),  # and never reads
    (_VALUES, 1 << 20),  # as a charger
    (b"POST /api/v1/values.json HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", 1 << 20),
    (b"GET /" + b"x" * 4000, 1 << 20),
    (b"GET / HTTP/1.1\r\nHost: evil.example\r\n" + b"A: b\r\n" * 600 + b"\r\n", 1 << 20),
    (bytes(range(256)), 1 << 20),
    (b"\r\n" * 200, 1 << 20),
)


class NetworkFault(Fault):
    """Of no unit, and no reason to have no values."""

    def choose(self):
        self.unit = None

    def over_ms(self):
        return 0


class HostileClients(NetworkFault):
    """Up to twelve addresses connect up to 50 times a second: silent, half a request, garbage, requests that nobody reads, or as a charger."""

    name = "hostile-clients"

    def choose(self):
        super().choose()
        self.hosts = self.chance.choice((1, 3, 12))
        self.every_ms = self.chance.choice((20, 60, 400))

    def start(self, world):
        self._connect(world, self.begin_ms)

    def _connect(self, world, at_ms):
        data, takes = self.chance.choice(_HOSTILE)
        world.connect(f"192.168.1.{100 + self.chance.randrange(self.hosts)}", data, takes)
        at_ms += self.every_ms
        if at_ms < self.end_ms:
            world.later(at_ms, lambda: self._connect(world, at_ms))

    def told(self):
        return f", {self.hosts} addresses, every {self.every_ms} ms"


class WifiLost(NetworkFault):
    """No client reaches the bridge, and connections that were open hang for ever."""

    name = "wifi-lost"
    longest_ms = 25000
    fails = False

    def start(self, world):
        world.lose_network(self.fails)
        world.later(self.end_ms, world.find_network)


class WifiReset(WifiLost):
    """The access point is gone, the address too: all connections fail at once."""

    name = "wifi-reset"
    longest_ms = 12000
    fails = True
