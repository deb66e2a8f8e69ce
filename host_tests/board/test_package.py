"""mpremote mip install on a blank virtual board, from a web server that has the sources."""

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
from rig import ROOT


class Server(http.server.SimpleHTTPRequestHandler):
    """The sources; the package without its profiles, which only take time here."""

    def do_GET(self):
        if self.path != "/package.json":
            super().do_GET()
            return
        content = package.package()
        content["urls"] = [pair for pair in content["urls"] if "/profiles/" not in pair[0]]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(package.text(content).encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def url():
    handler = functools.partial(Server, directory=ROOT)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_package_installed_by_mip_serves_after_a_reset(url, tmp_path):
    port = free_port()
    fixed = {"category": "inverters", "fixed": {"inv_power_ac_w": 7}, "battery_connected": False}
    config = {"wifi": {"ssid": "Home"}, "http": {"port": port}, "devices": [fixed]}
    Path(tmp_path, "config.json").write_text(json.dumps(config))
    board = Flashed(tmp_path)
    try:
        board.mpremote("mip", "install", "--target", "/", url + "package.json")
        board.mpremote("fs", "cp", tmp_path / "config.json", ":config.json", "+", "reset")
        board.wait_for(lambda: answers(port))
        assert answers(port)["device_values"]["inverters"]["0"]["inv_power_ac_w"] == 7
    finally:
        board.close()


def answers(port):
    try:
        address = f"http://127.0.0.1:{port}/api/v1/values.json"
        with urllib.request.urlopen(address, timeout=2) as answer:
            return json.load(answer)
    except OSError:
        return None
