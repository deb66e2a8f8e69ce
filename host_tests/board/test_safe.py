# SPDX-License-Identifier: MIT
"""Safe mode on the virtual board: its reason, whole, to several clients at once, and Wi-Fi from whatever config can be read."""

import binascii
import json
import shutil
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from rig import ROOT, Bench, Line

SECRET = "correct horse battery"
CONFIG = {
    "wifi": {"ssid": "Home", "password": SECRET},
    "devices": [{"category": "energy_meters", "fixed": {"grid_power_w": -1500}}],
}
# The reason, 480 bytes of it, and where it ends.
REASON = "burnt " + "y" * 300 + " to the end"
FAILING = f"def built(*_):\n    raise ValueError({REASON!r})\n"
# Five starts have failed before this one, in RTC memory.
MAIN = """\
import machine
if machine.reset_cause() == 1:
    machine.RTC().memory(b"N\\5" + bytes(4) + b"ValueError: %s")
"""


@pytest.fixture
def bench(tmp_path):
    """All of the firmware, with a bridge that fails at once."""
    line = Line()
    made = Bench(tmp_path, line.name)
    for top in ("firmware", "lib", "boards"):
        shutil.copytree(
            ROOT / top, Path(tmp_path, top), dirs_exist_ok=True, ignore=lambda *_: ["profiles"]
        )
    boot = Path(tmp_path, "firmware", "boot.py")
    boot.write_text(MAIN % REASON + boot.read_text())
    made.config.write_text(json.dumps(CONFIG))
    yield made
    line.close()


def connected(address):
    place = urlsplit(address)
    return socket.create_connection((place.hostname, place.port), timeout=5)


def answered(client, request=b"GET / HTTP/1.1\r\n\r\n"):
    client.sendall(request)
    found = b""
    while piece := client.recv(4096):
        found += piece
    return found.decode()


def test_safe_mode_serves_its_reason_whole_to_several_clients(bench):
    with bench.running("\n", "--http-port", "0") as running:
        address = running.address()
        silent = [connected(address) for _ in range(3)]
        begin_s = time.monotonic()
        with connected(address) as client:
            page = answered(client)
        assert time.monotonic() - begin_s < 1.5
        assert page.startswith("HTTP/1.1 503 ") and f"ValueError: {REASON}\n" in page
        with connected(address) as client:
            big = b"GET / HTTP/1.1\r\nCookie: " + b"c" * 3000 + b"\r\n\r\n"
            assert answered(client, big) == page
        for client in silent:
            assert answered(client) == page
            client.close()
        running.process.terminate()
        assert SECRET not in page + running.process.stdout.read().decode()


def moved(config, to):
    """For boot.py: a board whose config.json lies only there, as after a first deploy that failed."""
    text = json.dumps(config)
    if to.endswith("good.json"):
        text += f"{binascii.crc32(text.encode()):08x}"
    lines = ["import os", f"text = {text!r}"]
    lines += [
        f"try: os.mkdir({folder!r})\nexcept OSError: pass"
        for folder in [to.rpartition("/")[0]]
        if folder
    ]
    lines += [f"with open({to!r}, 'w') as file: file.write(text)", "os.remove('/config.json')"]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("place", ["/a/config.json", "/b/config.json", "/config.good.json"])
def test_safe_mode_has_wifi_from_whatever_config_there_is(bench, place):
    boot = Path(bench.folder, "firmware", "boot.py")
    boot.write_text(moved(CONFIG, place) + boot.read_text())
    with bench.running("\n") as running:
        assert running.line_that_starts("Safe mode: ")
        assert running.line_that_starts(
            "http://127.0.0.1/"
        )  # which the station says once it is connected


def test_safe_mode_goes_by_the_next_config_where_the_good_one_is_damaged(bench):
    damaged = "with open('/config.good.json', 'w') as file: file.write('{\"wifi\": 1}')\n"
    boot = Path(bench.folder, "firmware", "boot.py")
    boot.write_text(damaged + boot.read_text())
    with bench.running("\n", "--http-port", "0") as running:
        with connected(running.address()) as client:
            assert "Safe mode" in answered(client)
