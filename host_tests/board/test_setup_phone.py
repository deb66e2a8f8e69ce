# SPDX-License-Identifier: MIT
"""A phone at the virtual board's access point: Chromium walks the set-up page's whole dialogue, with the simulated site on the line, and
in the end the bridge serves the charger the site's truth.
"""

import contextlib
import json
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

import browser
from bridge import ROOT
from host_tools.simulate.free_port import free_port
from host_tools.simulate.site import Site
from host_tools.simulate.site.faults import Fault
from test_setup_page import WORDS

KEY = b"a key of its own"
AIR = [
    {"ssid": "Müllers Höhle", "password": "& % + \" ' ü", "rssi": -61},
    {"ssid": "Garden", "rssi": -70, "channel": 1},
    {"hex": "ff00", "password": "correct horse", "rssi": -72},
    {"ssid": "Hidden Net", "password": "correct horse", "hidden": True},
]
# What hangs on the line: a meter that is mounted the wrong way round, and a hybrid.
METER = {"category": "energy_meters", "profile": "eastron-sdm630", "unit": 1, "invert": True}
INVERTER = {"category": "inverters", "profile": "deye-3p-hybrid", "unit": 2, "battery_connected": True}  # fmt: skip
BATTERY = {"category": "batteries", "profile": "deye-3p-hybrid", "unit": 2}
HOUSE = {"wifi": {"ssid": "Home"}, "devices": [METER, INVERTER, BATTERY]}
_LIMIT_S = 240


@pytest.fixture(autouse=True, scope="module")
def chromium():
    browser.needed()


class Fresh:
    """A board that has never had a config, on this PC's port."""

    def __init__(self, process, address, state):
        self._process = process
        self.address = address
        self.state = state
        self.console = []

    def read(self):
        for line in self._process.stdout:
            self.console.append(line.rstrip("\n"))

    def get(self, path, limit_s):
        """The JSON at this path, as soon as the board answers with 200."""
        until_s = time.monotonic() + limit_s
        while True:
            try:
                with urllib.request.urlopen(self.address + path, timeout=5) as answer:
                    return json.load(answer)
            except (OSError, ValueError):
                assert time.monotonic() < until_s, "\n".join(self.console)
                time.sleep(0.3)

    def leave(self):
        """The phone goes out of the access point."""
        Path(self.state, "phones").write_text(" ")


