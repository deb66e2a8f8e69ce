# SPDX-License-Identifier: MIT
"""The table of a connection's states in lib/httpd/connection.py, and a server that anything may happen to.

Whatever clients, sockets, sources and time do: no state follows another unless the table says so, each row of the table
happens, and after a minute without clients all is as it was.
"""

import random
import re

import pytest

from httpd import connection, responses, server
from httpd_fakes import GET_PAGE, GET_VALUES, TAIL, FakeSocket, Rig

RUNS = 120
STEPS = 300

REQUESTS = (
    GET_VALUES,
    GET_VALUES[:30],
    GET_PAGE,
    b"GET /big" + TAIL,
    b"GET /big HTTP/1.0\r\n\r\n",
    b"GET /broken" + TAIL,
    b"GET /breaks HTTP/1.0\r\n\r\n",
    b"HEAD /" + TAIL,
    b"GET /x HTTP/1.0\r\n\r\n",
    b"\x16\x03\x01",
)
TAKES = ((), (), [1] * 5000, [0] * 5000, [500, 0] * 30, [OSError(104)], [100, OSError(104)])


def table():
    """{(state, next state)} as the module's docstring has it; "any": all but OPENING."""
    text = connection.__doc__.split("next state\n")[1].split("\n\n")[0]
    rows = set()
    states = set()
    state = None
    for line in text.splitlines():
        first, last = line.split()[0], line.split()[-1]
        state = first if line[4] != " " else state
        rows.add((state, last))
        states.add(state)
    states -= {"any"}
    return {(one, then) for one, then in rows if one != "any"} | {
        (one, then) for each, then in rows if each == "any" for one in states - {then, "OPENING"}
    }


NAMES = {
    getattr(connection, "_" + name): name
    for name in ("FREE", "READING", "WAITING", "OPENING", "SENDING", "CLOSING")
}


class Watched(connection.Connection):
    """Writes down which state follows which, and who writes it."""

    seen = set()

    @property
    def state(self):
        return self._state

    @state.setter
    def state(self, state):
        if hasattr(self, "_state") and self._state != state:
            self.seen.add((NAMES[self._state], NAMES[state]))
        self._state = state


class Breaks(responses.Fixed):
    """A source that fails when it is opened, or a long response that fails on the way."""

    def __init__(self, at):
        super().__init__("200", responses.TEXT, b"x" * 4000)
        self._at = at

    def open(self, now_ms):
        if self._at == 0:
            raise ValueError("a bug")
        return self

    def read(self, view, offset):
        if offset > self._at:
            raise ValueError("a bug")
        return super().read(view, offset)


@pytest.fixture(autouse=True)
def watched(monkeypatch):
    monkeypatch.setattr(server, "Connection", Watched)
    monkeypatch.setattr(Watched, "seen", set())


def live(chance):
    """A server in which anything happens for a while, and then a minute of nothing."""
    memory = [True]
    routes = {
        b"/big": responses.Fixed("200", "text/html", b"x" * 4000),
        b"/broken": Breaks(0),
        b"/breaks": Breaks(1000),
    }
    rig = Rig(chance.choice((2, 5)), 300, routes=routes, admits=lambda: memory[0])
    socks = []
    for _ in range(STEPS):
        kind = chance.randrange(12)
        if kind < 4:
            sock = FakeSocket(takes=list(chance.choice(TAKES)))
            socks.append(sock)
            rig.listener.queue.append((sock, f"10.0.0.{chance.randrange(4)}"))
        elif kind == 4:
            rig.listener.queue.append(OSError(23))
        elif kind == 5:
            memory[0] = chance.random() < 0.8
        elif socks:
            sock = chance.choice(socks[-6:])
            if not sock.is_closed:
                sock.incoming.append(
                    chance.choice(REQUESTS)
                    if kind < 10
                    else chance.choice((b"", OSError(104), b"y"))
                )
        rig.step(chance.choice((0, 0, 1, 5, 30, 400)))
    del rig.listener.queue[:]
    rig.listener.queue += [(FakeSocket(GET_VALUES), "10.0.0.7")]
    memory[0] = True
    for _ in range(600):
        rig.step(100)
    return rig, socks


def test_only_what_the_table_allows_happens_and_all_of_it():
    allowed = table()
    assert ("FREE", "READING") in allowed and len(allowed) == 12
    for seed in range(RUNS):
        rig, socks = live(random.Random(seed))
        assert Watched.seen <= allowed, (seed, Watched.seen - allowed)
        assert rig.is_empty() and all(sock.is_closed or not sock.calls for sock in socks), seed
        assert rig.server.turn is None and rig.server.spare_user is None, seed
        assert rig.values.begin(), seed
        page = rig.connect(b"GET /big" + TAIL)
        rig.run(page, 30, 25)
        assert page.body() == b"x" * 4000, seed
    assert Watched.seen == allowed


def test_no_method_of_the_server_writes_a_connections_state():
    with open(server.__file__, encoding="utf-8") as file:
        text = file.read()
    assert not re.search(r"\.state = |\.state, .* = |setattr", text)
