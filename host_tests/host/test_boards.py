# SPDX-License-Identifier: MIT
"""Boards as data: the rules hold for each, and each rule bites."""

import copy
import re

import pytest

from host_tools.build import board_drawing, boards
from host_tools.owner import firmware_files

KEYS = [
    "name",
    "chip",
    "psram",
    "firmware",
    "uart",
    "clamps",
    "led",
    "button",
    "on",
    "free",
    "wiring",
    "sources",
]


@pytest.mark.parametrize("name", boards.names())
def test_a_board_is_possible(name):
    assert boards.problems(boards.load(name)) == []


@pytest.mark.parametrize("name", boards.names())
def test_a_board_sets_no_strapping_trap(name):
    assert boards.warnings(boards.load(name)) == []


@pytest.mark.parametrize("name", boards.names())
def test_a_board_has_all_keys_and_no_others(name):
    board = boards.load(name)
    assert list(board) == KEYS
    assert list(board["uart"]) == ["id", "tx", "rx", "de"]
    assert board["led"] is None or board["led"]["active"] in ("high", "low", "ws2812")
    assert board["button"] is None or board["button"]["active"] in ("high", "low")
    assert all(len(clamp) <= 16 for clamp in board["clamps"])
    assert board["sources"]


@pytest.mark.parametrize("name", boards.names())
def test_page_and_drawing_are_those_of_the_data(name):
    board = boards.load(name)
    for path, text in board_drawing.files(name, board):
        assert path.read_text("utf-8") == text, "run: python -m host_tools.build.board_drawing"


def test_the_boards_of_the_plan_are_there():
    assert boards.names() == [
        "esp32-devkit-max3485",
        "generic-esp32-c3",
        "generic-esp32-c6",
        "lilygo-t-can485",
        "m5stack-atom-rs485",
        "olimex-esp32-evb",
        "olimex-esp32-gateway",
        "waveshare-esp32-s3-rs485-can",
    ]


def broken(**changes):
    board = copy.deepcopy(boards.load("esp32-devkit-max3485"))
    for key, value in changes.items():
        board[key] = {**board[key], **value} if isinstance(value, dict) else value
    return boards.problems(board)


@pytest.mark.parametrize(
    "changes, problem",
    [
        ({"uart": {"tx": 4}}, "uart.de: GPIO4 is uart.tx already"),
        ({"free": [13, 13]}, "free: GPIO13 is free already"),
        ({"uart": {"tx": 6}}, "uart.tx: GPIO6 belongs to the flash"),
        ({"psram": True}, "uart.tx: GPIO17 belongs to the PSRAM"),
        ({"uart": {"tx": 34}, "clamps": {"ct3": 35}}, "uart.tx: GPIO34 can only be an input"),
        ({"uart": {"de": 39}, "clamps": {"ct2": 35}}, "uart.de: GPIO39 can only be an input"),
        ({"on": [38]}, "on: GPIO38 can only be an input"),
        (
            {"clamps": {"ct1": 15}},
            "clamps.ct1: GPIO15 is not on ADC1, the only one that works beside Wi-Fi",
        ),
        ({"uart": {"rx": 20}}, "uart.rx: GPIO20 does not exist on esp32"),
        ({"uart": {"rx": 3}}, "uart.rx: GPIO3 belongs to the console"),
        ({"uart": {"id": 0}}, "uart.id: esp32 has no free UART 0"),
        (
            {"firmware": "ESP32_GENERIC_S3"},
            "firmware: ESP32_GENERIC_S3 is not for esp32; ESP32_GENERIC and ESP32_GENERIC-SPIRAM are",
        ),
        (
            {"firmware": "ESP32_GENERIC-SPIRAM"},
            "firmware: ESP32_GENERIC-SPIRAM is for boards with PSRAM",
        ),
    ],
)
def test_an_impossible_board_is_refused(changes, problem):
    assert problem in broken(**changes)


def test_a_receiver_may_be_an_input_only_pin():
    assert broken(uart={"rx": 35}) == []


def test_octal_psram_takes_its_pins_on_the_s3():
    board = copy.deepcopy(boards.load("waveshare-esp32-s3-rs485-can"))
    board["uart"]["tx"] = 35
    assert boards.problems(board) == ["uart.tx: GPIO35 belongs to the PSRAM"]


@pytest.mark.parametrize("name", boards.names())
def test_a_boards_page_names_the_file_to_get(name):
    build = boards.load(name)["firmware"]
    page = (boards.ROOT / "boards" / f"{name}.md").read_text("utf-8")
    version = firmware_files.dotted(firmware_files.RECOMMENDED)
    assert re.search(rf"`{build}-20\d{{6}}-v{version}\.\d\.bin`", page)
    assert f"BOARD={name}" in page
    for file in re.findall(r"[\w.-]+\.bin", page):
        assert file.rpartition("-20")[0] in boards.builds(boards.load(name)["chip"])


def test_a_strapping_pin_on_the_bus_is_warned_of():
    board = copy.deepcopy(boards.load("esp32-devkit-max3485"))
    board["uart"]["de"] = 12
    (warning,) = boards.warnings(board)
    assert warning.startswith("uart.de: GPIO12 high at reset selects 1.8 V flash")


def test_the_overview_names_every_board_and_every_key():
    text = (boards.ROOT / "boards" / "README.md").read_text("utf-8")
    assert all(f"[{name}]({name}.md)" in text for name in boards.names())
    assert all(f"| `{key}` |" in text for key in KEYS)


def test_the_clamps_drawing_is_that_of_the_boards():
    assert board_drawing.CLAMP.read_text("utf-8") == board_drawing.clamp_svg()
    assert "10 µF" in board_drawing.clamp_svg() and "18 kΩ" in board_drawing.clamp_svg()
