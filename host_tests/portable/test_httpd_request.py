# SPDX-License-Identifier: MIT
"""The request parser: the same outcome however the bytes are cut. Rules: RFC 9112, and DiniTech's 500."""

from httpd import request

# As docs/performance.md states them, under "Limits".
LINE_BYTES = 128
HEADER_BYTES = 4096
REST = b" HTTP/1.1\r\nHost: 192.168.1.50\r\n\r\n"


class Tagged:
    tag = b'"0123456789abcdef"'


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
            if outcome != 0:
                return outcome, one.route if abs(outcome) in (200, 201, 304) else None
    return 0, None


def outcome_of(raw, every_split=True):
    """Whole, byte by byte, and split at each point."""
    whole = feed([raw])
    assert feed(raw[i : i + 1] for i in range(len(raw))) == whole
    if every_split:
        for at in range(1, len(raw)):
            assert feed([raw[:at], raw[at:]]) == whole, at
    return whole


def test_get_finds_its_route():
    assert outcome_of(b"GET /api/v1/values.json" + REST) == (200, VALUES)
    assert outcome_of(b"GET /" + REST) == (200, PAGE)


def test_what_real_clients_send_finds_its_route():
    esp_idf = b"GET /api/v1/values.json HTTP/1.1\r\nUser-Agent: ESP32 HTTP Client/1.0\r\nHost: 10.0.0.9\r\nContent-Length: 0\r\n\r\n"
    curl = b"GET /api/v1/values.json HTTP/1.1\r\nHost: 10.0.0.9:8080\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\r\n"
    python = b"GET /api/v1/values.json HTTP/1.1\r\nAccept-Encoding: identity\r\nhost: bridge\r\nconnection: close\r\n\r\n"
    bench = b"GET /api/v1/values.json HTTP/1.0\r\nUser-Agent: ApacheBench/2.3\r\n\r\n"
    for raw in (esp_idf, curl, python, bench):
        assert outcome_of(raw) == (200, VALUES)


def test_a_query_says_that_it_is_not_the_charger_and_nothing_else():
    assert outcome_of(b"GET /api/v1/values.json?x=1" + REST) == (201, VALUES)
    assert outcome_of(b"GET /api/v1/values.json?" + REST) == (201, VALUES)
    assert outcome_of(b"GET /?" + REST) == (200, PAGE)


def test_an_absolute_target_is_taken_by_its_path():
    assert outcome_of(b"GET http://10.0.0.9:8080/api/v1/values.json" + REST) == (200, VALUES)
    assert outcome_of(b"GET http://h/" + REST) == (200, PAGE)
    for raw in (b"http://", b"http:///", b"http:/h/", b"ftp://h/", b"https://h/", b"httpx//h/"):
        assert outcome_of(b"GET " + raw + REST)[0] == 400, raw
    assert outcome_of(b"GET http://h?a=/api/v1/values.json" + REST)[0] == 400


def test_the_scheme_of_an_absolute_target_may_be_in_any_case():
    """RFC 3986, section 3.1: schemes are case-insensitive."""
    for scheme in (b"HTTP", b"Http", b"hTTp"):
        target = scheme + b"://10.0.0.9/api/v1/values.json"
        assert outcome_of(b"GET " + target + REST) == (200, VALUES)


def test_one_empty_line_before_the_request_does_not_matter():
    """RFC 9112, section 2.2: some clients send one after the request before."""
    for empty in (b"\r\n", b"\n"):
        assert outcome_of(empty + b"GET /api/v1/values.json" + REST) == (200, VALUES)
        assert outcome_of(empty + b"HEAD /" + REST)[0] == -500
        assert outcome_of(empty + b"GET /" + b"a" * 3000, every_split=False)[0] == 414
        assert outcome_of(empty + b"\x16\x03\x01")[0] == 400
        assert outcome_of(empty) == (0, None)
        assert outcome_of(empty + b"\r\n")[0] == 400
        assert outcome_of(empty + b"\n")[0] == 400
    assert outcome_of(b"\r") == (0, None)
    assert outcome_of(b"\r\r\n")[0] == 400
    assert outcome_of(b"\rGET /" + REST)[0] == 400


def test_any_later_http_1_is_taken_for_the_latest_we_know():
    """RFC 9110, section 2.5."""
    assert outcome_of(b"GET /api/v1/values.json HTTP/1.2\r\n\r\n") == (200, VALUES)
    assert outcome_of(b"GET / HTTP/1.9\r\n\r\n") == (200, PAGE)


def test_no_other_path_is_taken_for_ours():
    for path in (
        b"/x",
        b"/api/v1/values",
        b"/api/v1/values.jsonx",
        b"/api/v1/values.json/",
        b"//",
        b"/API/v1/values.json",
    ):
        assert outcome_of(b"GET " + path + REST)[0] == 404


def test_any_other_method_is_500_as_dinitech_says():
    for method in (b"POST", b"PUT", b"DELETE", b"PATCH", b"get", b"GETX"):
        assert outcome_of(method + b" /api/v1/values.json" + REST)[0] == 500
    assert outcome_of(b"OPTIONS *" + REST)[0] == 500
    assert outcome_of(b"CONNECT example.com:443" + REST)[0] == 500


def test_the_head_method_is_told_apart_since_its_response_has_no_content():
    assert outcome_of(b"HEAD /api/v1/values.json" + REST)[0] == -500
    assert outcome_of(b"HEAD / HTTP/1.0\r\n\r\n")[0] == -500
    assert outcome_of(b"HEADS /" + REST)[0] == 500
    assert outcome_of(b"HEAD /" + b"a" * 3000, every_split=False)[0] == -414
    long = b"HEAD / HTTP/1.1\r\nCookie: " + b"c" * HEADER_BYTES
    assert outcome_of(long, every_split=False)[0] == -431


