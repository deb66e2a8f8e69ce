# SPDX-License-Identifier: MIT
"""The set-up mode on the virtual board: how it begins and ends, what a phone may do, and what comes of it."""

import json
import time
from pathlib import Path

import pytest

import setup_board
from host_tools.simulate.site import Site
from rig import Line

SECRET = "secret-password"
OWNERS = {
    "http": {"host": "0.0.0.0"},
    "wifi": {"ssid": "Home", "password": SECRET},
    "devices": [{"category": "energy_meters", "fixed": {"grid_power_w": -1500}}],
}
DEVICES = [
    {
        "category": "energy_meters",
        "profile": "eastron-sdm630",
        "unit": 1,
        "info": {"name": "Netz"},
    },
    {"category": "inverters", "profile": "deye-3p-hybrid", "unit": 2, "battery_connected": True},
]
# RFC 1035: connectivitycheck.gstatic.com, A and AAAA.
QUERY = b"\xab\xcd\x01\0\0\1\0\0\0\0\0\0\x11connectivitycheck\x07gstatic\x03com\0\0%c\0\1"
# As Android, iOS, Windows and Firefox send them (host, path, what means internet to them).
PROBES = (
    ("connectivitycheck.gstatic.com", "/generate_204", 204, b""),
    ("captive.apple.com", "/hotspot-detect.html", 200, b"<BODY>Success</BODY>"),
    ("www.msftconnecttest.com", "/connecttest.txt", 200, b"Microsoft Connect Test"),
    ("detectportal.firefox.com", "/success.txt", 200, b"success\n"),
    ("detectportal.firefox.com:80", "/canonical.html", 200, b"captive-portal"),
)


@pytest.fixture
def line():
    made = Line()
    yield made
    made.close()


def hexed(text):
    return text.encode().hex()


def test_dialogue_from_a_fresh_board_to_what_the_charger_gets(tmp_path):
    """With the memory of a chip as it is sold, on the 32-bit interpreter."""
    settings = {"wifi": {"ssid": "Home"}, "devices": DEVICES}
    options = ("--interpreter", "32", "--chip", "esp32-stock")
    with Site(settings, hour=12.25) as site:
        site.freeze()
        expected = site.expected()["device_values"]["energy_meters"]["0"]["grid_power_w"]
        with setup_board.running(tmp_path, site.bridge_tty, *options) as phone:
            state = phone.wait_for_page()
            phone.wait_for_line(f"set-up: network {setup_board.NAME}, {setup_board.PAGE}")
            assert (state["name"], state["chip"]) == (setup_board.NAME, "esp32")
            assert {one["name"] for one in state["boards"]} >= {
                "esp32-devkit-max3485",
                "lilygo-t-can485",
            }
            assert not any("c3" in one["name"] for one in state["boards"])
            assert [(one["ssid"], one["rssi_dbm"]) for one in state["ssids"]] == [
                ("Home", -61),
                ("Müller & Söhne", -70),
                ("Guests", -80),
            ]
            assert state["ssids"][2]["is_open"] and not state["has_password"]
            names = {one["name"]: one for one in phone.get("/profiles.json").json}
            assert names["eastron-sdm630"]["title"] == "Eastron SDM630" and len(names) > 130

            assert phone.post("/search", {"whole": False}).status == 200
            phone.until(lambda s: s["task"] and s["task"]["total"] > 1, "progress is told")
            state = phone.idle(150)
            assert state["line"] == {
                "state": "found", "baudrate": 9600, "parity": "none", "stopbits": 1,
            }  # fmt: skip
            units = {one["unit"]: one for one in state["units"]}
            assert list(units) == [1, 2]
            assert units[1]["models"] == ["eastron-sdm630"]
            assert "deye-3p-hybrid" in units[2]["models"]
            assert "energy_meters" in units[1]["roles"]

            answer = phone.post("/config", {"config": {"devices": DEVICES}})
            assert "wifi" in answer.json["problem"]
            phone.post("/read", {})
            state = phone.until(
                lambda s: len(s["values"]) == 2 and s["values"][0]["power_w"] is not None, "values"
            )
            assert abs(state["values"][0]["power_w"] - expected) <= 1
            assert 200 < state["values"][0]["voltage_v"] < 260
            assert 49 < state["values"][0]["frequency_hz"] < 51
            turned = [DEVICES[0] | {"invert": True}, DEVICES[1]]
            phone.post("/config", {"config": {"devices": turned}})
            phone.until(
                lambda s: s["values"] and abs((s["values"][0]["power_w"] or 0) + expected) <= 1,
                "the sign is turned, and reading goes on",
            )
            phone.post("/config", {"config": {"devices": DEVICES}})

            phone.post("/wifi", {"ssid_hex": hexed("Home"), "password": "wrong-password"})
            assert phone.idle()["wifi"]["state"] == "wrong_password"
            assert phone.post("/start", {}).status == 409
            phone.post("/wifi", {"ssid_hex": hexed("Home"), "password": "secret-password"})
            state = phone.idle()
            assert state["wifi"] == {"state": "good", "address": "127.0.0.1", "rssi_dbm": -61}
            assert state["has_password"] and "secret-password" not in json.dumps(state)
            assert state["problem"] is None and not state["is_saved"]
            assert phone.post("/save", {}).json == {"problem": None}
            assert phone.state()["is_saved"]
            saved = json.loads(Path(phone.flash(), "config.json").read_text())
            assert saved == {
                "wifi": {"ssid": "Home", "password": "secret-password"}, "devices": DEVICES,
            }  # fmt: skip
            assert phone.get("/x", "captive.apple.com").status == 302
            assert phone.get("/done").status == 200
            for host, path, status, body in PROBES:
                found = phone.get(path, host)
                assert found.status == status and body in found.body
            assert phone.post("/start", {}).status == 200
            phone.put("phones", "")
            phone.wait_for_line("serving http://127.0.0.1:80/")
            values = until_values(phone)
            grid = values["device_values"]["energy_meters"]["0"]["grid_power_w"]
            assert abs(grid - expected) <= 1
            assert not any(
                "secret-password" in text or setup_board.KEY in text for text in phone.lines
            )


