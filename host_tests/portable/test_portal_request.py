# SPDX-License-Identifier: MIT
"""Requests with a body, whole and in pieces, and what is refused (RFC 9112, RFC 9110)."""

from portal import probes
from portal.request import BODY_BYTES, HEAD_BYTES, Request

POST = (
    b"POST /config?a=1 HTTP/1.1\r\nHost: 198.18.0.1:8080\r\nUser-Agent: Mozilla/5.0\r\n"
    b"Content-Type: application/json; charset=utf-8\r\nX-TOKEN: 0f0f\r\nContent-Length: 14\r\n\r\n"
    b'{"a": "\xc3\xbc&%+"}'
)


def fed(*pieces):
    """(status of the last piece, request)"""
    request = Request()
    for piece in pieces[:-1]:
        assert request.feed(piece) == 0, piece
    return request.feed(pieces[-1]), request


def test_post_with_body():
    status, request = fed(POST)
    assert status == 200
    assert (request.method, request.path, request.host) == ("POST", "/config", "198.18.0.1")
    assert (request.token, request.kind) == ("0f0f", "application/json")
    assert bytes(request.body) == POST[-14:]


def test_post_in_pieces_cut_anywhere():
    for at in range(1, len(POST)):
        status, request = fed(POST[:at], POST[at:])
        assert status == 200 and bytes(request.body) == POST[-14:], at
    status, request = fed(*[POST[i : i + 1] for i in range(len(POST))])
    assert status == 200 and request.path == "/config"


def test_probes_of_phones_as_they_send_them():
    android = (
        b"GET /generate_204 HTTP/1.1\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n"
        b"Host: connectivitycheck.gstatic.com\r\nConnection: Keep-Alive\r\nAccept-Encoding: gzip\r\n\r\n"
    )
    apple = (
        b"GET /hotspot-detect.html HTTP/1.0\r\nHost: captive.apple.com\r\nConnection: close\r\n"
        b"User-Agent: CaptiveNetworkSupport-407.40.1 wispr\r\n\r\n"
    )
    for request, host in (
        (android, "connectivitycheck.gstatic.com"),
        (apple, "captive.apple.com"),
    ):
        status, found = fed(request)
        assert status == 200 and found.host == host and found.body == b""


def test_whole_uri_names_the_host():
    status, found = fed(b"GET http://Example.com:80/x HTTP/1.1\r\nHost: example.com\r\n\r\n")
    assert (status, found.host, found.path) == (200, "example.com", "/x")


def test_what_is_no_request_is_refused():
    end = b"\r\n\r\n"
    for head in (
        b"GET /",
        b"GET / HTTP/2.0 x",
        b"GET x HTTP/1.1",
        b"GET / HTTP/1.1\r\nno colon",
        b"GET / HTTP/1.1\r\nHost : a",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b",
        b"GET / HTTP/1.1\r\nX: \xff",
        b"POST / HTTP/1.1\r\nContent-Length: -1",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1",
        b"POST / HTTP/1.1\r\nContent-Length: 99999999",
        b"POST / HTTP/1.1\r\nContent-Length: 9999999",
    ):
        assert fed(head + end)[0] == 400, head
    assert fed(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked" + end)[0] == 501


def test_long_heads_are_refused():
    piece = b"GET / HTTP/1.1\r\nX: " + HEAD_BYTES * b"x"
    assert fed(piece)[0] == fed(piece + b"\r\n\r\n")[0] == 431


def test_long_body_is_read_to_its_end_and_refused():
    head = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n"
    assert fed(head % BODY_BYTES, BODY_BYTES * b"x")[0] == 200
    request = Request()
    assert request.feed(head % (BODY_BYTES + 1)) == 0
    assert request.feed(BODY_BYTES * b"x") == 0 and len(request.body) == 0
    assert request.feed(b"x") == 413


def test_what_each_system_takes_for_internet():
    assert probes.yes("/generate_204")[0] == probes.yes("/gen_204")[0] == 204
    assert probes.yes("/connecttest.txt")[2] == b"Microsoft Connect Test"
    assert probes.yes("/ncsi.txt")[2] == b"Microsoft NCSI"
    assert probes.yes("/success.txt")[2] == b"success\n"
    assert b"<TITLE>Success</TITLE>" in probes.yes("/hotspot-detect.html")[2]
    assert b"<BODY>Success</BODY>" in probes.yes("/")[2]
