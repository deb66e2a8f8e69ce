"""The server over scripted sockets and virtual time."""

from httpd import answers, server
from httpd.document import Document
from httpd.ring import Ring
from httpd_fakes import FakeListener, FakePoller, FakeSocket

VALUES = b"/api/v1/values.json"
TAIL = b" HTTP/1.1\r\nHost: 192.168.1.50\r\n\r\n"
GET_VALUES = b"GET " + VALUES + TAIL
GET_PAGE = b"GET /" + TAIL


class House:
    """A server with its fakes. `values` is a document of {"n": 1}."""

    def __init__(self, slots=5, buffer_bytes=1024, routes=None):
        self.listener = FakeListener()
        self.poller = FakePoller()
        self.values = Document(100, answers.JSON, aged=True)
        self.render(b'{"n": 1}')
        self.values.set_age(0)
        table = {VALUES: self.values, b"/": answers.Fixed("200", "text/html", b"<p>page")}
        table.update(routes or {})
        self.server = server.Server(self.listener, table, self.poller, slots, buffer_bytes)
        self.now_ms = 1000

    def render(self, body):
        if self.values.begin():
            self.values.write(body)
            self.values.end()

    def step(self, later_ms=0):
        self.now_ms += later_ms
        assert self.server.step(self.now_ms) == 0

    def connect(self, *incoming, host="10.0.0.2", takes=()):
        sock = FakeSocket(*incoming, takes=takes)
        self.listener.queue.append((sock, host))
        self.step()
        return sock

    def run(self, sock, passes=20, later_ms=0):
        for _ in range(passes):
            if sock.is_closed:
                break
            self.step(later_ms)
        return sock

    def stat(self, name):
        return self.server.stats[name]

    def is_empty(self):
        return len(self.poller.events) == 1  # the listener


def test_a_request_is_answered_and_the_client_closes_first():
    house = House()
    sock = house.connect(GET_VALUES)
    house.step()
    assert sock.sent.startswith(b"HTTP/1.1 200 OK\r\n")
    assert sock.body() == b'{"n": 1}'
    assert not sock.is_closed
    sock.incoming.append(b"")
    house.step()
    assert sock.is_closed and house.is_empty()
    assert (house.stat("requests"), house.stat("200")) == (1, 1)


def test_a_request_costs_ten_calls_into_the_socket_layer():
    house = House()
    sock = house.connect(GET_VALUES)
    house.step()
    sock.incoming.append(b"")
    house.step()
    polls = 3  # accept, request, close: with the next client's accept or request these are shared
    # accept 1; setblocking 1; readinto 2, since it looks for more; write 1; readinto 1 at the end;
    # close 1
    assert (house.listener.calls, sock.calls) == (1, 6)
    assert polls + house.listener.calls + sock.calls == 10


def test_a_client_that_waits_for_our_close_gets_it_after_the_grace():
    house = House()
    sock = house.connect(GET_VALUES)
    house.step()
    house.step(server.GRACE_MS - 1)
    assert not sock.is_closed
    house.run(sock, later_ms=25)
    assert sock.is_closed
    assert house.now_ms - 1000 <= server.GRACE_MS + 50
    assert house.stat("dropped_late") == 0


def test_http_1_0_is_closed_at_once():
    house = House()
    sock = house.connect(b"GET /api/v1/values.json HTTP/1.0\r\n\r\n")
    house.step()
    assert sock.body() == b'{"n": 1}' and sock.is_closed and house.is_empty()


def test_a_request_may_come_byte_by_byte():
    house = House()
    sock = house.connect(*[GET_VALUES[i : i + 1] for i in range(len(GET_VALUES))])
    house.run(sock, len(GET_VALUES), later_ms=1)
    assert sock.status() == b"200"


def test_unknown_path_404_other_method_500_no_http_400():
    house = House()
    for raw, status in (
        (b"GET /x" + TAIL, "404"),
        (b"HEAD /" + TAIL, "500"),
        (b"hello\r\n", "400"),
    ):
        sock = house.connect(raw, b"")
        house.run(sock)
        assert sock.status() == status.encode()
        assert house.stat(status) == 1