def until_values(phone, limit_s=30):
    until_s = time.monotonic() + limit_s
    while True:
        try:
            found = phone.get("/api/v1/values.json")
            if found.status == 200:
                return found.json
        except OSError:
            pass
        assert time.monotonic() < until_s, phone.lines
        time.sleep(0.2)


def test_portal_refusals_and_wifi(tmp_path, line):
    with setup_board.running(tmp_path, line.name) as phone:
        phone.wait_for_page()
        for host, path, _, _ in PROBES:
            found = phone.get(path, host)
            assert found.status == 302 and found.headers["location"] == setup_board.PAGE
        answer = phone.resolve(QUERY % 1)
        assert answer[:2] == b"\xab\xcd" and answer.endswith(bytes((198, 18, 0, 1)))
        assert phone.resolve(QUERY % 28)[6:8] == b"\0\0"
        assert phone.get("/").status == 200 and phone.get("/nothing").status == 404

        body = {"config": {"devices": []}}
        for fields in ({"X_Token": "0" * 32}, {"X_Token": ""}, {"Content_Type": "text/plain"}):
            refused = phone.post("/config", body, **fields)
            assert refused.status == 403 and refused.json["error"]
        assert phone.state()["config"] == {}
        assert phone.raw(b"PUT /config HTTP/1.1\r\nHost: 198.18.0.1\r\n\r\n").status == 405
        assert phone.post("/nothing", {}).status == 404
        assert phone.post("/config", {"config": 1}).status == 400
        assert phone.post("/config", {"config": {"x": "y" * 9000}}).status == 413
        assert phone.post("/wifi", {"ssid_hex": "ff", "password": ""}).status == 400
        assert phone.post("/wifi", {"ssid_hex": "41", "password": "short"}).status == 400

        for ssid, password, air, wanted in (
            ("Nobody", "", "o", "not_found"),
            ("Home", "secret-password", "n", "no_address"),
            ("Guests", "", "s", "same_network"),
            ("Attic", "hidden-password", "o", "good"),
            ("Müller & Söhne", "& % + \" '", "o", "good"),
        ):
            phone.put("wifi", air)
            assert (
                phone.post("/wifi", {"ssid_hex": hexed(ssid), "password": password}).status == 200
            )
            state = phone.idle()
            assert state["wifi"]["state"] == wanted, ssid
        assert state["config"]["wifi"] == {"ssid": "Müller & Söhne"} and state["has_password"]
        assert state["left_s"] > 800
        assert phone.post("/search", {}).status == 200
        phone.until(lambda s: s["task"] and s["task"]["now"]["unit"] > 1, "it searches")
        assert phone.post("/stop", {}).status == 200
        assert phone.idle()["line"]["state"] == "unknown"


def pressed(phone, span_s):
    phone.put("pin0", "0")
    time.sleep(span_s)
    phone.put("pin0", "1")


def test_button_begins_and_ends_it_and_the_factory_reset_leaves_the_key(tmp_path, line):
    with setup_board.running(tmp_path, line.name, config=OWNERS) as phone:
        phone.wait_for_line("serving")
        for request in ("GET /state.json", "POST /config", "GET /generate_204"):
            found = phone.raw(f"{request} HTTP/1.1\r\nHost: 198.18.0.1\r\n\r\n".encode())
            assert found.status in (404, 500), "the bridge has no such route"
        midnight = Path(phone.folder, "nvs-midnight")
        midnight.write_text("{}")
        pressed(phone, 5.6)
        phone.wait_for_line("set-up: network")
        state = phone.wait_for_page()
        assert state["config"] == OWNERS | {"wifi": {"ssid": "Home"}} and state["has_password"]
        assert list(state["config"]) == list(OWNERS)
        pressed(phone, 5.6)
        phone.wait_for_line("serving", count=2)
        assert until_values(phone)["device_values"]["energy_meters"]["0"]["grid_power_w"] == -1500

        pressed(phone, 15.8)
        phone.wait_for_line("not confirmed, nothing was removed")
        phone.wait_for_line("serving", count=3)
        pressed(phone, 15.8)
        time.sleep(1)
        pressed(phone, 0.8)
        phone.wait_for_line("factory reset", count=2)
        phone.wait_for_line("set-up: network", count=2)
        state = phone.wait_for_page()
        assert state["config"] == {} and not state["has_password"]
        flash = phone.flash()
        left = {path.name for path in flash.iterdir()} | {
            path.name for path in Path(flash, "firmware").iterdir()
        }
        assert not left & {"config.json", "config.good.json", "plan.json", "profiles"}
        assert json.loads(Path(phone.folder, "nvs-setup").read_text())["key"]
        assert not any(SECRET in text for text in phone.lines)


def test_board_without_a_key_opens_no_network(tmp_path, line):
    with setup_board.running(tmp_path, line.name, key=None) as phone:
        phone.wait_for_line("make setup PORT=... lets a phone make one")
        phone.wait_for_line("config.json: no such file")
        assert not any("set-up: network" in text for text in phone.lines)


def test_access_point_that_takes_settings_only_while_active(tmp_path, line):
    Path(tmp_path, "state").mkdir()
    Path(tmp_path, "state", "ap").write_text("s")
    with setup_board.running(tmp_path, line.name) as phone:
        assert phone.wait_for_page()["name"] == setup_board.NAME
