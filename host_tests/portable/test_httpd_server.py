# SPDX-License-Identifier: MIT
"""Requests and responses over scripted sockets and virtual time."""

from httpd.ring import Ring
from httpd_fakes import GET_PAGE, GET_VALUES, GRACE_MS, IDLE_MS, LIFE_MS, TAIL, VALUES, Rig


def test_a_request_is_answered_and_the_client_closes_first():
    rig = Rig()
    sock = rig.connect(GET_VALUES)
    rig.step()
    assert sock.sent.startswith(b"HTTP/1.1 200 OK\r\n")
    assert sock.body() == b'{"n": 1}'
    assert not sock.is_closed
    sock.incoming.append(b"")
    rig.step()
    assert sock.is_closed and rig.is_empty()
    assert (rig.stat("requests"), rig.stat("200")) == (1, 1)


def test_a_request_costs_ten_calls_into_the_socket_layer():
    rig = Rig()
    sock = rig.connect(GET_VALUES)
    rig.step()
    sock.incoming.append(b"")
    rig.step()
    polls = 3  # accept, request, close: with the next client's accept or request these are shared
    # accept 1; setblocking 1; readinto 2, since it looks for more; write 1; readinto 1 at the end;
    # close 1
    assert (rig.listener.calls, sock.calls) == (1, 6)
    assert polls + rig.listener.calls + sock.calls == 10


def test_a_client_that_waits_for_our_close_gets_it_after_the_grace():
    rig = Rig()
    sock = rig.connect(GET_VALUES)
    rig.step()
    rig.step(GRACE_MS - 1)
    assert not sock.is_closed
    rig.run(sock, later_ms=25)
    assert sock.is_closed
    assert rig.now_ms - 1000 <= GRACE_MS + 50
    assert rig.stat("dropped_late") == 0


def test_http_1_0_is_closed_at_once():
    rig = Rig()
    sock = rig.connect(b"GET /api/v1/values.json HTTP/1.0\r\n\r\n")
    rig.step()
    assert sock.body() == b'{"n": 1}' and sock.is_closed and rig.is_empty()


def test_a_request_may_come_byte_by_byte():
    rig = Rig()
    sock = rig.connect(*[GET_VALUES[i : i + 1] for i in range(len(GET_VALUES))])
    rig.run(sock, len(GET_VALUES), later_ms=1)
    assert sock.status() == b"200"


def test_unknown_path_404_other_method_500_no_http_400():
    rig = Rig()
    for raw, status in (
        (b"GET /x" + TAIL, "404"),
        (b"HEAD /" + TAIL, "500"),
        (b"hello\r\n", "400"),
    ):
        sock = rig.connect(raw, b"")
        rig.run(sock)
        assert sock.status() == status.encode()
        assert rig.stat(status) == 1


def test_the_head_method_is_answered_without_content():
    rig = Rig()
    post = rig.connect(b"POST / HTTP/1.1\r\n\r\n")
    rig.step()
    for raw in (b"HEAD / HTTP/1.1\r\n\r\n", b"HEAD " + VALUES + TAIL):
        for takes in ((), [7, 0, 7] * 20):
            sock = rig.connect(raw, takes=takes)
            rig.run(sock, 70)
            assert sock.sent == post.sent[: len(post.sent) - len(post.body())]
            sock.incoming.append(b"")
            rig.step()
            assert sock.is_closed
    assert post.body() == b'{"error": "only GET is answered here"}'


def test_a_connection_knows_nothing_of_the_client_before():
    rig = Rig(slots=1)
    for raw in (
        b"\x16\x03\x01",
        b"a" * 400,
        b"GET /" + b"a" * 400,
        b"HEAD / HT",
        b"GET / HTTP/1.0\r\nHost: ",
        GET_PAGE[:-1],
        b"GET / HTTP/1.0\r\n\r\n",
        b"\0\n",
    ):
        for pieces in ([raw], [raw[i : i + 1] for i in range(len(raw))]):
            rig.run(rig.connect(*pieces, b""), len(raw) + 2)
            assert rig.is_empty()
            sock = rig.connect(b"GET /?x" + TAIL)
            rig.step()
            assert sock.status() == b"200", raw
            sock.incoming += [b"", b""]
            assert not sock.is_closed
            rig.step()


def test_too_long_lines_and_headers_are_told_so():
    rig = Rig()
    sock = rig.connect(b"GET /" + b"a" * 400)
    rig.step()
    assert sock.status() == b"414"
    sock = rig.connect(b"GET / HTTP/1.1\r\n" + b"Cookie: c\r\n" * 500)
    rig.run(sock, 10)
    assert sock.status() == b"431"


def test_a_body_is_read_before_the_close():
    rig = Rig()
    sock = rig.connect(b"POST / HTTP/1.1\r\nContent-Length: 5000\r\n\r\n", b"x" * 4000)
    rig.step()
    assert sock.status() == b"500"
    rig.run(sock, 5, later_ms=5)
    assert sock.incoming == [] and not sock.is_closed
    sock.incoming += [b"x" * 1000, b""]
    rig.run(sock, 5, later_ms=5)
    assert sock.is_closed and sock.incoming == [b""]


def test_a_body_without_end_is_cut_off():
    rig = Rig()
    sock = rig.connect(b"POST / HTTP/1.1\r\n\r\n")
    while not sock.is_closed and rig.now_ms < 60000:
        sock.incoming.append(b"x" * 100)
        rig.step(20)
    assert LIFE_MS <= rig.now_ms - 1000 < LIFE_MS + 100


