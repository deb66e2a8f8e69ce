# SPDX-License-Identifier: MIT
"""A virtual board in its set-up mode, and a phone in its network."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from host_tools.simulate.free_port import free_port
from rig import ROOT

KEY = "test-key-1234"
NAME = "NRGkick-Bridge-0001"  # the end of the virtual board's MAC
PAGE = "http://198.18.0.1/"
NETWORKS = [
    {"ssid": "Home", "password": "secret-password", "rssi": -61, "channel": 11},
    {"ssid": "Home", "password": "secret-password", "rssi": -75, "channel": 1},
    {"ssid": "Müller & Söhne", "password": "& % + \" '", "rssi": -70},
    {"ssid": "Attic", "password": "hidden-password", "hidden": True, "rssi": -50},
    {"ssid": "Guests", "rssi": -80},
]
_LIMIT_S = 170


class Response:
    def __init__(self, data):
        head, _, self.body = data.partition(b"\r\n\r\n")
        first, *fields = head.decode().split("\r\n")
        self.status = int(first.split(" ")[1]) if first else 0
        self.headers = {f.partition(": ")[0].lower(): f.partition(": ")[2] for f in fields}

    @property
    def json(self):
        return json.loads(self.body)


class Phone:
    """Speaks to the board as a phone does. `lines`: what the board has printed."""

    def __init__(self, http_port, dns_port, state, lines):
        self.http_port = http_port
        self.dns_port = dns_port
        self.folder = state
        self.lines = lines
        self.token = ""

    def raw(self, request):
        with socket.create_connection(("127.0.0.1", self.http_port), timeout=20) as client:
            client.sendall(request)
            found = b""
            while piece := client.recv(4096):
                found += piece
            return Response(found)

    def get(self, path, host="198.18.0.1"):
        return self.raw(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())

    def post(self, path, body, **fields):
        given = {"X-Token": self.token, "Content-Type": "application/json"} | fields
        data = json.dumps(body, ensure_ascii=False).encode()
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in given.items())
        head = f"POST {path} HTTP/1.1\r\nHost: 198.18.0.1\r\n{lines}Content-Length: {len(data)}\r\n\r\n"
        return self.raw(head.encode() + data)

    def state(self):
        found = self.get("/state.json").json
        self.token = found["token"]
        return found

    def until(self, wanted, what, limit_s=60):
        """Ask once in a while; the state for which wanted(state) holds."""
        until_s = time.monotonic() + limit_s
        while not wanted(state := self.state()):
            assert time.monotonic() < until_s, f"not within {limit_s} s: {what}; {state}"
            time.sleep(0.2)
        return state

    def idle(self, limit_s=60):
        return self.until(lambda state: state["task"] is None, "the task is over", limit_s)

    def flash(self):
        """The folder that is the board's flash."""
        (found,) = self.folder.parent.glob("virtual-board-*/flash")
        return found

    def resolve(self, query):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(10)
            client.sendto(query, ("127.0.0.1", self.dns_port))
            return client.recv(512)

    def put(self, name, text):
        """Turn a knob of the virtual board."""
        Path(self.folder, name).write_text(text)

    def wait_for_line(self, words, limit_s=60, count=1):
        until_s = time.monotonic() + limit_s
        while sum(words in line for line in list(self.lines)) < count:
            assert time.monotonic() < until_s, "\n".join(self.lines)
            time.sleep(0.05)

    def wait_for_page(self, limit_s=60):
        until_s = time.monotonic() + limit_s
        while True:
            try:
                return self.state()
            except (OSError, ValueError, KeyError):
                assert time.monotonic() < until_s, "\n".join(self.lines)
                time.sleep(0.1)


@contextlib.contextmanager
def running(folder, tty, *options, config=None, key=KEY, networks=NETWORKS):
    """config: a dict, or None for a board without one; key: None for a board that has none."""
    state = Path(folder, "state")
    state.mkdir(exist_ok=True)
    if key:
        Path(state, "nvs-setup").write_text(json.dumps({"key": key.encode().hex()}))
    for name, text in (
        ("wifi", "o"),
        ("phones", "1"),
        ("pin0", "1"),
        ("air", json.dumps(networks)),
    ):
        Path(state, name).write_text(text)
    file = Path(folder, "config.json")
    if config:
        file.write_text(json.dumps(config))
    ports = free_port(), free_port()
    command = [
        sys.executable, "-m", "host_tools.virtual_board", "--config", str(file), "--uart", tty, "--state", str(state),
        "--ports", f"80:{ports[0]},53:{ports[1]}", "--restart", *options,
    ]  # fmt: skip
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines = []
    reader = threading.Thread(
        target=lambda: lines.extend(line.rstrip("\n") for line in process.stdout), daemon=True
    )
    reader.start()
    watchdog = threading.Timer(_LIMIT_S, process.kill)
    watchdog.start()
    try:
        yield Phone(*ports, state, lines)
    finally:
        process.terminate()
        process.wait()
        watchdog.cancel()
