"""A report that is rendered while it is sent, read as the server reads: in order, and again from where a client stopped."""

from httpd.pieces import Desk, Report


def report(texts, desk=None):
    """texts: what the pieces are, looked up at each rendering."""

    def pieces(document, now_ms):
        for text in texts:
            document.write(text)
            yield

    return Report(desk or Desk(), "text/plain", pieces)


def received(answer, size=768, taken=768):
    """All bytes, read into a buffer of `size` of which the client takes `taken` each time."""
    answer = answer.open(0)
    assert answer.status == "200"
    length = answer.length
    found = b""
    buffer = bytearray(size)
    pinned = False
    while len(found) < length:
        count = min(answer.read(buffer, len(found)), length - len(found))
        assert count > 0
        if not pinned:
            answer.pin()
            pinned = True
        found += bytes(buffer[: min(count, taken)])
    answer.unpin()
    return found


def body(whole):
    """The body behind the head, of the very length that the head tells."""
    head, _, body = whole.partition(b"\r\n\r\n")
    lengths = [
        int(line[16:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length: ")
    ]
    assert lengths == [len(body)]
    return body


TEXTS = [b"%d" % i * 50 for i in range(40)]


def test_pieces_arrive_whole_and_in_order_behind_the_head():
    whole = received(report(TEXTS))
    assert whole.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body(whole).rstrip(b"\n") == b"".join(TEXTS)


def test_client_that_takes_little_gets_the_same():
    answer = report(TEXTS)
    whole = received(answer)
    for size, taken in ((768, 1), (768, 500), (100, 7), (1, 1)):
        assert received(answer, size, taken) == whole


def test_length_is_kept_where_numbers_grow():
    texts = list(TEXTS)
    answer = report(texts)
    length = len(received(answer))
    texts[3] = texts[3] + b"x" * 300
    whole = received(answer)
    assert len(whole) == length and body(whole).rstrip(b"\n") == b"".join(texts)


def test_report_that_outgrows_its_length_is_whole_the_next_time():
    texts = list(TEXTS)
    answer = report(texts)
    texts.extend([b"y" * 100] * 30)
    assert body(received(answer)) != b"".join(texts)  # cut, and no client takes that for JSON
    for _ in range(3):
        whole = received(answer)
    assert body(whole).rstrip(b"\n") == b"".join(texts)


def test_second_reader_is_asked_to_come_again():
    answer = report(TEXTS)
    first = answer.open(0)
    first.read(bytearray(768), 0)
    first.pin()
    assert answer.open(0).status == "503"
    first.unpin()
    assert answer.open(0).status == "200"


def test_reports_that_share_a_desk_keep_apart():
    desk = Desk()
    one, other = report(TEXTS, desk), report(TEXTS[:9], desk)
    for _ in range(2):
        assert body(received(one)).rstrip(b"\n") == b"".join(TEXTS)
        assert body(received(other)).rstrip(b"\n") == b"".join(TEXTS[:9])
    answer = one.open(0)
    answer.pin()
    assert other.open(0).status == "503"


def test_reader_that_went_away_leaves_nothing_behind():
    answer = report(TEXTS)
    whole = received(answer)
    first = answer.open(0)
    first.read(bytearray(768), 0)
    first.pin()
    first.read(bytearray(768), 300)
    first.unpin()
    assert received(answer) == whole
