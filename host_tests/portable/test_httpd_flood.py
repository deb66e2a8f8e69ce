# SPDX-License-Identifier: MIT
"""Twelve clients that pose as the charger, as fast as they may: over scripted sockets and virtual time."""

from httpd_fakes import GET_VALUES, FakeSocket, Rig


class Flood:
    """12 clients that connect as fast as they may and pose as the charger; lwIP's backlog takes 5 connections.

    `pass_ms`: a pass of the loop; `late_ms`: between accept and the request; every third never asks.
    """

    def __init__(self, pass_ms, late_ms):
        self.rig = Rig()
        self.pass_ms = pass_ms
        self.late_ms = late_ms
        self._count = 0
        self._open = []  # (socket, host, when it connected)

    def connect(self, host):
        self._count += 1
        sock = FakeSocket()
        sock.asks = self._count % 3 or host == "charger"
        self.rig.listener.queue.append((sock, host))
        self._open.append((sock, self.rig.now_ms))
        return sock

    def step(self):
        """One pass of the server, and what its clients do meanwhile."""
        while len(self.rig.listener.queue) < 5:
            self.connect("10.0.1.%d" % (self._count * 5 % 12))
        self.rig.step(self.pass_ms)
        for entry in list(self._open):
            sock, since_ms = entry
            if sock.is_closed:
                self._open.remove(entry)
            elif sock.sent and not sock.incoming:
                sock.incoming.append(b"")
            elif sock.asks and not sock.calls:
                pass  # not accepted yet
            elif sock.asks is True and self.rig.now_ms - since_ms >= self.late_ms:
                sock.asks = False
                sock.incoming.append(GET_VALUES)
            elif sock.asks and sock.asks is not True:
                sock.asks = True
                self._open[self._open.index(entry)] = (sock, self.rig.now_ms)

    def charger_answers(self, polls, every_ms=1000):
        """(polls of the charger that were answered, the longest time that one took)."""
        answered = 0
        longest_ms = 0
        for _ in range(polls):
            begin_ms = self.rig.now_ms
            sock = self.connect("charger")
            while not sock.is_closed and not sock.sent:
                self.step()
            if sock.status() == b"200":
                answered += 1
                longest_ms = max(longest_ms, self.rig.now_ms - begin_ms)
            while self.rig.now_ms - begin_ms < every_ms:
                self.step()
        return answered, longest_ms


def test_the_charger_keeps_its_place_while_twelve_clients_flood():
    """On a PC a pass takes 1 ms, on an ESP32 that accepts some 10."""
    for pass_ms, late_ms in ((1, 5), (1, 50), (10, 30)):
        flood = Flood(pass_ms, late_ms)
        for _ in range(3):
            sock = flood.rig.connect(GET_VALUES, b"", host="charger")
            flood.rig.run(sock, 3)
            flood.rig.step(1000)
        answered, longest_ms = flood.charger_answers(6)
        assert answered == 6 and longest_ms < 1000, (pass_ms, late_ms, answered, longest_ms)


def test_a_charger_that_comes_while_twelve_clients_flood_is_soon_known():
    for pass_ms, late_ms in ((1, 3), (10, 5), (10, 30)):
        flood = Flood(pass_ms, late_ms)
        for _ in range(1000):
            flood.step()
        flood.charger_answers(4)
        answered, longest_ms = flood.charger_answers(4)
        assert answered == 4 and longest_ms < 1000, (pass_ms, late_ms, answered, longest_ms)
