# SPDX-License-Identifier: MIT
"""Long responses: one at a time, begun only while there is memory; over scripted sockets and virtual time."""

from httpd import responses
from httpd.report_stream import Report, ReportStream
from httpd_fakes import (
    CHECK_MS,
    GET_VALUES,
    GRACE_MS,
    LIFE_MS,
    SETTLE_MS,
    TAIL,
    TURN_GRACE_MS,
    TURN_MS,
    WAIT_MS,
    Rig,
)

GET_BIG = b"GET /big" + TAIL
BUSY_BODY = b'{"error": "busy: ask again in 2 s"}'


def big(length=5000):
    return responses.Fixed("200", "text/html", b"x" * length)


def with_pages(*takes):
    """A server with two clients that ask for a long page each; how much they take at a time."""
    page = big()
    rig = Rig(buffer_bytes=500, routes={b"/big": page})
    socks = [rig.connect(GET_BIG, takes=takes[i], host="10.0.1.%d" % i) for i in (0, 1)]
    rig.step()
    assert 0 < len(socks[0].sent) <= 1000
    assert socks[1].sent == b""  # who waits holds nothing of lwIP's
    return rig, socks[0], socks[1], page.length


def is_busy(sock):
    assert sock.status() in (b"503", b"200", b"")
    if sock.status() != b"503":
        return False
    assert sock.body() == BUSY_BODY and b"\r\nRetry-After: 2\r\n" in sock.sent
    return True


def test_a_long_page_holds_up_nobody():
    page = big()
    rig = Rig(buffer_bytes=500, routes={b"/big": page})
    sock = rig.connect(GET_BIG)
    rig.step()
    assert len(sock.sent) == 500
    other = rig.connect(GET_VALUES)
    rig.step()
    assert other.status() == b"200" and len(sock.sent) < 2000
    rig.run(sock, 10)
    assert len(sock.sent) == page.length and sock.body() == b"x" * 5000
    # TCP_NODELAY: one small write does not wait for the other's ACK
    assert sock.options == [(6, 1, 1)]


def test_long_pages_take_turns_until_the_client_has_closed():
    rig, first, second, length = with_pages((), ())
    rig.run(first, 12)
    assert (len(first.sent), len(second.sent)) == (length, 0)
    rig.run(first, 1, CHECK_MS)
    assert second.sent == b""
    first.incoming.append(b"")
    rig.run(second, 15, CHECK_MS)
    assert first.is_closed and len(second.sent) == length


def test_who_has_waited_longest_is_next():
    rig = Rig(buffer_bytes=500, routes={b"/big": big()})
    socks = []
    for number in range(4):
        socks.append(rig.connect(GET_BIG, host="10.0.1.%d" % number))
        rig.step(1)
    for number in range(3):
        rig.run(socks[number], 12)
        socks[number].incoming.append(b"")
        rig.step(CHECK_MS)
        rig.step(CHECK_MS)
        begun = [len(sock.sent) > 0 for sock in socks]
        assert begun == [other <= number + 1 for other in range(4)]


def test_nobody_is_served_before_who_waits():
    rig, first, second, _ = with_pages((), ())
    rig.step(CHECK_MS)
    rig.run(first, 12)
    third = rig.connect(host="10.0.1.9")
    first.incoming.append(b"")
    third.incoming.append(GET_BIG)
    rig.step()
    rig.step()
    assert first.is_closed and third.sent == b"" and second.sent == b""
    rig.step(CHECK_MS)
    assert second.sent and third.sent == b""


def test_who_is_next_is_not_dropped_for_others_that_come():
    rig, first, second, length = with_pages((), ())
    rig.step(CHECK_MS)
    for number in range(30):
        rig.connect(GET_BIG, host="10.0.2.%d" % number)
        rig.step(1)
    assert not second.is_closed
    rig.run(first, 12)
    first.incoming.append(b"")
    rig.run(second, 15, CHECK_MS)
    assert len(second.sent) == length


def test_a_document_does_not_wait_for_a_long_page():
    rig = with_pages((), ())[0]
    rig.render(b'{"n": ' + b"1" * 80 + b"}")
    sock = rig.connect(GET_VALUES, takes=[100])
    rig.run(sock, 3)
    assert sock.body() == b'{"n": ' + b"1" * 80 + b"}"


