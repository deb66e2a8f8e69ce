"""The request parser: the same outcome however the bytes are cut. Rules: RFC 9112, and the maker's
500.
"""

from httpd import request

HEAD = b" HTTP/1.1\r\nHost: 192.168.1.50\r\n\r\n"


PAGE = request.Route(b"/", None, False)
VALUES = request.Route(b"/api/v1/values.json", None, True)
ROUTES = [PAGE, VALUES]


def feed(pieces):
    """Feed pieces to a new request; return (outcome, route or None)."""
    one = request.Request(ROUTES)
    data = bytearray(request.TAIL_BYTES + 1024)
    for piece in pieces:
        for at in range(0, len(piece), 1024):
            part = piece[at : at + 1024]
            for i in range(len(part)):
                data[request.TAIL_BYTES + i] = part[i]
            outcome = one.feed(data, len(part))
            if outcome != request.MORE:
                return outcome, one.route if outcome == request.FOUND else None
    return request.MORE, None


def outcome_of(raw, every_split=True):
    """Whole, byte by byte, and split at each point."""
    whole = feed([raw])
    assert feed(raw[i : i + 1] for i in range(len(raw))) == whole
    if every_split:
        for at in range(1, len(raw)):
            assert feed([raw[:at], raw[at:]]) == whole, at
    return whole


def test_get_finds_its_route():
    assert outcome_of(b"GET /api/v1/values.json" + HEAD) == (200, VALUES)
    assert outcome_of(b"GET /" + HEAD) == (200, PAGE)


def test_what_real_clients_send_finds_its_route():
    esp_idf = b"GET /api/v1/values.json HTTP/1.1\r\nUser-Agent: ESP32 HTTP Client/1.0\r\nHost: 10.0.0.9\r\nContent-Length: 0\r\n\r\n"
    curl = b"GET /api/v1/values.json HTTP/1.1\r\nHost: 10.0.0.9:8080\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\r\n"
    python = b"GET /api/v1/values.json HTTP/1.1\r\nAccept-Encoding: identity\r\nhost: bridge\r\nconnection: close\r\n\r\n"
    bench = b"GET /api/v1/values.json HTTP/1.0\r\nUser-Agent: ApacheBench/2.3\r\n\r\n"
    for raw in (esp_idf, curl, python, bench):
        assert outcome_of(raw) == (200, VALUES)


def test_a_query_does_not_matter():
    assert outcome_of(b"GET /api/v1/values.json?x=1" + HEAD) == (200, VALUES)
    assert outcome_of(b"GET /api/v1/values.json?" + HEAD) == (200, VALUES)
    assert outcome_of(b"GET /?" + HEAD) == (200, PAGE)


def test_an_absolute_target_is_taken_by_its_path():
    assert outcome_of(b"GET http://10.0.0.9:8080/api/v1/values.json" + HEAD) == (200, VALUES)
    assert outcome_of(b"GET http://h/" + HEAD) == (200, PAGE)
    assert outcome_of(b"GET http://" + HEAD)[0] == 400


def test_no_other_path_is_taken_for_ours():
    for path in (
        b"/x",
        b"/api/v1/values",
        b"/api/v1/values.jsonx",
        b"/api/v1/values.json/",
        b"//",
        b"/API/v1/values.json",
    ):
        assert outcome_of(b"GET " + path + HEAD)[0] == 404


def test_any_other_method_is_500_as_the_maker_says():
    for method in (b"POST", b"PUT", b"DELETE", b"PATCH", b"get", b"GETX"):
        assert outcome_of(method + b" /api/v1/values.json" + HEAD)[0] == 500
    assert outcome_of(b"OPTIONS *" + HEAD)[0] == 500
    assert outcome_of(b"CONNECT example.com:443" + HEAD)[0] == 500


