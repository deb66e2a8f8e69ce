# SPDX-License-Identifier: MIT
"""The set-up page in Chromium, against a board that is played (setup_stub.py). The pictures lie in build/page/ afterwards."""

import json
import threading
from pathlib import Path

import pytest

import browser
import setup_stub
from host_tools.build import page
from setup_stub import LOOK_ALIKE, SDM630, UNKNOWN, Board, Stub

METER = {"category": "energy_meters", "profile": "eastron-sdm630", "unit": 1}
# As an owner may have written it: with defaults spelled out, keys that the page does not know, and an order of its own.
CONFIG = {
    "board": "esp32-devkit-max3485",
    "wifi": {"hostname": "bridge-2", "ssid": "Cellar <b>", "password": "correct horse"},
    "http": {"port": 8080},
    "bus": {"poll_interval_ms": 500, "baudrate": 9600},
    "devices": [dict(METER, info={"serial": "123", "location": 1}, timeout_ms=300)],
    "freshness": {"limit_s": 7},
}
READY = dict(CONFIG, devices=[*CONFIG["devices"], {"category": "batteries", "profile": "deye-3p-hybrid", "unit": 2}])  # fmt: skip
SCREENS = ("start", "line", "devices", "direction", "clamps", "wifi", "done")


@pytest.fixture(autouse=True, scope="module")
def chromium():
    browser.needed()


@pytest.fixture(scope="module")
def built():
    return page.built(setup_stub.check.ROOT / page.SETUP_FOLDER)


def walked(board, *steps, **task):
    """What was seen; and the page has complained of nothing, and asked nobody else."""
    with Stub(board) as address:
        seen = browser.walk(address, [list(step) for step in steps], **task)
    assert seen["said"] == []
    assert all(url.startswith((address, "data:")) for url in seen["asked"])
    for name, look in seen["looks"].items():
        assert look["wide"] <= 0 and look.get("violations", []) == [], name
    return seen


def said(board, path):
    """The bodies that came to this path."""
    return [body for at, body in board.bodies if at == path]


def shots(name):
    browser.SHOTS.mkdir(parents=True, exist_ok=True)
    return str(browser.SHOTS / f"setup-{name}")


WORDS = {
    "de": dict(
        start="Dauert 3 Minuten", line="Leitung", devices="Geräte", direction="Richtung", clamps="Stromwandler", wifi="WLAN", done="Fertig",
        next="Weiter: ", later="Später; weiter: ", search="Suchen", searching="Suche Geräte an A/B", found="Gefunden: 19200 8E1, Geräte: 2",
        grid="Netz", solar="Solaranlage", battery="Batterie", load="Verbraucher", imports="Gerade: 1,2\u202fkW Netzbezug.",
        exports="Gerade: 1,2\u202fkW Einspeisung.", charges="Gerade: lädt mit 800\u202fW.", right="Stimmt", reversed="Umgekehrt",
        negative="negativ", model="Modell", name="Name (freiwillig)", password="Passwort", show="Passwort zeigen", test="Verbindung testen",
        testing="wird getestet", wrong="Das Passwort für „Müllers Höhle“ ist falsch.", good="„Müllers Höhle“ ist verbunden, Adresse 192.168.1.57.",
        save="Speichern und starten", app="manuelle Suche", saved="Gespeichert",
    ),
    "en": dict(
        start="Takes 3 minutes", line="Line", devices="Devices", direction="Direction", clamps="Clamps", wifi="Wi-Fi", done="Done",
        next="Next: ", later="Later; next: ", search="Search", searching="Looking for devices on A/B", found="Found: 19200 8E1, devices: 2",
        grid="Grid", solar="Solar", battery="Battery", load="Smart load", imports="Now: 1.2\u202fkW from the grid.",
        exports="Now: 1.2\u202fkW to the grid.", charges="Now: charging, 800\u202fW.", right="Right", reversed="Reversed",
        negative="consume −", model="Model", name="Name (optional)", password="Password", show="Show password", test="Test the connection",
        testing="Testing", wrong="The password for “Müllers Höhle” is wrong.", good="“Müllers Höhle” is connected, address 192.168.1.57.",
        save="Save and start", app="manual search", saved="Saved",
    ),
}  # fmt: skip


