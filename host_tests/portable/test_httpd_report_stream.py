# SPDX-License-Identifier: MIT
"""A report that is rendered while it is sent, read as the server reads: in order, and again from where a client stopped."""

from httpd.report_stream import Report, ReportStream


def report(texts, stream=None):
    """texts: what is written, part by part, looked up at each rendering."""

    def render(document, now_ms):
        for text in texts:
            document.write(text)
            yield

    return Report(stream or ReportStream(), "text/plain", render)


def received(response, size=768, taken=768):
    """All bytes, read into a buffer of `size` of which the client takes `taken` each time."""
    response = response.open(0)
    assert response.status == "200"
    length = response.length
    found = b""
    buffer = bytearray(size)
    pinned = False
    while len(found) < length:
        count = min(response.read(buffer, len(found)), length - len(found))
        assert count > 0
        if not pinned:
            response.pin()
            pinned = True
        found += bytes(buffer[: min(count, taken)])
    response.unpin()
    return found


def body(whole):
    """The body behind the header, of the very length that the header tells."""
    header, _, body = whole.partition(b"\r\n\r\n")
    lengths = [
        int(line[16:]) for line in header.split(b"\r\n") if line.startswith(b"Content-Length: ")
    ]
    assert lengths == [len(body)]
    return body


TEXTS = [b"%d" % i * 50 for i in range(40)]


def test_parts_arrive_whole_and_in_order_behind_the_header():
    whole = received(report(TEXTS))
    assert whole.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body(whole).rstrip(b"\n") == b"".join(TEXTS)


def test_client_that_takes_little_gets_the_same():
    response = report(TEXTS)
    whole = received(response)
    for size, taken in ((768, 1), (768, 500), (100, 7), (1, 1)):
        assert received(response, size, taken) == whole


def test_length_stays_where_numbers_grow():
    texts = list(TEXTS)
    response = report(texts)
    length = len(received(response))
    texts[3] = texts[3] + b"x" * 300
    whole = received(response)
    assert len(whole) == length and body(whole).rstrip(b"\n") == b"".join(texts)


def test_report_that_outgrows_its_length_is_whole_the_next_time():
    texts = list(TEXTS)
    response = report(texts)
    received(response)
    texts.extend([b"y" * 100] * 30)
    whole = b"".join(texts)
    cut = body(received(response))
    assert len(cut) < len(whole) and whole.startswith(cut)  # no client takes that for JSON
    assert body(received(response)).rstrip(b"\n") == whole


def test_reports_that_share_a_stream_keep_apart():
    stream = ReportStream()
    one, other = report(TEXTS, stream), report(TEXTS[:9], stream)
    for _ in range(2):
        assert body(received(one)).rstrip(b"\n") == b"".join(TEXTS)
        assert body(received(other)).rstrip(b"\n") == b"".join(TEXTS[:9])


def test_reader_that_went_away_leaves_nothing_behind():
    response = report(TEXTS)
    whole = received(response)
    first = response.open(0)
    first.read(bytearray(768), 0)
    first.pin()
    first.read(bytearray(768), 300)
    first.unpin()
    assert received(response) == whole
