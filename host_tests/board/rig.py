# SPDX-License-Identifier: MIT
"""Runs small firmwares on the virtual board, for its tests."""

import contextlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 30
BOARD = {"chip": "esp32", "clamps": {"ct1": 36, "ct2": 39}}
CONFIG = {"wifi": {"ssid": "Home"}, "http": {"port": 80}, "devices": []}

# An HTTP server as the firmware's: its own poller in a loop that never rests.
SERVER = """
import json, select, socket

def serve():
    port = json.load(open("config.json"))["http"]["port"]
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(socket.getaddrinfo("127.0.0.1", port)[0][-1])
    listener.listen(4)
    poller = select.poll()
    poller.register(listener, select.POLLIN)
    while True:
        for _ in poller.ipoll(0):
            client = listener.accept()[0]
            client.recv(500)
            client.write(b"HTTP/1.1 200 OK\\r\\n\\r\\nhello")
            client.close()
"""
SERVE = "from server import serve\ndef main(root):\n    serve()\n"


class Line:
    """A pty pair: the board has the slave, the test plays the wire on the master."""

    def __init__(self):
        self.master, self._slave = os.openpty()
        self.name = os.ttyname(self._slave)

    def close(self):
        os.close(self.master)
        os.close(self._slave)


class Bench:
    """A folder with a firmware in it, and the virtual board to run it on."""

    def __init__(self, folder, device):
        self.device = device
        self.folder = folder
        for name in ("firmware", "lib", "boards"):
            Path(folder, name).mkdir()
        # Thinner than the project's, which write RTC memory of their own.
        Path(folder, "firmware", "boot.py").write_text("import gc\n")
        Path(folder, "firmware", "main.py").write_text("from firmware import app\napp.main('')\n")
        Path(folder, "boards", "test.json").write_text(json.dumps(BOARD))
        Path(folder, "lib", "server.py").write_text(SERVER)
        self.config = Path(folder, "config.json")
        self.config.write_text(json.dumps(CONFIG))

    def _command(self, app, options):
        Path(self.folder, "firmware", "app.py").write_text(app)
        given = ["--config", self.config, "--uart", self.device, "--root", self.folder, *options]
        return [sys.executable, "-m", "host_tools.virtual_board", *map(str, given)]

    def run(self, app, *options):
        """Run a firmware to its end: (exit status, what it printed, what was said on stderr)."""
        done = subprocess.run(
            self._command(app, options), cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S
        )
        return done.returncode, done.stdout, done.stderr

    def prints(self, statements, *options):
        """The lines that a main() of these statements prints before it returns."""
        status, out, err = self.run(main_of(statements), *options)
        assert status == 1 and "firmware ended" in err, out + err
        return out.splitlines()

    @contextlib.contextmanager
    def running(self, app, *options):
        """A firmware that runs on, as Running; ended by SIGTERM if it still does."""
        process = subprocess.Popen(
            self._command(app, options), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        watchdog = threading.Timer(LIMIT_S, process.kill)
        watchdog.start()
        try:
            yield Running(process)
        finally:
            process.terminate()
            process.communicate()
            watchdog.cancel()


class Running:
    """A virtual board at work. Its reads end after LIMIT_S at the latest, because it is killed then."""

    def __init__(self, process):
        self.process = process

    def line(self):
        return self.process.stdout.readline().decode().rstrip("\n")

    def line_that_starts(self, start):
        for text in iter(self.line, ""):
            if text.startswith(start):
                return text
        raise AssertionError(f"no line starts with {start!r}")

    def address(self):
        """The address that the ready line gives."""
        return self.line_that_starts("ready ").split()[1]

    def end(self, number):
        """Send a signal; return the exit status."""
        self.process.send_signal(number)
        return self.process.wait()


def main_of(statements):
    return "def main(root):\n    pass\n" + "".join(
        f"    {line}\n" for line in statements.splitlines()
    )