def test_a_head_is_answered_without_content():
    house = House()
    post = house.connect(b"POST / HTTP/1.1\r\n\r\n")
    house.step()
    for raw in (b"HEAD / HTTP/1.1\r\n\r\n", b"HEAD " + VALUES + TAIL):
        for takes in ((), [7, 0, 7] * 20):
            sock = house.connect(raw, takes=takes)
            house.run(sock, 70)
            assert sock.sent == post.sent[: len(post.sent) - len(post.body())]
            sock.incoming.append(b"")
            house.step()
            assert sock.is_closed
    assert post.body() == b'{"error": "only GET is answered here"}'


def test_a_slot_knows_nothing_of_the_client_before():
    house = House(slots=1)
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
            house.run(house.connect(*pieces, b""), len(raw) + 2)
            assert house.is_empty()
            sock = house.connect(b"GET /?x" + TAIL)
            house.step()
            assert sock.status() == b"200", raw
            sock.incoming += [b"", b""]
            assert not sock.is_closed
            house.step()


def test_too_long_lines_and_heads_are_told_so():
    house = House()
    sock = house.connect(b"GET /" + b"a" * 400)
    house.step()
    assert sock.status() == b"414"
    sock = house.connect(b"GET / HTTP/1.1\r\n" + b"Cookie: c\r\n" * 500)
    house.run(sock, 10)
    assert sock.status() == b"431"


def test_a_body_is_read_before_the_close():
    house = House()
    sock = house.connect(b"POST / HTTP/1.1\r\nContent-Length: 5000\r\n\r\n", b"x" * 4000)
    house.step()
    assert sock.status() == b"500"
    house.run(sock, 5, later_ms=5)
    assert sock.incoming == [] and not sock.is_closed
    sock.incoming += [b"x" * 1000, b""]
    house.run(sock, 5, later_ms=5)
    assert sock.is_closed and sock.incoming == [b""]


def test_a_body_without_end_is_cut_off():
    house = House()
    sock = house.connect(b"POST / HTTP/1.1\r\n\r\n")
    while not sock.is_closed and house.now_ms < 60000:
        sock.incoming.append(b"x" * 100)
        house.step(20)
    assert server.LIFE_MS <= house.now_ms - 1000 < server.LIFE_MS + 100


def test_a_second_request_on_the_connection_is_dropped():
    house = House()
    sock = house.connect(GET_VALUES + GET_PAGE, GET_PAGE, b"")
    house.run(sock)
    assert sock.sent.count(b"HTTP/1.1 200 OK") == 1 and sock.is_closed


def test_a_slow_reader_sees_one_document_while_cycles_go_on():
    house = House()
    sock = house.connect(GET_VALUES, takes=[1] * 500)
    for n in range(300):
        house.step(1)
        house.render(b'{"n": %d}' % (n % 2))
    assert len(sock.sent) == house.values.length
    assert sock.body() == b'{"n": 1}'


def test_a_slow_reader_keeps_nothing_from_the_others():
    house = House()
    slow = house.connect(GET_VALUES, takes=[1] * 500)
    house.step()
    for n in range(2, 9):
        house.render(b'{"n": %d}' % n)
        other = house.connect(GET_VALUES, b"")
        house.run(other)
        assert other.body() == b'{"n": %d}' % n
    house.run(slow, 300)
    assert slow.body() == b'{"n": 1}'


def test_of_two_slow_readers_the_more_expendable_one_is_dropped():
    """There is one buffer for what was not taken at once."""
    slow = [5] + [0] * 999
    house = House()
    first = house.connect(GET_VALUES, host="10.0.0.1", takes=slow)
    house.step(10)
    second = house.connect(GET_VALUES, host="10.0.0.2", takes=slow)
    house.step(10)
    assert first.is_closed and not second.is_closed
    house.render(b'{"n": 2}')
    stranger = house.connect(GET_PAGE, host="10.0.0.3", takes=slow)
    house.step(10)
    assert stranger.is_closed and not second.is_closed
    assert house.stat("dropped_full") == 2
    del second.takes[:]
    house.step()
    assert second.body() == b'{"n": 1}'
    third = house.connect(GET_VALUES, host="10.0.0.3", takes=[5])
    house.run(third, 5)
    assert third.body() == b'{"n": 2}'


