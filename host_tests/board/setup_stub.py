# SPDX-License-Identifier: MIT
"""A board in set-up mode as its page knows it: docs/formats/setup.md over HTTP, with a simulated site behind it, and as unkind as a board
can be: slow, one request at a time, connections that end without an answer, 409 while a task runs.
"""

import contextlib
import http.server
import json
import threading
import time
from pathlib import Path

from host_tools.owner import check
from planning import settings

BOARDS = [
    {"name": "esp32-devkit-max3485", "title": "ESP32 DevKit with a MAX3485 module", "clamps": ["ct1", "ct2", "ct3"]},
    {"name": "lilygo-t-can485", "title": "LILYGO T-CAN485", "clamps": []},
]  # fmt: skip
SDM630 = {"unit": 1, "certain": True, "models": ["eastron-sdm630"], "roles": ["energy_meters"]}
LOOK_ALIKE = {"unit": 2, "certain": False, "models": ["deye-3p-hybrid", "deye-3p-hybrid-hv"], "roles": []}  # fmt: skip
UNKNOWN = {"unit": 7, "certain": False, "models": [], "roles": []}
LINE = {"state": "found", "baudrate": 19200, "parity": "even", "stopbits": 1}
POWERS_W = {"energy_meters": 1234, "inverters": 3210, "batteries": -800, "smart_loads": 500}
# (SSID, password or None, strength, hidden)
NETWORKS = [
    ("Müllers Höhle", "& % + \" ' ü", -61, False),
    ("Garden", None, -83, False),
    ("Cellar <b>", "correct horse", -70, False),
    ("Hidden Net", "correct horse", -55, True),
]
_FILES = check.Files(Path("."))


def profiles():
    found = [(name, _FILES.profile(name)) for name in _FILES.names("profile")]
    return [
        {"name": name, "title": f"{p['vendor']} {p['model']}", "roles": sorted(p["roles"])}
        for name, p in found
    ]  # fmt: skip


