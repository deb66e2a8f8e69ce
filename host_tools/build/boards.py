# SPDX-License-Identifier: MIT
"""The boards as data: where they are, and what is wrong with one. host_tools/build/chips.json says what the chips allow."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from host_tools.paths import ROOT

Board = dict[str, Any]  # boards/<name>.json, parsed; boards/README.md explains its keys

_FOLDER = ROOT / "boards"
_CHIPS = json.loads(Path(__file__).with_name("chips.json").read_text("utf-8"))


def names() -> list[str]:
    return sorted(path.stem for path in _FOLDER.glob("*.json"))


def path(name: str) -> Path | None:
    """Of boards/<name>.json, None if there is none."""
    return _FOLDER / f"{name}.json" if name in names() else None


def load(name: str) -> Board | None:
    """None if there is no such board."""
    file = path(name)
    if not file:
        return None
    board: Board = json.loads(file.read_text("utf-8"))
    return board


def builds(chip: str) -> list[str]:
    """MicroPython's builds that a board with this chip may name; the first is for any. [] for an unknown chip."""
    found: list[str] = _CHIPS.get(chip, {}).get("firmware", [])
    return found


def uses(board: Board) -> list[tuple[str, int, str]]:
    """Every (what, pin, direction) of a board; direction is "out", "in", "measure" or "any"."""
    uart = board["uart"]
    found = [("uart.tx", uart["tx"], "out"), ("uart.rx", uart["rx"], "in")]
    if uart["de"] is not None:
        found.append(("uart.de", uart["de"], "out"))
    found += [(f"clamps.{name}", pin, "measure") for name, pin in board["clamps"].items()]
    if board["led"]:
        found.append(("led", board["led"]["pin"], "out"))
    if board["button"]:
        found.append(("button", board["button"]["pin"], "in"))
    found += [("on", pin, "out") for pin in board["on"]]
    return found + [("free", pin, "out") for pin in board["free"]]


def problems(board: Board) -> list[str]:
    """What makes the board impossible, one sentence each."""
    chip = _CHIPS[board["chip"]]
    found = []
    if board["uart"]["id"] not in chip["uarts"]:
        found.append(f"uart.id: {board['chip']} has no free UART {board['uart']['id']}")
    found += [f"firmware: {board['firmware']} {reason}" for reason in _unfit(board)]
    taken: dict[int, str] = {}
    for what, pin, direction in uses(board):
        if pin in taken:
            found.append(f"{what}: GPIO{pin} is {taken[pin]} already")
        taken.setdefault(pin, what)
        found += [
            f"{what}: GPIO{pin} {reason}" for reason in _reasons(board, chip, pin, direction)
        ]
    return found


def _unfit(board: Board) -> Iterator[str]:
    if board["firmware"] not in builds(board["chip"]):
        yield f"is not for {board['chip']}; {' and '.join(builds(board['chip']))} are"
    elif "SPIRAM" in board["firmware"] and not board["psram"]:
        yield "is for boards with PSRAM"


def _reasons(board: Board, chip: dict[str, Any], pin: int, direction: str) -> Iterator[str]:
    if pin not in chip["pins"]:
        yield f"does not exist on {board['chip']}"
    if pin in chip["flash"]:
        yield "belongs to the flash"
    if board["psram"] and pin in chip["psram"]:
        yield "belongs to the PSRAM"
    if pin in chip["console"]:
        yield "belongs to the console"
    if direction == "out" and pin in chip["input_only"]:
        yield "can only be an input"
    if direction == "measure" and pin not in chip["adc1"]:
        yield "is not on ADC1, the only one that works beside Wi-Fi"


def warnings(board: Board) -> list[str]:
    """Pins that also decide how the chip boots, where something from outside hangs on them."""
    strapping = _CHIPS[board["chip"]]["strapping"]
    return [
        f"{what}: GPIO{pin} {strapping[str(pin)]}"
        for what, pin, _ in uses(board)
        if str(pin) in strapping and what not in ("led", "button")
    ]
