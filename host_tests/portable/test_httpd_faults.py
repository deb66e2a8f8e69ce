# SPDX-License-Identifier: MIT
"""What ends a connection, and what fails: over scripted sockets and virtual time."""

from httpd import responses
from httpd_fakes import CHECK_MS, GET_VALUES, IDLE_MS, LIFE_MS, TAIL, VALUES, FakeSocket, Rig


def test_silence_ends_after_the_idle_time():
    rig = Rig()
    sock = rig.connect()
    rig.step(IDLE_MS - 1)
    assert not sock.is_closed
    rig.run(sock, later_ms=25)
    assert sock.is_closed and rig.stat("dropped_late") == 1


def test_a_byte_a_second_ends_after_the_lifetime():
    rig = Rig()
    sock = rig.connect()
    while not sock.is_closed and rig.now_ms < 60000:
        sock.incoming.append(b"G")
        rig.step(1000)
    assert rig.now_ms - 1000 <= LIFE_MS + 1000


def test_who_closes_without_a_request_is_forgotten():
    rig = Rig()
    for incoming in ([b""], [b"GET /", b""], [OSError(104)]):
        sock = rig.connect(*incoming)
        rig.run(sock, 3)
        assert sock.is_closed and rig.is_empty()
    assert rig.stat("dropped_gone") == 2 and rig.stat("dropped_trouble") == 1


def test_accept_that_fails_is_tried_again():
    rig = Rig()
    rig.listener.queue.append(OSError(23))
    rig.step()
    assert rig.stat("dropped_trouble") == 1
    sock = rig.connect(GET_VALUES)
    rig.step()
    assert sock.status() == b"200"


def test_accept_that_keeps_failing_is_left_alone_for_a_while():
    for error in (OSError(23), OSError(105), MemoryError()):
        rig = Rig()
        rig.listener.queue += [error] * 1000
        for _ in range(50):
            rig.step()
        assert rig.listener.calls == 8
        del rig.listener.queue[:]
        sock = rig.connect(GET_VALUES)
        rig.run(sock, 7, CHECK_MS)
        assert sock.sent == b""
        rig.step(CHECK_MS)  # 200 ms have passed
        rig.step()
        rig.step()
        assert sock.status() == b"200"


def test_a_resting_server_goes_on_serving_whom_it_has():
    rig = Rig()
    sock = rig.connect()
    rig.listener.queue += [OSError(23)] * 1000
    for _ in range(8 + 1):
        rig.step()
    sock.incoming.append(GET_VALUES)
    rig.step()
    assert sock.status() == b"200"


def test_trouble_of_one_connection_is_its_own():
    rig = Rig()
    for error in (OSError(104), OSError(105), OSError(12), MemoryError()):
        for incoming, takes in ((error, ()), (GET_VALUES, [error]), (GET_VALUES, [5, error])):
            sock = rig.run(rig.connect(incoming, takes=takes), 3)
            assert sock.is_closed and rig.is_empty()
        sock = rig.connect(GET_VALUES, b"")
        rig.run(sock)
        assert sock.status() == b"200"


def test_a_connection_that_cannot_be_polled_is_closed():
    rig = Rig()
    rig.poller.fails.append(OSError(12))
    sock = rig.connect(GET_VALUES)
    assert sock.is_closed and rig.is_empty()
    sock = rig.connect(GET_VALUES)
    rig.step()
    assert sock.status() == b"200"


class Broken(responses.Fixed):
    """A source that cannot `open`, or whose answer breaks off at an offset."""

    def __init__(self, opens, breaks_at):
        super().__init__("200", responses.TEXT, b"x" * 3000)
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
        rig = Rig(routes={b"/broken": source})
        sock = rig.connect(b"GET /broken" + TAIL)
        rig.step()
        assert sock.status() == b"500"
        assert sock.body() == b'{"error": "the bridge failed to make this answer"}'
        assert (rig.stat("faults"), rig.stat("500"), rig.stat("requests")) == (1, 1, 1)
        assert rig.stat("last_fault")[:1] == b'"'  # JSON
        sock.incoming.append(b"")
        rig.step()
        assert sock.is_closed and rig.stat("dropped_trouble") == 0
        sock = rig.connect(GET_VALUES)
        rig.step()
        assert sock.status() == b"200"


def test_a_source_that_raises_when_its_turn_has_come_is_answered_with_500():
    page = responses.Fixed("200", "text/html", b"x" * 5000)
    rig = Rig(routes={b"/big": page, b"/broken": Broken(False, 0)})
    first = rig.connect(b"GET /big" + TAIL)
    rig.step()
    waiting = rig.connect(b"GET /broken" + TAIL)
    rig.run(first, 10)
    assert waiting.sent == b""
    first.incoming.append(b"")
    rig.run(waiting, 2, CHECK_MS)
    assert waiting.status() == b"500" and rig.stat("faults") == 1
    assert rig.run(rig.connect(b"GET /big" + TAIL, b""), 2).status() == b"200"


def test_a_source_that_raises_halfway_loses_the_connection():
    rig = Rig(routes={b"/broken": Broken(True, 1000)})
    sock = rig.connect(b"GET /broken" + TAIL)
    rig.run(sock, 3)
    assert sock.is_closed and rig.is_empty()
    assert (rig.stat("faults"), rig.stat("dropped_trouble")) == (0, 1)
    sock = rig.connect(GET_VALUES)
    rig.step()
    assert sock.status() == b"200"


def test_a_fault_that_nobody_takes_ends_with_its_connection():
    rig = Rig(routes={b"/broken": Broken(False, 0)})
    sock = rig.connect(b"GET /broken" + TAIL, takes=[OSError(104)])
    rig.run(sock, later_ms=25)
    assert sock.is_closed and rig.is_empty()
    sock = rig.connect(GET_VALUES)
    rig.step()
    assert sock.status() == b"200"


def test_a_close_that_fails_ends_nothing_but_its_connection():
    class Stubborn(FakeSocket):
        def close(self):
            super().close()
            raise OSError(5)

    rig = Rig()
    for incoming in ((GET_VALUES, b""), (OSError(104),), (b"",)):
        sock = Stubborn(*incoming)
        rig.listener.queue.append((sock, "10.0.0.2"))
        rig.run(sock, 5)
        assert sock.is_closed and rig.is_empty()
    sock = rig.connect(GET_VALUES)
    rig.step()
    assert sock.status() == b"200"


def test_a_source_chooses_its_response():
    class Stale:
        def __init__(self):
            self.answer = responses.problem("503", "meter silent")

        def open(self, now_ms):
            return self.answer

    rig = Rig(routes={VALUES: Stale()})
    sock = rig.connect(GET_VALUES)
    rig.step()
    assert sock.status() == b"503" and sock.body() == b'{"error": "meter silent"}'
    assert rig.stat("503") == 1
