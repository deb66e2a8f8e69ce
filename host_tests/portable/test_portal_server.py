# SPDX-License-Identifier: MIT
"""The set-up page's server against clients that are slow, rude or many, in virtual time."""

from portal import responses, server

GET = b"GET / HTTP/1.1\r\nHost: 198.18.0.1\r\n\r\n"


class Socket:
    """`incoming`: pieces; b"": the client has gone. takes: bytes that each write takes, None: nothing now; empty: all."""

    def __init__(self, *incoming, takes=None):
        self.incoming = list(incoming)
        self.takes = takes
        self.sent = b""
        self.is_closed = False

    def setblocking(self, flag):
        assert not flag

    def read(self, count):
        if not self.incoming:
            return None
        piece = self.incoming[0]
        if isinstance(piece, Exception):
            raise piece
        if piece:
            self.incoming[0] = piece[count:]
            if not self.incoming[0]:
                del self.incoming[0]
        return piece[:count]

    def write(self, data):
        count = len(data) if self.takes is None else self.takes.pop(0) if self.takes else None
        self.sent += bytes(data[:count]) if count else b""
        return count

    def close(self):
        self.is_closed = True


class Listener:
    def __init__(self, *waiting):
        self.waiting = list(waiting)

    def accept(self):
        if not self.waiting:
            raise OSError(11)
        return self.waiting.pop(0), ("198.18.0.2", 50000)


def hello(request):
    return responses.whole(200, "text/plain", b"hello")


def served(*clients, handle=hello, until_ms=100):
    made = server.Server(Listener(*clients), handle)
    for now_ms in range(0, until_ms, 100):
        made.step(now_ms)
    return made


def test_request_is_answered_and_the_connection_closed():
    client = Socket(GET[:7], GET[7:])
    served(client)
    assert client.sent.startswith(b"HTTP/1.1 200 OK\r\n") and client.sent.endswith(
        b"\r\n\r\nhello"
    )
    assert (
        b"\r\nConnection: close\r\n" in client.sent and b"\r\nContent-Length: 5\r\n" in client.sent
    )
    assert client.is_closed


def test_silent_and_gone_clients_end():
    silent, gone, reset = Socket(GET[:9]), Socket(b""), Socket(OSError(104))
    made = served(silent, gone, reset, until_ms=server.REQUEST_MS)
    assert gone.is_closed and reset.is_closed and not silent.is_closed
    made.step(server.REQUEST_MS)
    assert silent.is_closed and not silent.sent


def test_slow_reader_gets_all_of_it_and_one_that_stops_ends():
    slow, stuck = Socket(GET, takes=[1, None] * 400), Socket(GET, takes=[3])
    made = served(slow, stuck, until_ms=40000)
    assert slow.sent.endswith(b"hello") and slow.is_closed
    assert stuck.sent == b"HTT" and stuck.is_closed
    assert made.faults == 0


def test_silent_clients_make_room_for_one_who_asks():
    silent = [Socket() for _ in range(2 * server.CLIENTS)]
    asking = Socket(GET)
    served(*silent, asking, until_ms=4000)
    assert asking.sent.endswith(b"hello")


def test_handler_that_raises_costs_one_answer():
    def burnt(request):
        raise ValueError("burnt")

    def broken(request):
        yield b"HTTP"
        raise ValueError("burnt")

    for handle, sent in ((burnt, b"HTTP/1.1 500 "), (broken, b"HTTP")):
        client = Socket(GET)
        made = served(client, handle=handle)
        assert client.sent.startswith(sent) and client.is_closed and made.faults == 1


def test_refusals_are_json_with_one_sentence():
    client = Socket(b"GET\r\n\r\n")
    served(client)
    assert client.sent.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert client.sent.endswith(b'{"error": "Bad Request"}')


def test_without_room_in_the_networks_memory_nothing_is_sent_until_there_is_or_for_too_long():
    for opens_ms, sent in ((3000, True), (1000000, False)):
        client, now = Socket(GET), [0, opens_ms]
        made = server.Server(Listener(client), hello, lambda now=now: now[0] >= now[1])
        for now[0] in range(0, 2 * server.RESPONSE_MS, 100):
            made.step(now[0])
            assert not client.sent or now[0] >= opens_ms
        assert client.is_closed and bool(client.sent) == sent