def test_a_document_longer_than_the_buffer_is_not_torn_either():
    house = House(buffer_bytes=64)
    house.render(b"1" * 300)
    sock = house.connect(GET_VALUES, takes=[10] * 100)
    n = 1
    for _ in range(100):
        n = 3 - n
        house.render(b"%d" % n * 300)
        house.step(1)
    assert sock.body() in (b"1" * 300, b"2" * 300)
    house.render(b"3" * 300)
    house.run(house.connect(GET_VALUES), 40)
    fresh = house.connect(GET_VALUES)
    house.run(fresh, 40)
    assert fresh.body() == b"3" * 300


def test_a_reader_that_stops_lets_the_document_go():
    house = House(buffer_bytes=64)
    house.render(b"1" * 300)
    sock = house.connect(GET_VALUES, takes=[10] + [0] * 1000)
    house.run(sock, 1000, later_ms=25)
    assert sock.is_closed and house.stat("dropped_late") == 1
    assert house.now_ms - 1000 <= server.IDLE_MS + 100
    assert house.values.begin()


def test_an_answer_that_is_read_in_pieces_comes_whole():
    """A ring's head and text are two pieces, however short they are."""
    ring = Ring(100)
    ring.write(b"a line\nanother\n")
    for takes in ((), [1] * 300, [0, 100, 0, 5, 1000]):
        house = House(routes={b"/log": ring})
        house.run(house.connect(GET_VALUES, b""))
        sock = house.connect(b"GET /log" + TAIL, takes=takes)
        house.run(sock, 300)
        assert sock.status() == b"200" and sock.body() == b"a line\nanother\n"
        assert len(sock.sent) == ring.length


def test_a_long_page_holds_up_nobody():
    page = answers.Fixed("200", "text/html", b"x" * 5000)
    house = House(buffer_bytes=500, routes={b"/big": page})
    sock = house.connect(b"GET /big" + TAIL)
    house.step()
    assert len(sock.sent) == 500
    house.run(sock, 10)
    assert len(sock.sent) == page.length and sock.body() == b"x" * 5000
    assert sock.options == [
        (6, 1, 1)
    ]  # TCP_NODELAY: one small write does not wait for the other's ACK


def with_pages(*takes):
    """A server with two clients in the middle of a long page each; how much they take at a time."""
    page = answers.Fixed("200", "text/html", b"x" * 5000)
    house = House(buffer_bytes=500, routes={b"/big": page})
    socks = [house.connect(b"GET /big" + TAIL, takes=each) for each in takes]
    house.step()
    assert len(socks[1].sent) == 500
    return house, socks[0], socks[1], page.length


def test_long_pages_take_turns_until_the_client_has_closed():
    house, first, second, length = with_pages((), ())
    house.run(first, 12)
    assert (len(first.sent), len(second.sent)) == (length, 500)
    first.incoming.append(b"")
    house.run(second, 15)
    assert first.is_closed and len(second.sent) == length


def test_a_document_does_not_wait_for_a_long_page():
    house = with_pages((), ())[0]
    house.render(b'{"n": ' + b"1" * 80 + b"}")
    sock = house.connect(GET_VALUES, takes=[100])
    house.run(sock, 3)
    assert sock.body() == b'{"n": ' + b"1" * 80 + b"}"


def test_refusal_longer_than_the_buffer_is_sent_to_a_slow_reader():
    house = House(buffer_bytes=64)
    sock = house.connect(b"GARBAGE\r\n\r\n", takes=[10] * 100)
    house.run(sock, 60)
    assert sock.status() == b"400" and b"this is not HTTP/1" in sock.body()