def test_a_second_request_on_the_connection_is_dropped():
    rig = Rig()
    sock = rig.connect(GET_VALUES + GET_PAGE, GET_PAGE, b"")
    rig.run(sock)
    assert sock.sent.count(b"HTTP/1.1 200 OK") == 1 and sock.is_closed


def test_a_slow_reader_sees_one_document_while_cycles_go_on():
    rig = Rig()
    sock = rig.connect(GET_VALUES, takes=[1] * 500)
    for n in range(300):
        rig.step(1)
        rig.render(b'{"n": %d}' % (n % 2))
    assert len(sock.sent) == rig.values.length
    assert sock.body() == b'{"n": 1}'


def test_a_slow_reader_keeps_nothing_from_the_others():
    rig = Rig()
    slow = rig.connect(GET_VALUES, takes=[1] * 500)
    rig.step()
    for n in range(2, 9):
        rig.render(b'{"n": %d}' % n)
        other = rig.connect(GET_VALUES, b"")
        rig.run(other)
        assert other.body() == b'{"n": %d}' % n
    rig.run(slow, 300)
    assert slow.body() == b'{"n": 1}'


def test_of_two_slow_readers_the_more_expendable_one_is_dropped():
    """There is one buffer for what was not taken at once."""
    slow = [5] + [0] * 999
    rig = Rig()
    first = rig.connect(GET_VALUES, host="10.0.0.1", takes=slow)
    rig.step(10)
    second = rig.connect(GET_VALUES, host="10.0.0.2", takes=slow)
    rig.step(10)
    assert first.is_closed and not second.is_closed
    rig.render(b'{"n": 2}')
    other = rig.connect(GET_PAGE, host="10.0.0.3", takes=slow)
    rig.step(10)
    assert other.is_closed and not second.is_closed
    assert rig.stat("dropped_full") == 2
    del second.takes[:]
    rig.step()
    assert second.body() == b'{"n": 1}'
    third = rig.connect(GET_VALUES, host="10.0.0.3", takes=[5])
    rig.run(third, 5)
    assert third.body() == b'{"n": 2}'


def test_a_document_longer_than_the_buffer_is_not_torn_either():
    rig = Rig(buffer_bytes=64)
    rig.render(b"1" * 300)
    sock = rig.connect(GET_VALUES, takes=[10] * 100)
    n = 1
    for _ in range(100):
        n = 3 - n
        rig.render(b"%d" % n * 300)
        rig.step(1)
    assert sock.body() in (b"1" * 300, b"2" * 300)
    rig.render(b"3" * 300)
    rig.run(rig.connect(GET_VALUES), 40)
    fresh = rig.connect(GET_VALUES)
    rig.run(fresh, 40)
    assert fresh.body() == b"3" * 300


def test_a_reader_that_stops_lets_the_document_go():
    rig = Rig(buffer_bytes=64)
    rig.render(b"1" * 300)
    sock = rig.connect(GET_VALUES, takes=[10] + [0] * 1000)
    rig.run(sock, 1000, later_ms=25)
    assert sock.is_closed and rig.stat("dropped_late") == 1
    assert rig.now_ms - 1000 <= IDLE_MS + 100
    assert rig.values.begin()


def test_a_response_that_is_read_in_pieces_comes_whole():
    """A ring's head and text are two pieces, however short they are."""
    ring = Ring(100)
    ring.write(b"a line\nanother\n")
    for takes in ((), [1] * 300, [0, 100, 0, 5, 1000]):
        rig = Rig(routes={b"/log": ring})
        rig.run(rig.connect(GET_VALUES, b""))
        sock = rig.connect(b"GET /log" + TAIL, takes=takes)
        rig.run(sock, 300)
        assert sock.status() == b"200" and sock.body() == b"a line\nanother\n"
        assert len(sock.sent) == ring.length


def test_refusals_to_two_slow_readers_do_not_mix():
    """There is one buffer in which the server renders what it says by itself."""
    rig = Rig()
    first = rig.connect(b"GARBAGE\r\n\r\n", takes=[10] * 100)
    rig.step()
    second = rig.connect(b"GET /x" + TAIL, b"")
    rig.run(second)
    rig.run(first, 60)
    assert first.status() == b"400" and first.body() == b'{"error": "this is not HTTP/1"}'
    assert second.status() == b"404" and second.body() == b'{"error": "no such path"}'


def test_the_age_of_the_last_request_for_the_charger_is_known():
    rig = Rig()
    assert rig.server.charger_age_ms(rig.now_ms) == -1
    rig.run(rig.connect(GET_PAGE, b""))
    assert rig.server.charger_age_ms(rig.now_ms) == -1
    rig.run(rig.connect(GET_VALUES, b""))
    assert rig.server.charger_age_ms(rig.now_ms) == 0
    rig.step(1234)
    assert rig.server.charger_age_ms(rig.now_ms) == 1234


def test_the_age_does_not_start_again_when_the_ticks_wrap():
    """32-bit ticks wrap after 12.4 days; from 3.1 days on the age stays what it is."""
    rig = Rig()
    rig.run(rig.connect(GET_VALUES, b""))
    for _ in range(30):
        rig.step(100_000_000)
        assert rig.server.charger_age_ms(rig.now_ms) >= 100_000_000
    assert rig.server.charger_age_ms(rig.now_ms) >= 1 << 28