@pytest.mark.parametrize("lang, theme", [("de", "light"), ("en", "dark")])
def test_from_a_fresh_board_to_a_config_that_its_owner_could_have_written(built, lang, theme):
    """The whole dialogue with one hand, at a meter that is mounted the wrong way round and a hybrid that has a look-alike."""
    w = WORDS[lang]
    board = Board(built, drops=7)
    board.invert_truth = {"energy_meters": -1}
    seen = walked(
        board,
        ("see", w["start"]), ("axe", "start"), ("press", w["next"] + w["line"]),
        ("press", w["search"]), ("see", w["searching"]), ("axe", "searching"), ("see", w["found"]), ("axe", "line"),
        ("press", w["next"] + w["devices"]), ("see", "Adresse 1: Eastron SDM630 (erkannt)" if lang == "de" else "Address 1: Eastron SDM630 (recognised)"),
        ("press", "Deye 3-phase hybrid LV"), ("tick", w["grid"]), ("fill", w["name"], "Keller & <b>"),
        ("tick", w["solar"], 1), ("tick", w["battery"], 1), ("axe", "devices"),
        ("press", w["next"] + w["direction"]), ("see", w["exports"]), ("see", w["charges"]), ("axe", "direction"), ("enabled", w["reversed"]),
        ("press", w["reversed"]), ("see", w["imports"]), ("enabled", w["right"]), ("press", w["right"]), ("see", "Keller & <b> ✓"),
        ("press", w["later"] + w["clamps"]), ("choose", "ct1", w["load"]), ("choose", "ct2", w["load"]), ("choose", w["model"], "SCT-013-030"),
        ("see", "L1 ct1, L2 ct2"), ("see", "1.520\u202fmA" if lang == "de" else "1,520\u202fmA"), ("axe", "clamps"), ("press", w["next"] + w["wifi"]),
        ("tick", "Müllers Höhle"), ("tick", w["show"]), ("fill", w["password"], "wrong password"), ("press", w["test"]), ("see", w["testing"]),
        ("see", w["wrong"]), ("axe", "wifi"), ("fill", w["password"], "& % + \" ' ü"), ("press", w["test"]), ("see", w["good"]),
        ("press", w["next"] + w["done"]), ("see", "192.168.1.57"), ("axe", "done"), ("press", w["save"]), ("at", "/done"),
        ("see", w["saved"]), ("axe", "saved"), ("rest", 2500),
        locale={"de": "de-DE", "en": "en-US"}[lang], theme=theme, shots=shots(f"{lang}-{theme}"),
    )  # fmt: skip
    assert board.saved == {
        "devices": [
            dict(METER, info={"name": "Keller & <b>"}, invert=True),
            {"category": "inverters", "profile": "deye-3p-hybrid", "unit": 2, "battery_connected": True},
            {"category": "batteries", "profile": "deye-3p-hybrid", "unit": 2},
            {"category": "smart_loads", "clamp": ["ct1", "ct2"], "model": "SCT-013-030"},
        ],
        "bus": {"baudrate": 19200, "parity": "even"},
        "wifi": {"ssid": "Müllers Höhle", "password": "& % + \" ' ü"},
    }  # fmt: skip
    assert board.is_done_shown and board.is_started
    assert {look["lang"] for look in seen["looks"].values()} == {lang}
    assert all(look["checked"] > 15 for look in seen["looks"].values())
    assert (
        w["app"] in seen["looks"]["saved"]["text"] and "Port 80" in seen["looks"]["saved"]["text"]
    )
    assert said(board, "/wifi")[0]["ssid_hex"] == "Müllers Höhle".encode().hex()
    assert "<b>" in seen["looks"]["wifi"]["text"]


