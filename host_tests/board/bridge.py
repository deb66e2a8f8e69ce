# SPDX-License-Identifier: MIT
"""The real firmware on the virtual board, with the simulated site at the other end of the line."""

import contextlib
import gzip
import json
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WIFI = {"ssid": "Home", "password": "secret-password"}
_LIMIT_S = 90


class Answer:
    """What the server said: status, headers (lower-case names), body as parsed JSON or text."""

    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        body = response.read()
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        text = body.decode()
        is_json = text and self.headers.get("content-type") == "application/json"
        self.body = json.loads(text) if is_json else text


class Bridge:
    """A running virtual board."""

    def __init__(self, process):
        self._process = process
        self.console = []
        self.address = None

    def get(self, path="/api/v1/values.json", method="GET"):
        request = urllib.request.Request(self.address + path.lstrip("/"), method=method)
        try:
            with urllib.request.urlopen(request, timeout=5) as response:
                return Answer(response)
        except urllib.error.HTTPError as error:
            return Answer(error)

    def until(self, wanted, what, limit_s=15, path="/api/v1/values.json"):
        """Ask until wanted(answer) holds; the answer."""
        deadline_s = time.monotonic() + limit_s
        while True:
            answer = self.get(path)
            if wanted(answer):
                return answer
            text = f"not within {limit_s} s: {what}; last: {answer.status} {answer.body}"
            assert time.monotonic() < deadline_s, text + "\n" + "\n".join(self.console)
            time.sleep(0.1)

    def read_console(self):
        for line in self._process.stdout:
            self.console.append(line.rstrip("\n"))
            if line.startswith("ready "):
                self.address = line.split()[1]
                return
        raise AssertionError("the board ended: " + "\n".join(self.console))


def command(config_file, tty, *options):
    return [
        sys.executable, "-m", "host_tools.virtual_board",
        "--config", str(config_file), "--uart", tty, "--http-port", "0", *options,
    ]  # fmt: skip


@contextlib.contextmanager
def running(folder, config, tty, *options):
    """The bridge with this config on this tty; ended afterwards."""
    config_file = Path(folder, "config.json")
    config_file.write_text(json.dumps(config))
    process = subprocess.Popen(
        command(config_file, tty, *options),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    watchdog = threading.Timer(_LIMIT_S, process.kill)
    watchdog.start()
    bridge = Bridge(process)
    try:
        bridge.read_console()
        reader = threading.Thread(target=_drain, args=(process, bridge.console), daemon=True)
        reader.start()
        yield bridge
    finally:
        process.terminate()
        process.wait()
        watchdog.cancel()


def _drain(process, console):
    for line in process.stdout:
        console.append(line.rstrip("\n"))
