# SPDX-License-Identifier: MIT
"""The mip package on a blank board with an ESP32's heap: installed by mpremote."""

import functools
import http.server
import json
import threading
import urllib.request
from pathlib import Path

import pytest

from flashed import Flashed
from host_tools.build import package
from host_tools.simulate.free_port import free_port
from rig import LIMIT_S

USED = "boards/esp32-devkit-max3485.json"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The package without the boards that the config does not name, which only take time here."""
    folder = tmp_path_factory.mktemp("package")
    package.write(folder)
    content = json.loads((folder / "package.json").read_text())
    content["urls"] = [
        pair for pair in content["urls"] if not pair[0].startswith("boards/") or pair[0] == USED
    ]
    (folder / "package.json").write_text(json.dumps(content))
    return folder


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def url(made):
    """Where a web server has it."""
    handler = functools.partial(Handler, directory=made)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/package.json"
        server.shutdown()


@pytest.fixture
def board(tmp_path):
    board = Flashed(tmp_path, "--interpreter", "32", "--chip", "esp32-stock")
    yield board
    board.close()


def test_bridge_installed_from_a_web_server_serves_within_the_heap_of_an_esp32(
    url, board, tmp_path
):
    port = free_port()
    fixed = {"category": "inverters", "fixed": {"inv_power_ac_w": 7}, "battery_connected": False}
    meter = {"category": "energy_meters", "profile": "eastron-sdm630", "unit": 1}
    config = {"wifi": {"ssid": "Home"}, "http": {"port": port}, "devices": [fixed, meter]}
    Path(tmp_path, "config.json").write_text(json.dumps(config))
    board.mpremote("mip", "install", "--target", "/", url, limit_s=4 * LIMIT_S)  # 80 files
    board.mpremote("fs", "cp", tmp_path / "config.json", ":config.json", "+", "reset")
    board.wait_for(lambda: info(port))
    assert set(info(port)["device_info"]) == {"inverters", "energy_meters"}


def test_package_is_installed_from_a_folder(made, board):
    few = json.loads((made / "package.json").read_text())
    few["urls"] = [pair for pair in few["urls"] if pair[0] in ("boot.py", "lib/ticks.mpy")]
    (made / "few.json").write_text(json.dumps(few))
    board.mpremote("mip", "install", "--target", "/", made / "few.json")
    told = board.mpremote(
        "exec", "import os; print(os.listdir('/'), os.stat('/lib/ticks.mpy')[6])"
    )
    assert "boot.py" in told and f" {(made / 'board/lib/ticks.mpy').stat().st_size}\n" in told


def info(port):
    try:
        address = f"http://127.0.0.1:{port}/api/v1/info.json"
        with urllib.request.urlopen(address, timeout=2) as answer:
            return json.load(answer)
    except OSError:
        return None