@pytest.mark.parametrize("lang, theme", [("de", "dark"), ("en", "light")])
def test_each_screen_can_be_opened_at_once_at_320_px(built, lang, theme):
    """And at letters of twice the size, which is what 200 % of 640 px are."""
    board = Board(built, config=READY, units=(SDM630, LOOK_ALIKE, UNKNOWN))
    board.units, board.line = board.found, setup_stub.LINE
    steps = [
        step for name in SCREENS
        for step in (("open", name), ("see", WORDS[lang][name]), ("rest", 300), ("look", name))
    ]  # fmt: skip
    view = {"path": "?lang=" + lang, "theme": theme}
    walked(board, *steps, width=320, shots=shots(f"320-{lang}-{theme}"), **view)
    walked(board, *steps, width=640, zoom=2, **view)
    assert board.saved is None


def test_of_a_config_that_is_there_only_what_is_changed_changes(built):
    board = Board(built, config=CONFIG)
    walked(
        board,
        ("see", "Dauert"), ("open", "devices"), ("see", "Eastron SDM630"), ("fill", "Name (freiwillig)", "Zähler"),
        ("open", "wifi"), ("see", "ist eingetragen, aber nicht getestet"), ("press", "Verbindung testen"), ("see", "ist verbunden"),
        ("open", "done"), ("press", "Speichern und starten"), ("see", "Gespeichert"), ("see", "Port 8080"),
    )  # fmt: skip
    expected = json.loads(json.dumps(CONFIG))
    expected["devices"][0]["info"]["name"] = "Zähler"
    assert board.saved == expected
    assert list(board.saved) == list(CONFIG) and list(board.saved["bus"]) == list(CONFIG["bus"])
    assert "password" not in said(board, "/wifi")[0]  # the board has it


def test_a_line_where_nobody_answers_is_told_and_all_goes_by_hand(built):
    board = Board(built, units=(), line={"state": "silent"})
    walked(
        board,
        ("see", "Dauert"), ("open", "line"), ("press", "Suchen"), ("see", "Kein Gerät antwortet."), ("axe", "silent"),
        ("choose", "Baudrate", "19200"), ("choose", "Parität", "gerade"), ("choose", "Stoppbits", "2"),
        ("choose", "Baudrate", "9600"), ("open", "devices"), ("see", "Noch kein Gerät"), ("fill", "Von Hand: Adresse (1–247)", "12"), ("press", "Hinzufügen"),
        ("fill", "Modell suchen", "gavazzi 540"), ("see", "Hersteller, Modell (1)"), ("axe", "search"),
        ("choose", "Hersteller, Modell (1)", "Carlo Gavazzi EM530/EM540"), ("see", "Adresse 12: Carlo Gavazzi EM530/EM540"), ("tick", "Netz"),
        ("press", "Anderes Modell"), ("choose", f"Hersteller, Modell ({len(setup_stub.profiles())})", "SunSpec Meter, floats"),
        ("see", "Adresse 12: SunSpec Meter"), ("open", "direction"), ("see", "Keine Antwort."), ("axe", "no-answer"),
    )  # fmt: skip
    assert board.config == {
        "bus": {"parity": "even", "stop_bits": 2},
        "devices": [{"category": "energy_meters", "profile": "sunspec-meter-float", "unit": 12}],
    }


def test_a_restless_line_and_a_refusal_are_told(built):
    board = Board(built, units=(), line={"state": "noise"}, search_s=5)
    walked(
        board,
        ("see", "Dauert"), ("open", "line"), ("press", "Suchen"), ("see", "Suche Geräte"), ("open", "wifi"), ("tick", "Garden"),
        ("press", "Verbindung testen"), ("see", "Die Brücke lehnt ab: search is not done yet"), ("axe", "refused"),
        ("open", "line"), ("see", "unruhig: A und B tauschen"), ("open", "wifi"), ("press", "Verbindung testen"), ("see", "ist verbunden"),
        ("see", "Schwacher Empfang"),
    )  # fmt: skip
    assert said(board, "/wifi")[-1] == {"ssid_hex": b"Garden".hex(), "password": ""}