class Board:
    """units: what a search finds; drops: every nth connection ends without an answer. results: what a test of a network gives, by its
    name, instead of what its password says. invert_truth: a factor of the power by category. notes: does it keep the page's notes?
    """

    def __init__(self, page, units=(SDM630, LOOK_ALIKE), config=None, line=LINE, boards=BOARDS, drops=0, delay_s=0.02, search_s=2.0, test_s=1.5, notes=True):  # fmt: skip
        self.page, self.found, self.at_end, self.boards = page, list(units), line, boards
        self.drops, self.delay_s, self.search_s, self.test_s = drops, delay_s, search_s, test_s
        self.results, self.keeps_notes = {}, notes
        self.stored = json.loads(json.dumps(config or {}))
        self.invert_truth = {}
        self.requests, self.bodies, self.saved, self.is_started = [], [], None, False
        self.lock = threading.Lock()
        self.start()

    def start(self):
        """As after a power cut: all is forgotten but what was saved."""
        self.token = f"{time.monotonic_ns():032x}"
        config = json.loads(json.dumps(self.saved or self.stored))
        self.password = config.get("wifi", {}).pop("password", None)
        self.config, self.notes, self.units = config, {}, []
        self.line = {"state": "unknown"}
        self.task = None
        self.wifi = {"state": "untested", "address": None, "rssi_dbm": None}
        self.is_done_shown = False

    # What the board tells.
    def state(self):
        self._advance()
        return {
            "token": self.token, "version": "0.1.0", "name": "NRGkick-Bridge-1A2B", "chip": "esp32", "boards": self.boards,
            "config": self.config, "has_password": bool(self.password), **({"notes": self.notes} if self.keeps_notes else {}),
            "ssids": [
                {"ssid_hex": name.encode().hex(), "ssid": name, "rssi_dbm": dbm, "is_open": password is None}
                for name, password, dbm, hidden in NETWORKS
                if not hidden
            ]
            + [{"ssid_hex": "ff00", "ssid": None, "rssi_dbm": -88, "is_open": False}],
            "task": self._told_task(), "line": self.line, "units": self.units, "values": self._values(), "wifi": self.wifi,
            "clamps": {name: {"current_ma": 1520, "noise_ma": 45} for name in self.boards[0]["clamps"]} if self._is("read") else {},
            "problem": self.problem(), "is_saved": self.saved is not None, "left_s": 840,
        }  # fmt: skip

    def problem(self):
        written = json.loads(json.dumps(self.config))
        if "wifi" in written and self.password:
            written["wifi"]["password"] = self.password
        try:
            settings.read(json.dumps(written), _FILES.load, _FILES.names)
        except settings.SettingsError as error:
            return f"config.json: {error}"
        return None

    def _is(self, kind):
        return bool(self.task) and self.task["kind"] == kind

    def _told_task(self):
        if not self.task:
            return None
        part = (time.monotonic() - self.task["begun_s"]) / self.search_s
        now = {"unit": 1 + int(part * 30)}
        if self._is("search"):
            now |= {"baudrate": 9600, "parity": "none", "stopbits": 1}
        return {"kind": self.task["kind"], "done": int(part * 120), "total": 120, "now": now}

    def _advance(self):
        if not self.task:
            return
        age_s = time.monotonic() - self.task["begun_s"]
        if self._is("search"):
            self.units = self.found[: int(len(self.found) * age_s / self.search_s)]
            if age_s > self.search_s:
                self.units, self.line = self.found, dict(self.at_end)
                self.task = {"kind": "recognise", "begun_s": time.monotonic()}
        elif self._is("recognise") and age_s > self.search_s / 4:
            self.task = None
        elif self._is("wifi") and age_s > self.test_s:
            self._judge(*self.task["wifi"])
            self.task = None

    def _judge(self, name, password):
        known = {one: secret for one, secret, _, _ in NETWORKS}
        dbm = next((dbm for one, _, dbm, _ in NETWORKS if one == name), None)
        good = "good" if known.get(name) == (password or None) else "wrong_password"
        state = self.results.get(name) or (good if name in known else "not_found")
        address = "192.168.1.57" if state == "good" else None
        self.wifi = {"state": state, "address": address, "rssi_dbm": dbm}
        if state == "good":
            self.config.setdefault("wifi", {})["ssid"] = name
            self.password = password

    def _values(self):
        if not self._is("read"):
            return []
        told = []
        for i, device in enumerate(self.config.get("devices", [])):
            if "profile" in device:
                known = any(unit["unit"] == device["unit"] for unit in self.found)
                sign = -1 if device.get("invert") else 1
                sign *= self.invert_truth.get(device["category"], 1)
                power_w = POWERS_W[device["category"]] * sign if known else None
                told.append({
                    "device": i, "power_w": power_w, "voltage_v": 230.1, "frequency_hz": 50.0,
                    "age_ms": 800 if known else None, "error": None if known else "silent",
                })  # fmt: skip
        return told

    # What the phone says: (status, answer).
    def post(self, path, body):
        self._advance()
        self.bodies.append((path, body))
        said = getattr(self, "_post_" + path.strip("/"), None)
        return said(body) if said else (404, {"error": "no such address"})

    def _begin(self, kind, **more):
        if self.task and self.task["kind"] not in ("read", kind):
            return 409, {"error": f"{self.task['kind']} is not done yet"}
        self.task = {"kind": kind, "begun_s": time.monotonic(), **more}
        return 200, {}

    def _post_config(self, body):
        config = body["config"]
        password = config.get("wifi", {}).pop("password", None)
        self.password = self.password if password is None else password
        self.config, self.notes = config, body.get("notes", {})
        return 200, {"problem": self.problem()}

    def _post_search(self, body):
        status = self._begin("search")
        if status[0] == 200:
            self.units, self.line = [], {"state": "unknown"}
        return status

    def _post_read(self, body):
        return self._begin("read")

    def _post_stop(self, body):
        self.task = None
        return 200, {}

    def _post_wifi(self, body):
        name = bytes.fromhex(body["ssid_hex"]).decode()
        if 0 < len(body.get("password", "").encode()) < 8:
            return 400, {"error": "a password has 8 to 64 bytes"}
        status = self._begin("wifi", wifi=(name, body.get("password", self.password)))
        if status[0] == 200:
            self.wifi = {"state": "testing", "address": None, "rssi_dbm": None}
        return status

    def _post_save(self, body):
        if not self.problem():
            self.saved = json.loads(json.dumps(self.config))
            if self.password:
                self.saved["wifi"]["password"] = self.password
        return 200, {"problem": self.problem()}

    def _post_start(self, body):
        if self.saved is None:
            return 409, {"error": "nothing is saved yet"}
        self.is_started = True
        return 200, {}


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def handle(self):
        with contextlib.suppress(ConnectionError):  # a phone that goes away
            super().handle()

    def do_GET(self):  # noqa: N802
        self._do(None)

    def do_POST(self):  # noqa: N802
        data = self.rfile.read(int(self.headers["Content-Length"]))
        assert len(data) <= 8192, "the board takes no more"
        self._do(json.loads(data))

    def _do(self, body):
        board, path = self.server.board, self.path.partition("?")[0]
        with board.lock:
            time.sleep(board.delay_s)
            board.requests.append((time.monotonic(), self.command, path))
            is_state = path not in ("/", "/done")
            if is_state and board.drops and len(board.requests) % board.drops == 0:
                self.close_connection = True
                return
            if not is_state:
                board.is_done_shown |= path == "/done"
                return self._answer(200, board.page, "text/html; charset=utf-8", "gzip")
            if body is None:
                told = {"/state.json": board.state, "/profiles.json": profiles}.get(path)
                status, answer = (200, told()) if told else (404, {"error": "no such address"})
            elif self.headers["X-Token"] != board.token or self.headers["Content-Type"] != "application/json":  # fmt: skip
                status, answer = 403, {"error": "the page is an old one"}
            else:
                status, answer = board.post(path, body)
            self._answer(status, json.dumps(answer).encode(), "application/json")

    def _answer(self, status, data, kind, encoding=""):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Connection", "close")
        if encoding:
            self.send_header("Content-Encoding", encoding)
        self.end_headers()
        self.wfile.write(data)


class Stub:
    """Serves a Board on this PC: `with Stub(board) as address`."""

    def __init__(self, board):
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.board = board
        self._server.daemon_threads = True

    def __enter__(self):
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
