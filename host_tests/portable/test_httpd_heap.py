"""What a request costs in heap: exactly, on real sockets, on the 32-bit unix port (object sizes as
on an ESP32).

The 64-bit build has other sizes: there these tests check that the answers come, and are skipped then. The others have
no sockets of this kind, or cannot tell.
"""

import gc
import sys

from httpd import answers, server
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

        from httpd.listener import listen
    except ImportError:
        skip("needs sockets")
    if not hasattr(socket.socket, "readinto"):
        skip("needs MicroPython's sockets")


class Board:
    """A server and its client in one program; only what happens inside `step` is counted."""

    def __init__(self):
        needs_sockets()
        for self.port in range(18300, 18330):
            try:
                listener = listen("127.0.0.1", self.port)
                break
            except OSError:
                pass
        values = Document(600, answers.JSON, aged=True)
        values.begin()
        values.write(b'{"device_values": {"energy_meters": {"0": {"grid_power_w": -542}}}}')
        values.end()
        values.set_age(1)
        info = answers.Fixed("200", answers.JSON, b"{}")
        routes = {b"/api/v1/values.json": values, b"/api/v1/info.json": info}
        self.server = server.Server(listener, routes, select.poll(), wait_ms=1)
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

    def ask(self, *pieces):
        """One request in pieces, each some ms after the one before; return (bytes of heap,
        answer).
        """
        client = socket.socket()
        client.connect(self.address)
        used = self.step() + self.step()
        for piece in pieces:
            client.write(piece)
            used += self.step()
        answer = client.recv(2000)
        client.close()
        used += self.step() + self.step()
        return used, answer


def costs(*pieces, status=b"200"):
    """The bytes of each of some requests of this kind, after a first one."""
    board = Board()
    found = []
    for _ in range(6):
        used, answer = board.ask(*pieces)
        assert answer[9:12] == status, answer
        found.append(used)
    board.server.close()
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
    found = costs(b"GET /x HTTP/1.1\r\n\r\n", status=b"404")
    found += costs(b"POST / HTTP/1.1\r\n\r\n", status=b"500")
    found += costs(b"hello\r\n", status=b"400")
    check(found)


def test_passes_without_an_event_cost_nothing():
    board = Board()
    board.step()
    assert [board.step(later_ms=9) for _ in range(50)] == [0] * 50
    board.server.close()


def test_a_silent_client_costs_no_more():
    board = Board()
    board.ask(REQUEST)
    client = socket.socket()
    client.connect(board.address)
    used = sum(board.step(later_ms=500) for _ in range(15))
    client.close()
    board.server.close()
    check([used])


def test_rendering_costs_nothing():
    document = Document(300, answers.JSON, aged=True)

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


def test_a_full_house_costs_no_more():
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
    board.server.close()
    check(found[5:])
