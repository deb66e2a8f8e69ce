# SPDX-License-Identifier: MIT
"""What a request costs in heap: exactly, on real sockets, on the 32-bit unix port (object sizes as
on an ESP32).

The 64-bit build has other sizes: there these tests check that the answers come, and are skipped then. The others have
no sockets of this kind, or cannot tell.
"""

import gc
import sys

from httpd import responses, server
from httpd.document import Document
from skipping import heap_taken, skip

IS_32_BIT = sys.maxsize == 2**31 - 1
LIMIT_BYTES = 80
REQUEST = (
    b"GET /api/v1/values.json HTTP/1.1\r\nHost: 192.168.1.50\r\n"
    b"User-Agent: ESP32 HTTP Client/1.0\r\nAccept: */*\r\n\r\n"
)


def needs_sockets():
    """Imports them, too: CPython's select may lack poll."""
    global select, socket, listen
    try:
        import select
        import socket

        from loading.listener import listen
    except ImportError:
        skip("needs sockets")
    if not hasattr(socket.socket, "readinto"):
        skip("needs MicroPython's sockets")


class Board:
    """A server and its client in one program; only what happens inside `step` is counted."""

    def __init__(self, admits=None):
        needs_sockets()
        for self.port in range(18300, 18330):
            try:
                self._listener = listen("127.0.0.1", self.port)
                break
            except OSError:
                pass
        values = Document(600, responses.JSON, aged=True)
        values.begin()
        values.write(b'{"device_values": {"energy_meters": {"0": {"grid_power_w": -542}}}}')
        values.end()
        values.set_age(1)
        info = responses.Fixed("200", responses.JSON, b"{}")
        page = responses.Fixed("200", "text/html", b"x" * 1500)
        routes = {b"/api/v1/values.json": values, b"/api/v1/info.json": info, b"/": page}
        self.server = server.Server(
            self._listener, routes, select.poll(), wait_ms=1, admits=admits
        )
        self.address = socket.getaddrinfo("127.0.0.1", self.port)[0][-1]
        self.now_ms = 0

    def step(self, later_ms=4):
        """Return the bytes that one pass allocates, what it frees included."""
        self.now_ms += later_ms
        gc.disable()
        before = gc.mem_alloc()
        self.server.step(self.now_ms)
        used = gc.mem_alloc() - before
        gc.enable()
        return used

    def close(self):
        self._listener.close()

    def ask(self, *pieces):
        """One request in pieces, each some ms after the one before; return (bytes of heap, response)."""
        client = socket.socket()
        client.connect(self.address)
        used = self.step() + self.step()
        for piece in pieces:
            client.write(piece)
            used += self.step()
        used += self.step() + self.step()  # what is longer than the buffer
        response = client.recv(2000)
        client.close()
        used += self.step() + self.step()
        return used, response


def costs(*pieces, status=b"200", admits=None):
    """The bytes of each of some requests of this kind, after a first one."""
    board = Board(admits)
    found = []
    for _ in range(6):
        used, response = board.ask(*pieces)
        assert response[9:12] == status, response
        found.append(used)
    board.close()
    return found[1:]


def check(found):
    if not IS_32_BIT:
        skip("objects have an ESP32's sizes on a 32-bit build only")
    assert found == [LIMIT_BYTES] * len(found), found


def test_a_request_costs_80_bytes():
    check(costs(REQUEST))


def test_a_request_in_pieces_costs_the_same():
    check(costs(*[REQUEST[i : i + 5] for i in range(0, len(REQUEST), 5)]))


def test_an_error_costs_the_same():
    check(costs(b"GET /x HTTP/1.1\r\n\r\n", status=b"404"))
    check(costs(b"POST / HTTP/1.1\r\n\r\n", status=b"500"))
    check(costs(b"hello\r\n", status=b"400"))
    check(costs(b"GET /" + b"a" * 200 + b" HTTP/1.1\r\n\r\n", status=b"414"))


def test_a_long_response_costs_the_same():
    check(costs(b"GET / HTTP/1.1\r\n\r\n"))


def test_a_response_that_is_refused_for_want_of_memory_costs_the_same():
    check(costs(b"GET / HTTP/1.1\r\n\r\n", status=b"503", admits=lambda: False))


def test_seconds_without_a_client_cost_nothing():
    board = Board()
    board.ask(REQUEST)
    assert [board.step(later_ms=300) for _ in range(50)] == [0] * 50
    board.close()


def test_passes_without_an_event_cost_nothing():
    board = Board()
    board.step()
    assert [board.step(later_ms=9) for _ in range(50)] == [0] * 50
    board.close()


def test_a_silent_client_costs_no_more():
    board = Board()
    board.ask(REQUEST)
    client = socket.socket()
    client.connect(board.address)
    used = sum(board.step(later_ms=500) for _ in range(15))
    client.close()
    board.close()
    check([used])


def test_rendering_costs_nothing():
    document = Document(300, responses.JSON, aged=True)

    def render(n):
        document.begin()
        for _ in range(11):
            document.write(b'"inv_power_ac_w": ')
            document.write_int(n)
        document.write_tenths(n)
        document.end()
        document.set_age(n & 7)

    render(-2225)
    assert heap_taken(lambda: render(8750)) == 0


def test_busy_slots_cost_no_more():
    """Once the poller has grown to as many entries as there are slots."""
    board = Board()
    board.ask(REQUEST)
    clients = []
    found = []
    for _ in range(15):
        client = socket.socket()
        client.connect(board.address)
        clients.append(client)
        found.append(board.step())
    for client in clients:
        client.close()
    board.close()
    check(found[5:])
