# SPDX-License-Identifier: MIT
"""The ring that keeps the latest lines of the log."""

from firmware import log
from httpd.ring import Ring


def read(ring, size=64):
    """(header, body) as a client gets them in pieces of this size."""
    response = ring.open(0)
    got = bytearray()
    view = memoryview(bytearray(size))
    while len(got) < response.length:
        count = response.read(view, len(got))
        assert 0 < count <= size
        got += view[:count]
    got = got[: response.length]
    header, _, body = bytes(got).partition(b"\r\n\r\n")
    lines = [line for line in header.split(b"\r\n") if line.startswith(b"Content-Length:")]
    assert int(lines[0].split(b":")[1].strip()) == len(body)
    return header, body


def body(ring, size=64):
    return read(ring, size)[1]


def test_nothing_written_is_an_empty_text():
    header, text = read(Ring(100))
    assert header.startswith(b"HTTP/1.1 200 OK\r\n") and text == b""


def test_all_lines_that_fit_are_kept():
    ring = Ring(12)
    ring.write(b"one\n")
    ring.write(b"two\n")
    ring.write(b"six\n")
    assert body(ring) == b"one\ntwo\nsix\n"


def test_the_log_keeps_sixty_events():
    """Of a board that has run for eleven days."""
    for unit in range(100):
        log.ring.write(b"%d W unit 3 is silent\n" % (950000 + unit))
    lines = body(log.ring).splitlines()
    assert len(lines) >= 60 and lines[-1] == b"950099 W unit 3 is silent"


def test_oldest_lines_go_first_and_whole():
    ring = Ring(12)
    for line in (b"one\n", b"two\n", b"six\n", b"a\n"):
        ring.write(line)
    assert body(ring) == b"two\nsix\na\n"


def test_any_order_of_lengths_leaves_whole_latest_lines():
    ring = Ring(40)
    written = b""
    for number in range(60):
        line = b"%d" % (10 ** (number * 7 % 11)) + b"\n"
        ring.write(line)
        written += line
        for size in (1, 7, 64):
            text = body(ring, size)
            assert written.endswith(text) and text.endswith(line)
            assert len(written) <= 40 or 40 - 12 < len(text) <= 40
            assert text == written or written[: -len(text)].endswith(b"\n")


def test_text_longer_than_the_ring_leaves_its_end():
    ring = Ring(8)
    ring.write(b"0123456789\nabc\n")
    assert body(ring) == b"abc\n"


def test_text_stays_the_same_while_somebody_is_in_the_middle_of_it():
    ring = Ring(100)
    ring.write(b"one\n")
    first = ring.open(0)
    length = first.length
    first.pin()
    ring.write(b"two\n")
    assert ring.open(0).length == length
    assert body(ring) == b"one\n"
    first.unpin()
    assert body(ring) == b"one\ntwo\n"
