# SPDX-License-Identifier: MIT
"""Responses as pieces of bytes: each is asked for when the one before is on its way, so that none has to lie in memory whole."""

import json

_REASONS = {
    200: "OK",
    204: "No Content",
    302: "Found",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
}
_PLAIN = "Connection: close\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
JSON = "application/json; charset=utf-8"


def head(status, kind="", length=None, fields=""):
    """Bytes. length: None where it is not known; the end of the connection ends the body then."""
    text = "HTTP/1.1 %d %s\r\n%s%s" % (status, _REASONS[status], _PLAIN, fields)
    if kind:
        text += "Content-Type: %s\r\n" % kind
    if length is not None:
        text += "Content-Length: %d\r\n" % length
    return (text + "\r\n").encode()


def whole(status, kind, body, fields=""):
    return [head(status, kind, None if status == 204 else len(body), fields), body]


def of_json(value, status=200):
    return whole(status, JSON, json.dumps(value).encode())


def refusal(status, sentence=""):
    return of_json({"error": sentence or _REASONS[status]}, status)


def redirect(location):
    return whole(302, "text/plain", b"", "Location: %s\r\n" % location)


def streamed(kind, pieces, fields=""):
    """A body that is made while it is sent. pieces: an iterator of bytes."""
    yield head(200, kind, None, fields)
    yield from pieces
