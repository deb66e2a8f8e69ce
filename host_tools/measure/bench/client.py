# SPDX-License-Identifier: MIT
"""One HTTP client, one connection at a time, that costs as little as Python lets it."""

import socket
import time

REQUEST = (
    b"GET /api/v1/values.json HTTP/1.1\r\nHost: 192.168.1.50\r\n"
    b"User-Agent: ESP32 HTTP Client/1.0\r\nAccept: */*\r\n\r\n"
)


def ask(port, late_s=0.0, host="127.0.0.1"):
    """One request, sent `late_s` after the connection was made; return seconds from connect to the
    last byte.
    """
    begin = time.perf_counter()
    with _connect(host, port) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if late_s:
            time.sleep(late_s)
        sock.sendall(REQUEST)
        response = read(sock)
    took = time.perf_counter() - begin
    if not response.startswith(b"HTTP/1.") or response[9:12] != b"200":
        raise AssertionError(f"no response: {response[:80]!r}")
    return took


def _connect(host, port):
    """A server may say that it is ready a little before it listens."""
    for _ in range(100):
        try:
            return socket.create_connection((host, port), timeout=10)
        except ConnectionRefusedError:
            time.sleep(0.02)
    raise AssertionError(f"nobody listens on port {port}")


def read(sock):
    """Read one response: as long as Content-Length says, or until the server closes."""
    response = b""
    while True:
        part = sock.recv(65536)
        response += part
        header, end, body = response.partition(b"\r\n\r\n")
        if not part:
            return response
        if end and b"Content-Length:" in header:
            if len(body) >= int(header.split(b"Content-Length:")[1].split(b"\r\n")[0]):
                return response


def many(port, count, late_s=0.0):
    return [ask(port, late_s) for _ in range(count)]


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