@contextlib.contextmanager
def fresh(folder, tty, *options):
    state = Path(folder, "state")
    state.mkdir()
    (state / "nvs-setup").write_text(json.dumps({"key": KEY.hex()}))
    (state / "air").write_text(json.dumps(AIR))
    (state / "phones").write_text("1")
    port = free_port()
    given = ["--config", Path(folder, "none.json"), "--uart", tty, "--state", state]
    given += ["--ports", f"80:{port},53:{free_port()}", *options]
    process = subprocess.Popen(
        [sys.executable, "-m", "host_tools.virtual_board", *map(str, given)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    watchdog = threading.Timer(_LIMIT_S, process.kill)
    watchdog.start()
    board = Fresh(process, f"http://127.0.0.1:{port}/", state)
    reader = threading.Thread(target=board.read, daemon=True)
    reader.start()
    try:
        board.get("state.json", 60)
        yield board
    finally:
        process.terminate()
        process.wait()
        watchdog.cancel()
        reader.join()


def test_from_a_fresh_board_to_a_bridge_that_tells_the_truth(tmp_path):
    """In German; the meter is mounted the wrong way round, the password is wrong at first, and the phone closes the page twice."""
    w = WORDS["de"]
    with Site(HOUSE, hour=10.2) as site:
        site.freeze()
        truth = site.truth()
        assert truth.grid_w < -1000 and truth.battery_w < -1000  # to the grid, and charging
        with fresh(tmp_path, site.bridge_tty) as board:
            seen = browser.walk(board.address, [
                ["see", w["start"]], ["axe", "start"], ["press", w["next"] + w["line"]], ["press", w["search"]], ["see", w["searching"]],
                ["see", "Eastron SDM630"], ["gone", w["searching"]], ["look", "line"], ["press", w["next"] + w["devices"]],
                ["see", "Adresse 1: "], ["choose_model", "Eastron SDM630"], ["see", "Adresse 1: Eastron SDM630"], ["look", "found"],
                ["choose_model", "Deye 3-phase hybrid LV"], ["tick", w["grid"]], ["tick", w["solar"], 1], ["tick", w["battery"], 1], ["look", "devices"],
                ["press", w["next"] + w["direction"]], ["see", "1,5\u202fkW Netzbezug."], ["enabled", w["reversed"]], ["press", w["reversed"]],
                ["see", "1,5\u202fkW Einspeisung."], ["enabled", w["right"]], ["look", "direction"], ["press", w["right"]], ["rest", 1500],
                ["goto", "?again"], ["see", "Netz ✓"],
                ["open", "wifi"], ["tick", "Müllers Höhle"], ["fill", w["password"], "wrong password"], ["press", w["test"]], ["see", w["wrong"]],
                ["fill", w["password"], AIR[0]["password"]], ["press", w["test"]], ["see", "ist verbunden, Adresse"], ["look", "wifi"],
                ["goto", "?again"], ["see", "Welches WLAN"], ["press", w["test"]], ["see", w["testing"]], ["see", "ist verbunden, Adresse"],
                ["open", "done"], ["press", w["save"]], ["at", "/done"], ["see", w["saved"]], ["rest", 1500], ["axe", "saved"],
            ], width=360, limit_ms=90000, locale="de-DE", shots=str(browser.SHOTS / "phone-de"))  # fmt: skip
            board.leave()
            values = board.get("api/v1/values.json", 60)["device_values"]
    assert seen["said"] == []
    check(values, truth)


def test_a_silent_line_a_hidden_network_and_a_phone_that_goes_away(tmp_path):
    """In English; all goes by hand, and the phone is out of reach for a while."""
    w = WORDS["en"]
    with Site(HOUSE, hour=10.2) as site:
        site.freeze()
        truth = site.truth()
        for unit in (1, 2):
            site.fault(unit, Fault("silent"))
        with fresh(tmp_path, site.bridge_tty) as board:
            healer = threading.Thread(target=heal, args=(board, site))
            healer.start()
            seen = browser.walk(board.address, [
                ["see", w["start"]], ["press", w["next"] + w["line"]], ["press", w["search"]], ["see", w["searching"]], ["cut"],
                ["see", "No answer from the bridge; trying again. Is the phone still in the Wi-Fi “NRGkick-Bridge-0001”?"], ["join"],
                ["gone", "No answer from the bridge"], ["see", "No device answers."], ["look", "silent"], ["press", w["later"] + w["devices"]],
                *by_hand(w, 1, "sdm630", "Eastron SDM630", [w["grid"]]),
                *by_hand(w, 2, "deye hybrid lv", "Deye 3-phase hybrid LV", [w["solar"], w["battery"]]),
                ["rest", 1500], ["goto", "#direction"], ["see", "1.5\u202fkW from the grid."], ["enabled", w["reversed"]], ["press", w["reversed"]],
                ["see", "1.5\u202fkW to the grid."], ["enabled", w["right"]], ["press", w["right"]], ["see", "Now: charging, 2.5\u202fkW."],
                ["open", "wifi"], ["tick", "hidden Wi-Fi"], ["fill", "Name", "Hidden Nest"], ["fill", w["password"], "correct horse"], ["press", w["test"]],
                ["see", "“Hidden Nest” not found."], ["fill", "Name", "Hidden Net"], ["press", w["test"]], ["see", "is connected, address"],
                ["open", "done"], ["press", w["save"]], ["at", "/done"], ["see", w["saved"]], ["rest", 1500],
            ], width=360, limit_ms=120000, locale="en-US", shots=str(browser.SHOTS / "phone-en"))  # fmt: skip
            healer.join()
            board.leave()
            values = board.get("api/v1/values.json", 60)["device_values"]
    assert seen["said"] == []
    check(values, truth)


def heal(board, site):
    """Both devices answer as soon as the search is over."""
    while board.get("state.json", 60)["line"]["state"] != "silent":
        time.sleep(1)
    for unit in (1, 2):
        site.fault(unit, None)


def by_hand(w, unit, query, title, roles):
    """The steps that enter one device. Its roles are the last of their kind on the screen."""
    return [
        ["fill", "By hand: address (1–247)", str(unit)], ["press", "Add"], ["see", f"Address {unit}: ?"], ["fill", "Search a model", query],
        ["see", "Maker, model ("], ["pick", title], ["see", f"Address {unit}: {title}"], *(["tick", role, -1] for role in roles),
    ]  # fmt: skip


def check(values, truth):
    assert values["energy_meters"]["0"]["grid_power_w"] == pytest.approx(truth.grid_w, abs=2)
    assert values["batteries"]["0"]["bat_power_w"] == pytest.approx(truth.battery_w, abs=2)
    assert values["inverters"]["0"]["inv_power_ac_w"] == pytest.approx(truth.inverter_w, abs=2)
    assert values["inverters"]["0"]["battery_connected"] is True
