# SPDX-License-Identifier: MIT
"""A small bridge to deploy: the project's boot.py and main.py around an application that tells its version over HTTP."""

import hashlib
import json
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

from host_tools.simulate.free_port import free_port
from rig import LIMIT_S, ROOT

APP = """\
import json
import select
import socket

def say(root):
    print("0 I version {name} in", root or "/", "- last end: ?")
    print("0 I serving http://127.0.0.1:{port}/")

def main(root):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(socket.getaddrinfo("127.0.0.1", {port})[0][-1])
    listener.listen(4)
    poller = select.poll()
    poller.register(listener, select.POLLIN)
    say(root)
    about = json.dumps({{"about": {{"slot": root, "last_end": "?", "version": "{name}"}}}}).encode()
    while True:
        while not poller.poll({again_ms}):
            say(root)
        client = listener.accept()[0]
        client.recv(500)
        client.write(b"HTTP/1.1 200 OK\\r\\n\\r\\n" + about)
        client.close()
"""


# What main.py wants of a slot: a store whose plan always fits, and a bridge.
STORE = 'class Store:\n    def __init__(self, root):\n        pass\n\n    def plan(self, failed):\n        return {"heap_bytes": 0}\n\n    def renames(self, plan):\n        pass\n'
RESERVE = "def grown(wanted_bytes):\n    pass\n"
BRIDGE = "from firmware import app\n\ndef built(root, memory, plan, reserve):\n    app.memory = memory\n    return app.main(root)\n"


def put_modes(folder):
    """The modes of a firmware that is firmware/app.py alone: its main(root), which may use `memory`."""
    modes = Path(folder, "firmware", "modes")
    modes.mkdir()
    for name, text in (
        ("__init__", ""),
        ("version", ""),
        ("store", STORE),
        ("heap_reserve", RESERVE),
        ("bridge", BRIDGE),
    ):
        Path(modes, f"{name}.py").write_text(text)


class Small:
    """The folder of its sources, and its config.json."""

    def __init__(self, folder):
        self.root = Path(folder, "source")
        self.config = Path(folder, "config.json")
        self.port = free_port()
        for name in ("firmware", "lib", "boards"):
            Path(self.root, name).mkdir(parents=True)
        self.copy_top()
        put_modes(self.root)
        Path(self.root, "lib", "same.json").write_text("[]")
        self.name("one")

    def name(self, name, again_ms=-1):
        """Make it another version, and its config another one too. again_ms: it says again and again that it serves."""
        self.app(APP.format(name=name, port=self.port, again_ms=again_ms))
        data = hashlib.shake_128(name.encode()).hexdigest(12000)
        Path(self.root, "lib", "data.json").write_text(json.dumps(data))
        config = {
            "wifi": {"ssid": name},
            "http": {"port": self.port},
            "devices": [
                {
                    "category": "inverters",
                    "fixed": {"inv_power_ac_w": 1},
                    "battery_connected": False,
                }
            ],
        }
        self.config.write_text(json.dumps(config))

    def copy_top(self):
        shutil.copy(ROOT / "firmware" / "boot.py", self.root / "firmware")
        main = Path(ROOT, "firmware", "main.py").read_text()
        assert main.count("5000") == 1  # ms between a crash and the reset
        Path(self.root, "firmware", "main.py").write_text(main.replace("5000", "700"))

    def app(self, text):
        Path(self.root, "firmware", "app.py").write_text(text)

    def deploy(self, port, *options, config=True):
        """(exit status, what it says). config: whether its config.json is given."""
        given = ["--port", port, "--root", self.root, *options]
        given += ["--config", self.config] if config else []
        command = [sys.executable, "-m", "host_tools.owner.deploy", *map(str, given)]
        done = subprocess.run(
            command,
            cwd=ROOT,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=2 * LIMIT_S,
        )
        return done.returncode, done.stdout

    def answers(self):
        """The version that runs, or None."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=2) as answer:
                return json.load(answer)["about"]["version"]
        except (OSError, ValueError):
            return None