def test_who_takes_nothing_loses_the_turn_and_who_waits_is_not_late():
    house, stuck, second, length = with_pages([500] + [0] * 900, ())
    house.run(stuck, 1, server.TURN_MS - 1)
    house.step()
    assert len(second.sent) == 500
    house.run(second, 12, 1)
    assert len(second.sent) == length
    house, slow, second, length = with_pages([500] + [1] * 200, ())
    house.run(second, (server.LIFE_MS - 1000) // 100, 100)
    assert not second.is_closed and len(second.sent) == 500
    assert house.stat("dropped_late") == 0


def test_silence_ends_after_the_idle_time():
    house = House()
    sock = house.connect()
    house.step(server.IDLE_MS - 1)
    assert not sock.is_closed
    house.run(sock, later_ms=25)
    assert sock.is_closed and house.stat("dropped_late") == 1


def test_a_byte_a_second_ends_after_the_lifetime():
    house = House()
    sock = house.connect()
    while not sock.is_closed and house.now_ms < 60000:
        sock.incoming.append(b"G")
        house.step(1000)
    assert house.now_ms - 1000 <= server.LIFE_MS + 1000


def test_who_closes_without_a_request_is_forgotten():
    house = House()
    for incoming in ([b""], [b"GET /", b""], [OSError(104)]):
        sock = house.connect(*incoming)
        house.run(sock, 3)
        assert sock.is_closed and house.is_empty()
    assert house.stat("dropped_gone") == 2 and house.stat("dropped_trouble") == 1


def test_a_full_house_drops_the_idlest_stranger():
    house = House(slots=3)
    socks = []
    for i in range(3):
        socks.append(house.connect(host="10.0.0.%d" % i))
        house.step(100)
    socks[0].incoming.append(b"GET ")
    house.step(100)
    house.connect(host="10.0.0.9")
    assert [sock.is_closed for sock in socks] == [False, True, False]
    assert house.stat("dropped_full") == 1


def test_who_has_its_answer_goes_before_an_idle_one():
    house = House(slots=2)
    idle = house.connect(host="10.0.0.1")
    house.step(10)
    answered = house.connect(GET_PAGE, host="10.0.0.2")
    house.step(10)
    house.connect(host="10.0.0.3")
    assert answered.is_closed and not idle.is_closed
    assert house.stat("dropped_full") == 0


def test_the_charger_is_dropped_last():
    house = House(slots=3)
    house.run(house.connect(GET_VALUES, b"", host="10.0.0.7"))
    charger = house.connect(host="10.0.0.7")
    house.step(100)
    for i in range(20):
        house.connect(host="10.0.1.%d" % i)
        house.step(1)
    assert not charger.is_closed
    charger.incoming.append(GET_VALUES)
    house.step()
    assert charger.status() == b"200"


def test_a_flood_from_one_address_drops_only_its_own():
    house = House(slots=5)
    other = house.connect(host="10.0.0.1")
    another = house.connect(host="10.0.0.2")
    house.step(1000)
    for _ in range(50):
        house.connect(host="10.0.0.66")
        house.step(1)
    assert not other.is_closed and not another.is_closed


def test_a_new_charger_gets_in_whatever_the_house_is_full_of():
    for incoming in ((), (GET_VALUES,), (b"GET / HT",)):
        house = House(slots=5)
        for i in range(5):
            house.connect(*incoming, host="10.0.2.%d" % i, takes=[1] + [0] * 99)
            house.step(10)
        charger = house.connect(host="10.0.0.7")
        house.step(3)
        charger.incoming.append(GET_VALUES)
        house.step(3)
        assert charger.status() == b"200"


def test_the_charger_is_remembered():
    house = House()
    assert house.server.charger_age_ms(house.now_ms) == -1
    house.run(house.connect(GET_PAGE, b""))
    assert house.server.charger_age_ms(house.now_ms) == -1
    house.run(house.connect(GET_VALUES, b""))
    assert house.server.charger_age_ms(house.now_ms) == 0
    house.step(1234)
    assert house.server.charger_age_ms(house.now_ms) == 1234
    assert house.server.last_charger_ms == house.now_ms - 1234
    counts = {route.name: route.requests for route in house.server.routes}
    assert counts == {"/": 1, "/api/v1/values.json": 1}


def test_accept_that_fails_is_tried_again():
    house = House()
    house.listener.queue.append(OSError(23))
    house.step()
    assert house.stat("dropped_trouble") == 1
    sock = house.connect(GET_VALUES)
    house.step()
    assert sock.status() == b"200"


def test_accept_that_keeps_failing_is_left_alone_for_a_while():
    for error in (OSError(23), OSError(105), MemoryError()):
        house = House()
        house.listener.queue += [error] * 1000
        for _ in range(50):
            house.step()
        assert house.listener.calls == server.FAILURES
        del house.listener.queue[:]
        house.step(server.REST_MS)
        sock = house.connect(GET_VALUES)
        house.step()
        assert sock.status() == b"200"


def test_a_resting_server_goes_on_serving_whom_it_has():
    house = House()
    sock = house.connect()
    house.listener.queue += [OSError(23)] * 1000
    for _ in range(server.FAILURES + 1):
        house.step()
    sock.incoming.append(GET_VALUES)
    house.step()
    assert sock.status() == b"200"


def test_trouble_of_one_connection_is_its_own():
    house = House()
    for error in (OSError(104), OSError(105), OSError(12), MemoryError()):
        for incoming, takes in ((error, ()), (GET_VALUES, [error]), (GET_VALUES, [5, error])):
            sock = house.run(house.connect(incoming, takes=takes), 3)
            assert sock.is_closed and house.is_empty()
        sock = house.connect(GET_VALUES, b"")
        house.run(sock)
        assert sock.status() == b"200"


def test_a_connection_that_cannot_be_polled_is_closed():
    house = House()
    house.poller.fails.append(OSError(12))
    sock = house.connect(GET_VALUES)
    assert sock.is_closed and house.is_empty()
    sock = house.connect(GET_VALUES)
    house.step()
    assert sock.status() == b"200"


class Broken(answers.Fixed):
    """A source that cannot `open`, or whose answer breaks off at an offset."""

    def __init__(self, opens, breaks_at):
        super().__init__("200", answers.TEXT, b"x" * 3000)
        self._opens = opens
        self._breaks_at = breaks_at

    def open(self, now_ms):
        if not self._opens:
            raise ValueError("a bug")
        return self

    def read(self, view, offset):
        if offset >= self._breaks_at:
            raise ValueError("a bug")
        return super().read(view, offset)


def test_a_source_that_raises_is_answered_with_500():
    for source in (Broken(False, 0), Broken(True, 0)):
        house = House(routes={b"/broken": source})
        sock = house.connect(b"GET /broken" + TAIL)
        house.step()
        assert sock.status() == b"500"
        assert sock.body() == b'{"error": "the bridge failed to make this answer"}'
        assert (house.stat("faults"), house.stat("500"), house.stat("requests")) == (1, 1, 1)
        assert house.stat("last_fault")[:1] == b'"'  # JSON
        sock.incoming.append(b"")
        house.step()
        assert sock.is_closed and house.stat("dropped_trouble") == 0
        sock = house.connect(GET_VALUES)
        house.step()
        assert sock.status() == b"200"


def test_a_source_that_raises_halfway_loses_the_connection():
    house = House(routes={b"/broken": Broken(True, 1000)})
    sock = house.connect(b"GET /broken" + TAIL)
    house.run(sock, 3)
    assert sock.is_closed and house.is_empty()
    assert (house.stat("faults"), house.stat("dropped_trouble")) == (0, 1)
    sock = house.connect(GET_VALUES)
    house.step()
    assert sock.status() == b"200"


def test_a_fault_that_nobody_takes_ends_with_its_connection():
    house = House(routes={b"/broken": Broken(False, 0)})
    sock = house.connect(b"GET /broken" + TAIL, takes=[OSError(104)])
    house.run(sock, later_ms=25)
    assert sock.is_closed and house.is_empty()
    sock = house.connect(GET_VALUES)
    house.step()
    assert sock.status() == b"200"


def test_a_close_that_fails_ends_nothing_but_its_connection():
    class Stubborn(FakeSocket):
        def close(self):
            super().close()
            raise OSError(5)

    house = House()
    for incoming in ((GET_VALUES, b""), (OSError(104),), (b"",)):
        sock = Stubborn(*incoming)
        house.listener.queue.append((sock, "10.0.0.2"))
        house.run(sock, 5)
        assert sock.is_closed and house.is_empty()
    sock = house.connect(GET_VALUES)
    house.step()
    assert sock.status() == b"200"


def test_a_source_chooses_its_answer():
    class Stale:
        def __init__(self):
            self.answer = answers.problem("503", "meter silent")

        def open(self, now_ms):
            return self.answer

    house = House(routes={VALUES: Stale()})
    sock = house.connect(GET_VALUES)
    house.step()
    assert sock.status() == b"503" and sock.body() == b'{"error": "meter silent"}'
    assert house.stat("503") == 1


def test_close_lets_go_of_everything():
    house = House()
    sock = house.connect()
    house.server.close()
    assert sock.is_closed and house.listener.is_closed and house.poller.events == []