REASONS = {
    "not_found": "nicht gefunden. Name prüfen; es geht nur 2,4 GHz.",
    "wrong_password": "Das Passwort für „Hidden Net“ ist falsch.",
    "no_address": "Der Router gibt keine Adresse",
    "same_network": "benutzt dieselben Adressen wie „NRGkick-Bridge-1A2B“",
    "failed": "keine Verbindung.",
}


def test_a_hidden_network_and_each_reason_why_it_fails(built):
    board = Board(built, test_s=0.3)
    steps = [("see", "Dauert"), ("open", "wifi"), ("tick", "verborgenes"), ("fill", "Name", "Hidden Net"), ("fill", "Passwort", "correct horse")]  # fmt: skip
    told = iter(REASONS)
    judge = board._judge

    def judged(name, password):
        board.results = {name: next(told, None)}
        judge(name, password)

    board._judge = judged
    for text in [*REASONS.values(), "„Hidden Net“ ist verbunden"]:
        steps += [("press", "Verbindung testen"), ("see", text)]
    walked(board, *steps)
    assert {body["ssid_hex"] for body in said(board, "/wifi")} == {b"Hidden Net".hex()}
    assert board.config["wifi"] == {"ssid": "Hidden Net"} and board.password == "correct horse"


def test_a_phone_that_goes_away_finds_its_answers_again_and_a_board_that_lost_them_is_told_them(
    built,
):
    board = Board(built)
    board.units, board.line = board.found, setup_stub.LINE
    first = walked(
        board,
        ("see", "Dauert"), ("open", "devices"), ("see", "Eastron SDM630"), ("tick", "Netz"), ("fill", "Name (freiwillig)", "Haus"), ("rest", 1500),
        ("cut",), ("see", "Keine Antwort von der Brücke; es wird weiter versucht. Ist das Handy noch im WLAN „NRGkick-Bridge-1A2B“?"), ("axe", "off"),
        ("tick", "Solaranlage"), ("join",), ("gone", "es wird weiter versucht"), ("rest", 1500),
        path="?lang=de", locale="en-US",
    )  # fmt: skip
    assert [d["category"] for d in board.config["devices"]] == ["energy_meters", "inverters"]
    assert "Haus" not in first["looks"]["off"]["text"]  # a field's content is no text
    # The sheet was closed and opens anew: the same screen and language, with what was said.
    walked(
        board,
        ("see", "Adresse 1: Eastron SDM630"),
        ("rest", 500),
        ("look", "again"),
        locale="en-US",
    )
    # The power fails as soon as the board knows of a battery.
    keep, timers = board._post_config, []

    def keep_and_fail(body):
        answer = keep(body)
        if "batteries" in json.dumps(body) and not timers:
            timers.append(threading.Timer(0.3, fail))
            timers[0].start()
        return answer

    def fail():
        with board.lock:
            board.start()

    board._post_config = keep_and_fail
    walked(board, ("see", "Adresse 1: Eastron"), ("tick", "Batterie"), ("rest", 4000), locale="en-US")  # fmt: skip
    timers[0].join()
    categories = [device["category"] for device in board.config["devices"]]
    assert categories == ["energy_meters", "inverters", "batteries"]