def test_a_head_is_told_apart_since_its_answer_has_no_content():
    assert outcome_of(b"HEAD /api/v1/values.json" + HEAD)[0] == -500
    assert outcome_of(b"HEAD / HTTP/1.0\r\n\r\n")[0] == -500
    assert outcome_of(b"HEADS /" + HEAD)[0] == 500
    assert outcome_of(b"HEAD /" + b"a" * 3000, every_split=False)[0] == -414
    long = b"HEAD / HTTP/1.1\r\nCookie: " + b"c" * request.HEAD_BYTES
    assert outcome_of(long, every_split=False)[0] == -431


def test_what_is_no_http_is_400():
    for raw in (
        b"\n",
        b"\r\n",
        b"GET\r\n",
        b"GET /\r\n",
        b"GET  HTTP/1.1\r\n",
        b"GET HTTP/1.1\r\n",
        b" / HTTP/1.1\r\n",
        b"GET x HTTP/1.1\r\n",
        b"GET / HTTP/2.0\r\n",
        b"GET / HTTP/1.\r\n",
        b"GET / http/1.1\r\n",
        b"POST / x HTTP/1.1\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"1GET / HTTP/1.1\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ):
        assert outcome_of(raw)[0] == 400, raw


def test_a_head_is_answered_when_it_ends_not_before():
    raw = b"GET /" + HEAD
    for count in range(1, len(raw)):
        assert feed([raw[:count]])[0] == request.MORE
    assert outcome_of(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n")[0] == request.MORE


def test_bare_line_feeds_end_lines_too():
    assert outcome_of(b"GET / HTTP/1.1\n\n") == (200, PAGE)
    assert outcome_of(b"GET / HTTP/1.1\nHost: x\n\r\n") == (200, PAGE)
    assert outcome_of(b"GET / HTTP/1.1\r\nHost: x\r\n\n") == (200, PAGE)


def test_http_1_0_waits_for_our_close():
    one = request.Request(ROUTES)
    for raw, closes in (
        (b"GET / HTTP/1.0\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\n\r\n", False),
        (b"PUT / HTTP/1.0\r\n\r\n", False),
    ):
        one.taken = 0
        one.feed(bytearray(b"\0\0" + raw), len(raw))
        assert one.closes == closes


def test_a_line_too_long_is_414():
    fits = b"GET /" + b"a" * (request.LINE_BYTES - 15) + b" HTTP/1.1\r\n\r\n"
    assert fits.find(b"\n") == request.LINE_BYTES
    assert outcome_of(fits)[0] == 404
    assert outcome_of(fits.replace(b"a", b"aa", 1))[0] == 414
    assert outcome_of(b"GET /" + b"a" * 3000, every_split=False)[0] == 414
    assert outcome_of(b"a" * 300)[0] == 400


def test_a_head_too_long_is_431():
    start = b"GET / HTTP/1.1\r\nCookie: "
    fits = start + b"c" * (request.HEAD_BYTES - len(start) - 4) + b"\r\n\r\n"
    assert outcome_of(fits, every_split=False) == (200, PAGE)
    for at in range(request.HEAD_BYTES - 8, request.HEAD_BYTES):
        assert feed([fits[:at], fits[at:]]) == (200, PAGE)
    assert outcome_of(fits.replace(b"c", b"cc", 1), every_split=False)[0] == 431


def test_a_second_request_does_not_change_the_first():
    assert outcome_of(b"GET /" + HEAD + b"GET /api/v1/values.json" + HEAD) == (200, PAGE)


def test_what_an_earlier_request_left_in_the_buffer_does_not_count():
    one = request.Request(ROUTES)
    raw = b"GET /api/v1/values.json" + HEAD
    data = bytearray(b"\0\0" + raw)
    for count in range(1, len(raw)):
        assert one.feed(data, count) == request.MORE
        one.taken = 0
    assert one.feed(data, len(raw)) == request.FOUND


def test_a_request_can_be_used_again():
    one = request.Request(ROUTES)
    data = bytearray(b"\0\0GET /")
    assert one.feed(data, 5) == request.MORE
    one.taken = 0
    raw = b"GET /x" + HEAD
    assert one.feed(bytearray(b"\0\0" + raw), len(raw)) == 404