def test_a_document_that_is_long_itself_does_not_wait_either():
    rig = with_pages((), ())[0]
    rig.render(b"1" * 3000)
    sock = rig.connect(GET_VALUES)
    rig.run(sock, 12)
    assert sock.body() == b"1" * 3000


def test_who_takes_nothing_loses_the_turn_and_who_waits_is_not_late():
    rig, stuck, second, length = with_pages([500] + [0] * 900, ())
    rig.run(stuck, 1, TURN_MS - 1)
    assert not stuck.is_closed and second.sent == b""
    rig.run(second, 13, CHECK_MS)
    assert stuck.is_closed and rig.stat("dropped_late") == 1
    assert len(second.sent) == length


def test_who_takes_nothing_is_given_more_time_while_nobody_waits():
    rig = Rig(buffer_bytes=500, routes={b"/big": big()})
    stuck = rig.connect(GET_BIG, takes=[500] + [0] * 50)
    rig.run(stuck, 50, 90)
    assert not stuck.is_closed
    rig.run(stuck, 12, 1)
    assert stuck.body() == b"x" * 5000


def test_who_has_waited_too_long_is_told_to_come_again():
    rig, slow, second, _ = with_pages([500] + [1] * 200, ())
    rig.run(second, WAIT_MS // 100 - 1, 100)
    assert not second.is_closed and second.sent == b""
    assert rig.stat("dropped_late") == 0
    rig.step(100)
    assert is_busy(second) and not slow.is_closed
    second.incoming.append(b"")
    rig.step()
    assert second.is_closed and rig.stat("503") == 1
    rig.run(slow, LIFE_MS // 100, 100)
    assert slow.is_closed and rig.stat("dropped_late") == 1


def test_bytes_that_come_while_it_waits_do_not_make_it_wait_longer():
    rig, _, second, _ = with_pages([500] + [1] * 200, ())
    for _ in range(WAIT_MS // 100 + 1):
        second.incoming.append(b"x")
        rig.step(100)
    assert is_busy(second)


def test_who_leaves_while_it_waits_is_forgotten():
    rig, first, second, _ = with_pages((), ())
    second.incoming.append(b"")
    rig.step()
    assert second.is_closed and second.sent == b"" and rig.stat("dropped_gone") == 1
    rig.run(first, 12)
    assert first.body() == b"x" * 5000


def test_who_has_to_go_while_it_waits_is_told_to_come_again():
    rig, first, second, _ = with_pages((), ())
    socks = [rig.connect(host="10.0.2.%d" % number) for number in range(3)]
    for sock in socks:
        sock.incoming.append(b"GET ")
    rig.step(10)
    rig.connect(host="10.0.2.9")
    assert is_busy(second) and second.is_closed
    assert not first.is_closed and rig.stat("dropped_full") == 0


def test_who_is_gone_when_it_has_to_go_hurts_nobody():
    rig, first, second, _ = with_pages((), ())
    second.takes.append(OSError(104))
    socks = [rig.connect(host="10.0.2.%d" % number) for number in range(3)]
    for sock in socks:
        sock.incoming.append(b"GET ")
    rig.step(10)
    sock = rig.connect(GET_VALUES, host="10.0.2.9")
    rig.step()
    assert second.is_closed and sock.status() == b"200"
    assert not first.is_closed


def test_no_long_response_begins_until_memory_can_know_of_the_last():
    """lwIP keeps what a client has not confirmed: a client that we close on may have taken nothing."""
    rig, first, second, length = with_pages((), ())
    rig.run(first, 12)
    assert len(first.sent) == length
    sent_ms = rig.now_ms
    while not first.is_closed:
        rig.step(CHECK_MS)
    assert rig.now_ms - sent_ms <= TURN_GRACE_MS + CHECK_MS
    while second.sent == b"":
        rig.step(CHECK_MS)
    assert SETTLE_MS <= rig.now_ms - sent_ms <= SETTLE_MS + CHECK_MS


def test_a_client_that_takes_some_time_to_close_lets_the_next_one_begin_at_once():
    """Over Wi-Fi that is busy a client's close comes later than the grace of a short response."""
    rig, first, second, length = with_pages((), ())
    rig.run(first, 12)
    assert len(first.sent) == length
    for _ in range(GRACE_MS // CHECK_MS + 4):
        rig.step(CHECK_MS)
    assert not first.is_closed and second.sent == b""
    first.incoming.append(b"")
    for _ in range(3):
        rig.step(CHECK_MS)
    assert first.is_closed and second.sent != b""


def test_a_page_is_served_after_weeks_without_one():
    """The time until which nobody has the turn must not come back when the ticks wrap."""
    for days in range(14):
        rig, first, second, length = with_pages((), ())
        rig.run(second, 100, CHECK_MS)
        assert second.is_closed  # by us: the next one has to wait
        rig.step(SETTLE_MS)
        for _ in range(days):
            rig.step(86_400_000)
        third = rig.connect(GET_BIG)
        rig.step()
        assert len(third.sent) == 500, days


def test_long_responses_are_refused_while_memory_is_short():
    plenty = [True]
    rig = Rig(buffer_bytes=500, routes={b"/big": big()}, admits=lambda: plenty[0])
    first = rig.connect(GET_BIG, b"")
    rig.run(first, 15)
    assert len(first.sent) > 5000
    plenty[0] = False
    rig.render(b"2" * 3000)
    for _ in range(20):
        sock = rig.connect(GET_BIG, b"")
        rig.step()
        assert is_busy(sock)
        charger = rig.connect(GET_VALUES, b"")
        rig.run(charger, 12)
        assert charger.body() == b"2" * 3000
    plenty[0] = True
    sock = rig.connect(GET_BIG)
    rig.run(sock, 15)
    assert len(sock.sent) > 5000


def test_one_that_waits_is_refused_if_memory_is_short_when_its_turn_comes():
    plenty = [True]
    rig = Rig(buffer_bytes=500, routes={b"/big": big()}, admits=lambda: plenty[0])
    first = rig.connect(GET_BIG)
    rig.step()
    second = rig.connect(GET_BIG)
    rig.run(first, 12)
    plenty[0] = False
    first.incoming.append(b"")
    rig.step(CHECK_MS)
    rig.step(CHECK_MS)
    assert is_busy(second)


def test_two_readers_of_reports_get_theirs_whole():
    """They share one stream: a page that looks at /status.json costs a scrape of /metrics nothing."""
    texts = [b"%d" % i * 50 for i in range(40)]

    def render(document, now_ms):
        for text in texts:
            document.write(text)
            yield

    stream = ReportStream()
    routes = {
        b"/status.json": Report(stream, responses.JSON, render),
        b"/metrics": Report(stream, responses.TEXT, render),
    }
    rig = Rig(buffer_bytes=500, routes=routes)
    socks = []
    for path in (b"/status.json", b"/metrics", b"/status.json", b"/metrics"):
        socks.append(rig.connect(b"GET " + path + TAIL, takes=[100] * 60 + [0, 300] * 90))
    for _ in range(300):
        rig.step(4)
        for sock in socks:
            if sock.body().rstrip(b"\n") == b"".join(texts) and not sock.incoming:
                sock.incoming.append(b"")
    for sock in socks:
        assert sock.status() == b"200" and sock.body().rstrip(b"\n") == b"".join(texts)


def test_the_charger_is_answered_at_once_beside_twelve_clients_that_ask_for_everything():
    """Each comes again as soon as it is answered or dropped; a client takes 1 kB in 5 ms and closes."""
    page = big(9000)
    plenty = [True]
    rig = Rig(buffer_bytes=768, routes={b"/big": page}, admits=lambda: plenty[0])
    clients = [None] * 12
    answered = 0
    for number in range(2000):
        plenty[0] = number % 500 < 350
        for client, sock in enumerate(clients):
            if (
                sock
                and not sock.is_closed
                and sock.sent.endswith(b"x")
                and len(sock.sent) == page.length
            ):
                sock.incoming = [b""]
            if (sock is None or sock.is_closed or is_busy(sock)) and len(rig.listener.queue) < 5:
                clients[client] = rig.connect(
                    GET_BIG, host="10.0.1.%d" % client, takes=[1000, 0] * 20
                )
        if number % 200 == 0:
            charger = rig.connect(host="10.0.0.7")
            rig.step(4)
            charger.incoming.append(GET_VALUES)
            rig.step(1)
            assert charger.status() == b"200", number
            charger.incoming.append(b"")
            answered += 1
        begun = [
            s
            for s in clients
            if s and not s.is_closed and 0 < len(s.sent) and s.status() == b"200"
        ]
        assert len(begun) <= 1
        rig.step(5)
    assert answered == 10 and rig.stat("200") > 20