def test_the_board_is_asked_once_a_second_and_not_by_a_page_that_nobody_sees(built):
    board = Board(built)
    seen = walked(
        board,
        ("see", "Dauert"), ("rest", 5000), ("run", "performance.now()"), ("hide", True), ("rest", 3000), ("hide", False), ("rest", 1500),
    )  # fmt: skip
    times = [at for at, method, path in board.requests if path == "/state.json"]
    gaps = [later - sooner for sooner, later in zip(times, times[1:], strict=False)]
    assert 4 <= len(times) <= seen["ran"][0] / 1000 + 4
    assert min(gaps) > 0.9 and max(gaps) > 2.9, gaps


def test_a_direction_is_answered_only_after_it_was_watched_and_a_negative_house_is_told(built):
    board = Board(built, config=dict(READY, devices=[METER, {"category": "inverters", "profile": "deye-3p-hybrid", "unit": 2}]))  # fmt: skip
    board.invert_truth = {"energy_meters": -4}  # 4.9 kW to the grid at 3.2 kW of sun
    seen = walked(
        board,
        ("see", "Dauert"), ("open", "direction"), ("see", "Einspeisung"), ("see", "So wäre der Hausverbrauch negativ (−1,7\u202fkW)"),
        ("run", "[...document.querySelectorAll('button')].map(b => b.disabled)"), ("enabled", "Umgekehrt"), ("press", "Umgekehrt"),
        ("see", "Netzbezug"), ("gone", "So wäre"), ("run", "[...document.querySelectorAll('button')].map(b => b.disabled)"),
    )  # fmt: skip
    assert seen["ran"] == [[True] * 4, [True] * 4]
    assert board.config["devices"][0]["invert"] is True
    assert {path for path, _ in board.bodies} == {"/config", "/read"}


def test_it_goes_by_keyboard_and_a_new_screen_is_told(built):
    board = Board(built, boards=setup_stub.BOARDS[:1])
    seen = walked(
        board,
        ("see", "Dauert"), ("keys", 10), ("key", "Enter"), ("see", "Noch nicht gesucht"),
        ("run", "document.activeElement.textContent"), ("keys", 1), ("key", "Enter"), ("see", "Suche Geräte"),
    )  # fmt: skip
    first, heading, second = seen["ran"]
    assert [text for _, text, _ in first[:3]] == ["Deutsch", "English", "✓ Start"]
    assert first[9][1] == "Weiter: Leitung"
    assert all(outlined for *_, outlined in first + second)
    assert heading == "Leitung"


def test_the_other_language_is_one_press_away_and_keeps_the_screen(built):
    board = Board(built)
    seen = walked(board, ("see", "Dauert"), ("open", "wifi"), ("see", "Welches WLAN"), ("press", "English"), ("see", "Which Wi-Fi"), ("look", "wifi"))  # fmt: skip
    assert seen["looks"]["wifi"]["lang"] == "en"


def test_what_is_drawn_step_by_step_is_what_is_drawn_at_once(built):
    board = Board(built, notes=False)
    drawn = ("run", "document.querySelector('main').innerHTML")
    seen = walked(
        board,
        ("see", "Dauert"), ("open", "line"), ("press", "Suchen"), ("see", "Suche Geräte"), ("see", "Gefunden"), ("rest", 1200), drawn,
        ("open", "devices"), ("see", "Eastron SDM630"), ("tick", "Netz"), ("rest", 1200), drawn,
        ("goto", "?again#line"), ("see", "Gefunden"), ("rest", 2500), drawn, ("open", "devices"), ("see", "Eastron SDM630"), ("rest", 1200), drawn,
    )  # fmt: skip
    line, devices, line_again, devices_again = seen["ran"]
    assert line == line_again and devices == devices_again and "checked" in devices


def test_one_board_of_its_chip_is_chosen_by_itself(built):
    board = Board(built, boards=[{"name": "generic-esp32-c3", "title": "ESP32-C3", "clamps": []}])
    walked(board, ("see", "Dauert"), ("rest", 1500), ("look", "start"))
    assert board.config["board"] == "generic-esp32-c3"
    assert Path(setup_stub.check.ROOT, "boards/generic-esp32-c3.json").exists()
