# SPDX-License-Identifier: MIT
"""The page in a real browser."""

import json
import subprocess

import pytest

import bridge
from host_tests import needs
from host_tools.simulate.site import Site

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update --virtual-time-budget=3000 --dump-dom"
).split()
DEYE = bridge.ROOT / "lib" / "planning" / "profiles" / "deye-3p-hybrid.json"
METER = {"category": "energy_meters", "profile": "eastron-sdm630", "unit": 1}


def chromium():
    return needs.program("chromium", "google-chrome", "chrome", package="chromium")


@pytest.fixture(autouse=True)
def browser():
    """Asked for before a board is started."""
    chromium()


def seen(address, folder):
    """The page's text as HTML after its script has run."""
    command = [chromium(), *FLAGS, f"--user-data-dir={folder}/chromium", address]
    return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout


def test_the_page_shows_the_values_and_that_they_are_served(tmp_path):
    settings = {
        "wifi": bridge.WIFI,
        "devices": [dict(METER, info={"name": "Cellar <b>meter</b>"})],
    }
    with Site(settings, hour=12.5) as site:
        site.freeze()
        grid_w = round(site.expected()["device_values"]["energy_meters"]["0"]["grid_power_w"])
        with bridge.running(tmp_path, settings, site.bridge_tty) as board:
            board.until(lambda a: a.status == 200, "a reading")
            page = seen(board.address, tmp_path)
    assert "Serving the charger" in page
    assert f"{grid_w} W" in page
    assert "<b>meter</b>" not in page and "Cellar" in page


def test_the_page_tells_a_clamps_quality_beside_its_value(tmp_path):
    rod = {"category": "smart_loads", "clamp": "ct1", "amps_per_volt": 30}
    settings = {"wifi": bridge.WIFI, "devices": [METER, rod]}
    with (
        Site(settings, hour=12) as site,
        bridge.running(
            tmp_path, settings, site.bridge_tty, "--clamp=ct1=sine(amps_rms=5)"
        ) as board,
    ):
        board.until(lambda a: a.status == 200, "a reading", limit_s=30)
        page = seen(board.address, tmp_path)
    for words in ("apparent power", "error_w", "samples", "clipped_permille", "noise_ma"):
        assert words in page
    assert "rejected: clipped" in page and "offset_mv" in page


def test_the_page_repeats_what_a_profile_is_unsure_of_and_what_a_unit_says_against_it(tmp_path):
    inverter = {"category": "inverters", "profile": "deye-3p-hybrid", "unit": 2}
    third = dict(METER, unit=3, profile="chint-dtsu666")
    settings = {"wifi": bridge.WIFI, "devices": [METER, inverter, third]}
    # Unit 1 tells that it is another model, unit 3 lacks the registers.
    wrong = [
        dict(METER, profile="eastron-sdm72d-m-v2"),
        inverter,
        dict(third, profile="deye-3p-hybrid"),
    ]
    with (
        Site(settings, hour=12) as site,
        bridge.running(tmp_path, dict(settings, devices=wrong), site.bridge_tty) as board,
    ):
        status = board.until(
            lambda a: a.body["units"][0]["warning"] and a.body["units"][2]["exception"],
            "a warning and a refusal",
            path="/status.json",
        ).body
        page = seen(board.address, tmp_path)
    caveat = json.loads(DEYE.read_text("utf-8"))["caveat"]
    assert status["about"]["doubts"] == {"deye-3p-hybrid": caveat}
    assert f"<b>deye-3p-hybrid</b>: {caveat}" in page
    warning = "Unit 1: model number 112 where the profile expects 137."
    assert f'<p class="bad">{warning}</p>' in page
    assert "last good reply" in page and "exception 2" in page


def test_the_page_says_why_the_charger_gets_nothing(tmp_path):
    settings = {"wifi": bridge.WIFI, "devices": [dict(METER, unit=9)]}
    with (
        Site(dict(settings, devices=[METER])) as site,
        bridge.running(tmp_path, settings, site.bridge_tty) as board,
    ):
        page = seen(board.address, tmp_path)
    assert "The charger gets no values" in page
    assert "energy_meters 0" in page and "never read" in page
