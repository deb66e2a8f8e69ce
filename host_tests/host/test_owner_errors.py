# SPDX-License-Identifier: MIT
"""What an owner may get wrong, tool by tool: one sentence that says what is wrong, no errno, no traceback."""

import contextlib
import fcntl
import http.server
import os
import re
import threading
import tty

import pytest

from host_tools.owner import calibrate, check, deploy, logs, read, scan
from host_tools.paths import ROOT

EXAMPLE = str(ROOT / "config.example.json")
SERIAL = {
    "deploy": lambda port: deploy.main(["--port", port, "--config", EXAMPLE]),
    "scan": lambda port: scan.main(["--port", port, "--unit", "1"]),
    "read": lambda port: read.main(["--port", port, "--unit", "1", "--profile", "eastron-sdm630"]),
}
BOTH = {
    "logs": lambda port: logs.main(["--port", port, "--once"]),
    "calibrate": lambda port: calibrate.main(
        ["--port", port, "--config", EXAMPLE, "--zero", "--yes"]
    ),
}
# Nobody has these names: RFC 6761; port 1 is closed.
PORTS = {
    "": "PORT is empty; ",
    "/dev/no-such-port": "/dev/no-such-port is not there; ",
    "COM77": "COM77 is not there; ",
    "{file}": "{file} is no serial port; ",
    "{folder}": "{folder} is no serial port; ",
    "/dev/null": "/dev/null is no serial port; ",
    "192.168.1.7": "as the address of a bridge it is http://192.168.1.7/",
    "bridge.local": "as the address of a bridge it is http://bridge.local/",
    "socket://": "socket://192.168.1.7:2323 would be a port",
    "socket://127.0.0.1:1": "socket://127.0.0.1:1: nobody listens there",
    "socket://no-host.invalid:5": "socket://no-host.invalid:5: there is no such host",
    "bogus://x": "bogus://x is no port; /dev/ttyUSB0, COM3 or socket://HOST:PORT would be one",
}
ADDRESSES = {
    "http://": "http:// names no host; http://192.168.1.7/ would be an address",
    "http://127.0.0.1:1/": "http://127.0.0.1:1/: nobody listens there",
    "http://no-host.invalid": "http://no-host.invalid: there is no such host",
}


def told(call, capsys):
    """The one line that it ends with, warnings about the config left out."""
    with contextlib.suppress(SystemExit):
        assert call() == 1
    both = capsys.readouterr()
    text = re.sub(r"warning: .*?(?=\n\w+: |\Z)", "", both.out + both.err, flags=re.DOTALL)
    assert "rrno" not in text and "Traceback" not in text
    lines = [line for line in text.splitlines() if line]
    assert len(lines) == 1, text
    return lines[0]


@pytest.fixture
def places(tmp_path):
    (tmp_path / "file").write_text("no port")
    return {"file": str(tmp_path / "file"), "folder": str(tmp_path)}


@pytest.mark.parametrize("tool", [*SERIAL, *BOTH])
@pytest.mark.parametrize("port", PORTS)
def test_a_port_that_cannot_be(tool, port, places, capsys):
    call = (SERIAL | BOTH)[tool]
    assert PORTS[port].format(**places) in told(lambda: call(port.format(**places)), capsys)


@pytest.mark.parametrize("tool", BOTH)
@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_where_no_bridge_is(tool, address, capsys):
    assert ADDRESSES[address] in told(lambda: BOTH[tool](address), capsys)


@pytest.mark.parametrize("tool", SERIAL)
def test_an_address_where_a_port_is_needed(tool, capsys):
    words = "http://192.168.1.7/ is an address in the network; a serial port is needed here: "
    assert words in told(lambda: SERIAL[tool]("http://192.168.1.7/"), capsys)


@pytest.mark.parametrize("tool", [*SERIAL, *BOTH])
def test_a_port_that_another_program_has(tool, capsys):
    board, port = os.openpty()
    fcntl.flock(port, fcntl.LOCK_EX | fcntl.LOCK_NB)
    name = os.ttyname(port)
    assert f"{name} is in use by another program; end that first" in told(
        lambda: (SERIAL | BOTH)[tool](name), capsys
    )
    os.close(board)
    os.close(port)


@pytest.mark.parametrize("tool", [*SERIAL, *BOTH])
def test_a_board_that_is_unplugged_in_the_middle(tool, capsys, monkeypatch):
    monkeypatch.setattr(logs, "_LOOK_S", 60)  # it would be through before
    board, port = os.openpty()
    name = os.ttyname(port)
    tty.setraw(port)
    os.close(port)
    threading.Timer(2, os.close, [board]).start()
    call = (SERIAL | BOTH)[tool]
    assert told(lambda: call(name), capsys).endswith(
        f": {name} is gone: was it unplugged, or does another program read from it?"
    )


class NoBridge(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/status.json" else 404)
        self.end_headers()
        self.wfile.write(b"<html>")

    def log_message(self, *_):
        pass


def test_a_server_that_is_no_bridge(capsys):
    with http.server.HTTPServer(("127.0.0.1", 0), NoBridge) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/"
        said = told(lambda: BOTH["logs"](address), capsys)
        assert said == f"logs: {address}log is answered with 404; is this a bridge?"
        said = told(lambda: BOTH["calibrate"](address), capsys)
        assert said == f"refused: {address} answers with no JSON at status.json; is this a bridge?"
        server.shutdown()


CONFIGS = {
    "check": lambda path: check.main([path]),
    "deploy": lambda path: deploy.main(["--port", "/dev/no-such-port", "--config", path]),
    "calibrate": lambda path: calibrate.main(
        ["--port", "http://127.0.0.1:1/", "--config", path, "--yes"]
    ),
}


@pytest.mark.parametrize("tool", CONFIGS)
def test_a_config_that_cannot_be_read(tool, places, capsys):
    for path, words in (
        ("/no/config.json", "No such file or directory; a readable config.json is needed"),
        (places["folder"], "Is a directory; a readable config.json is needed"),
        (places["file"], "not JSON: "),
    ):
        assert words in told(lambda path=path: CONFIGS[tool](path), capsys)


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: logs.main([]), "logs: the following arguments are required: --port"),
        (lambda: check.main([]), "check: the following arguments are required: config"),
        (lambda: deploy.main(["--port", "x", "--board"]), "deploy: argument --board: expected one argument"),
        (lambda: calibrate.main(["--port", "x", "--load", "much"]), "invalid float value: 'much'"),
    ],
)  # fmt: skip
def test_words_that_are_missing_or_wrong(call, words, capsys):
    assert words in told(call, capsys)


def test_nobody_to_ask(monkeypatch, capsys):
    def nobody(question):
        raise EOFError

    monkeypatch.setattr("builtins.input", nobody)
    words = ["--port", "http://127.0.0.1:1/", "--config", EXAMPLE, "--zero"]
    said = told(lambda: calibrate.main(words), capsys)
    assert said == "refused: there is nobody to ask; --yes asks nothing"
