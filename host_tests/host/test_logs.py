# SPDX-License-Identifier: MIT
"""make logs: the console of a serial port, or /log over HTTP."""

import http.server
import os
import threading

import pytest

from host_tools.owner import logs


class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        found = self.path == "/log"
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(b"1 I serving\n" if found else b"")

    def log_message(self, *_):
        pass


@pytest.fixture
def address():
    with http.server.HTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.mark.parametrize(
    ("before", "text", "new"),
    [
        ("", "a\nb\n", "a\nb\n"),
        ("a\nb\n", "a\nb\n", ""),
        ("a\nb\n", "a\nb\nc\n", "c\n"),
        ("a\nb\nc\n", "b\nc\nd\n", "d\n"),
        ("a\nb\n", "x\ny\n", "x\ny\n"),
        ("aa\na\n", "a\nb\n", "b\n"),
    ],
)
def test_only_what_was_added_is_shown(before, text, new):
    assert logs.added(before, text) == new


def test_log_is_read_over_http(address, capsys):
    assert logs.main(["--port", address, "--once"]) == 0
    assert capsys.readouterr().out == "1 I serving\n"


def test_log_does_not_go_through_a_proxy(address, capsys, monkeypatch):
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")  # nobody is there
    assert logs.main(["--port", address, "--once"]) == 0
    assert capsys.readouterr().out == "1 I serving\n"


def test_console_is_followed_and_nothing_is_sent_to_it(capsys, monkeypatch):
    monkeypatch.setattr(logs, "_LOOK_S", 0.3)
    board, port = os.openpty()
    # What came before the port was opened is lost.
    threading.Timer(0.1, os.write, (board, b"2 W unit 3 is silent\r\n")).start()
    assert logs.main(["--port", os.ttyname(port), "--once"]) == 0
    assert capsys.readouterr().out == "2 W unit 3 is silent\n"
    os.set_blocking(board, False)
    with pytest.raises(BlockingIOError):
        os.read(board, 1)


@pytest.mark.parametrize("port", ["/dev/no-such-port", "http://127.0.0.1:1/", "bogus://x"])
def test_port_that_is_not_there_is_one_sentence(port, capsys):
    assert logs.main(["--port", port, "--once"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("logs: ") and said.count("\n") == 1 and "Traceback" not in said
