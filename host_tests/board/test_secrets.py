# SPDX-License-Identifier: MIT
"""Whatever is asked: no answer, log or console line holds the Wi-Fi password, and nothing that is asked changes a file of the board."""

import hashlib
import itertools
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import bridge
from rig import Line

SECRET = "correct horse staple"
CONFIG = {
    "wifi": {"ssid": "Home", "password": SECRET},
    "devices": [{"category": "energy_meters", "fixed": {"grid_power_w": -1500}}],
}
PATHS = (
    "/", "/log", "/status.json", "/metrics", "/api/v1/values.json", "/api/v1/info.json", "/config.json", "/config.good.json",
    "/config.tmp", "/plan.json", "/../config.json", "//config.json", "/%2e%2e/config.json", "/a/plan.json", "/firmware/main.py",
    "/?config.json", "http://x/config.json", "file:///config.json", "*", "/" + "a" * 200,
)  # fmt: skip
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "MKCOL", "get")
OTHER = (
    b"\x16\x03\x01\x02\x00\x01\x00",
    b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    b"GET / HTTP/1.1\r\nCookie: " + b"x" * 5000 + b"\r\n\r\n",
    b"GET /config.json HTTP/2.0\r\n\r\n",
    b"\0" * 50,
)


@pytest.fixture
def board(tmp_path, monkeypatch):
    """(a running bridge, the folder of the files on it, its state folder)."""
    flashes, state = tmp_path / "tmp", tmp_path / "state"
    flashes.mkdir()
    state.mkdir()
    Path(state, "wifi").write_text("okay")
    monkeypatch.setenv("TMPDIR", str(flashes))
    line = Line()
    with bridge.running(tmp_path, CONFIG, line.name, "--state", state) as running:
        (files,) = flashes.glob("*/flash")
        yield running, files, state
    line.close()


def answered(address, request):
    """All bytes of the answer to some bytes."""
    place = urlsplit(address)
    with socket.create_connection((place.hostname, place.port), timeout=8) as client:
        client.sendall(request)
        found = b""
        try:
            while piece := client.recv(4096):
                found += piece
        except ConnectionResetError:
            pass  # bytes of ours that it did not want
    return found


def requests():
    for method, path in itertools.product(METHODS, PATHS):
        body = b"" if method in ("GET", "HEAD") else b'{"wifi": {"ssid": "Mine"}}'
        fields = f"Host: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        yield f"{method} {path} HTTP/1.1\r\n".encode() + fields + body
    yield from OTHER


def held(folder):
    """{path: digest} of all files."""
    return {
        path: hashlib.sha256(path.read_bytes()).digest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_no_answer_holds_the_password_and_none_changes_a_file(board):
    running, files, _ = board
    before = held(files)
    assert SECRET in (files / "config.json").read_text()
    answers = [answered(running.address, request) for request in requests()]
    assert sum(answer.startswith(b"HTTP/1.1 200 ") for answer in answers) >= 7
    for answer in [*answers, "\n".join(running.console).encode()]:
        assert b"horse" not in answer and b"staple" not in answer
    assert held(files) == before


@pytest.mark.parametrize("air", ["password", "down"])
def test_log_of_a_wifi_that_fails_does_not_hold_the_password(board, air):
    running, _, state = board
    running.until(lambda a: a.body["wifi"]["connected"] == 1, "Wi-Fi", path="/status.json")
    Path(state, "wifi").write_text("down")
    running.until(lambda a: a.body["wifi"]["connected"] == 0, "no Wi-Fi", path="/status.json")
    Path(state, "wifi").write_text(air)
    time.sleep(3)
    log = running.get("/log").body
    assert "Wi-Fi: lost the connection" in log
    for text in (log, "\n".join(running.console), str(running.get("/status.json").body)):
        assert "horse" not in text and "staple" not in text


def test_page_says_what_a_browser_may_do_with_it(board):
    running, _, _ = board
    fields = running.get("/").headers
    policy = dict(
        one.strip().partition(" ")[::2] for one in fields["content-security-policy"].split(";")
    )
    assert policy["frame-ancestors"] == "'none'" and policy["default-src"].startswith("'self'")
    assert fields["x-content-type-options"] == "nosniff"