def test_what_is_no_http_is_400():
    for raw in (
        b"GET\r\n",
        b"GET /\r\n",
        b"GET  HTTP/1.1\r\n",
        b"GET HTTP/1.1\r\n",
        b" / HTTP/1.1\r\n",
        b"GET x HTTP/1.1\r\n",
        b"GET / HTTP/2.0\r\n",
        b"GET / HTTP/1.\r\n",
        b"GET / HTTP/1.x\r\n",
        b"GET / HTTP/1.10\r\n",
        b"GET / HTTP/0.9\r\n",
        b"GET / http/1.1\r\n",
        b"POST / x HTTP/1.1\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"1GET / HTTP/1.1\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ):
        assert outcome_of(raw)[0] == 400, raw


def test_a_request_is_answered_when_its_header_ends_not_before():
    raw = b"GET /" + REST
    for count in range(1, len(raw)):
        assert feed([raw[:count]])[0] == 0
    assert outcome_of(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n")[0] == 0


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
        (b"GET / HTTP/1.2\r\n\r\n", False),
    ):
        one.clear()
        one.feed(bytearray(b"\0\0" + raw), len(raw))
        assert one.closes == closes


def test_a_line_too_long_is_414():
    fits = b"GET /" + b"a" * (LINE_BYTES - 15) + b" HTTP/1.1\r\n\r\n"
    assert fits.find(b"\n") == LINE_BYTES
    assert outcome_of(fits)[0] == 404
    assert outcome_of(fits.replace(b"a", b"aa", 1))[0] == 414
    assert outcome_of(b"GET /" + b"a" * 3000, every_split=False)[0] == 414
    assert outcome_of(b"a" * 300)[0] == 400


def test_a_header_too_long_is_431():
    start = b"GET / HTTP/1.1\r\nCookie: "
    fits = start + b"c" * (HEADER_BYTES - len(start) - 4) + b"\r\n\r\n"
    assert outcome_of(fits, every_split=False) == (200, PAGE)
    for at in range(HEADER_BYTES - 8, HEADER_BYTES):
        assert feed([fits[:at], fits[at:]]) == (200, PAGE)
    assert outcome_of(fits.replace(b"c", b"cc", 1), every_split=False)[0] == 431


def test_a_request_knows_nothing_of_the_one_before():
    """Else whoever is refused on the charger's connection is taken for the charger."""
    one = request.Request(ROUTES)
    for raw, outcome, route in (
        (b"GET /api/v1/values.json HTTP/1.0\r\n\r\n", 200, VALUES),
        (b"GET /api/v1/values.json" + REST, 200, VALUES),
        (b"x\n", 400, None),
        (b"GET /x" + REST, 404, None),
    ):
        assert one.feed(bytearray(b"\0\0" + raw), len(raw)) == outcome
        assert one.route is route and one.closes == (b"HTTP/1.0" in raw)


def test_a_second_request_does_not_change_the_first():
    assert outcome_of(b"GET /" + REST + b"GET /api/v1/values.json" + REST) == (200, PAGE)


def test_what_an_earlier_request_left_in_the_buffer_does_not_count():
    one = request.Request(ROUTES)
    raw = b"GET /api/v1/values.json" + REST
    data = bytearray(b"\0\0" + raw)
    for count in range(1, len(raw)):
        assert one.feed(data, count) == 0
        one.clear()
    assert one.feed(data, len(raw)) == 200


def test_a_request_can_be_used_again():
    one = request.Request(ROUTES)
    data = bytearray(b"\0\0GET /")
    assert one.feed(data, 5) == 0
    one.clear()
    raw = b"GET /x" + REST
    assert one.feed(bytearray(b"\0\0" + raw), len(raw)) == 404


def test_what_looks_like_the_charger_s_request_within_another_one_is_none():
    usual = b"GET /api/v1/values.json" + REST
    assert feed([b"POST / HTTP/1.1\r\nX: ", usual]) == feed([b"POST / HTTP/1.1\r\nX: " + usual])
    assert feed([b"POST / HTTP/1.1\r\nX: ", usual])[0] == 500


def test_line_of_one_letter_is_no_end_of_a_header():
    assert feed([b"GET /api/v1/values.json HTTP/1.1\r\nA: b\nX\n"]) == (0, None)


def tagged(fields):
    """The outcome of a request for a file with a tag."""
    one = request.Request([request.Route(b"/", Tagged, False), VALUES])
    data = bytearray(request.TAIL_BYTES + 1024)
    raw = b"GET / HTTP/1.1\r\n" + fields + b"\r\n"
    data[request.TAIL_BYTES : request.TAIL_BYTES + len(raw)] = raw
    # What another client has sent before lies behind it.
    data[request.TAIL_BYTES + len(raw) :] = Tagged.tag
    return one.feed(data, len(raw))


def test_a_client_that_shows_the_tag_has_the_file():
    # RFC 9110, 13.1.2: one or a list, weak or strong.
    assert tagged(b'If-None-Match: "0123456789abcdef"\r\n') == -304
    assert tagged(b'if-none-match: "x", W/"0123456789abcdef"\r\nHost: b\r\n') == -304
    assert tagged(b'If-None-Match: "0123456789abcdee"\r\n') == 200
    assert tagged(b"Host: b\r\n") == 200
    assert tagged(b"If-None-Match: 0123456789abcdef\r\n") == 200
