# SPDX-License-Identifier: MIT
"""The start of a new version, followed on the board's console until it answers."""

import re

from rich.console import Console

from host_tools.owner.bridge_http import BridgeError, fetch_json
from host_tools.owner.deploy_plan import DeployError
from host_tools.owner.remote import Board

_START_LIMIT_S = 180
_ANSWER_LIMIT_S = 20

# On the console; a prompt may stand before them.
_VERSION = re.compile(r"\d+ I version (\S+) in (/\w?) - last end: (.*)")
_SERVING = re.compile(r"\d+ I serving (http://\S+)")
_NO_WIFI = re.compile(r"\d+ W Wi-Fi: none, status (\d+)")
_MORE = re.compile(r"\d+ [EW] .*")  # errors and warnings of the log

# ESP-IDF's reasons, as network.STAT_... of the esp32 port.
_PASSWORD = (
    "the router does not let the board in: is wifi.password right, with capitals and blanks?"
)
_WHY_NO_WIFI = {
    "201": "the board finds no Wi-Fi of this name: is wifi.ssid right, with capitals and blanks, and does the router send at 2.4 GHz?",
    "202": _PASSWORD,
    "204": _PASSWORD,
    "15": _PASSWORD,
    "210": "the router's encryption does not fit: WPA2 is needed, or WPA2 and WPA3.",
    "211": "the Wi-Fi of this name is open, or its encryption is too old: WPA2 is needed.",
    "212": "the Wi-Fi of this name is too weak where the board is.",
}


def wait(board: Board, target: str, console: Console) -> int:
    """Until the bridge of this slot serves; returns the exit status. Raises DeployError where it does not."""
    heard, trace = False, []
    for line in board.lines(_START_LIMIT_S):
        heard = True
        if version := _VERSION.search(line):
            _check_slot(version[2], target, "\n".join(trace) or version[3])
        elif serving := _SERVING.search(line):
            return _serves(serving[1], target, console)
        elif no_wifi := _NO_WIFI.search(line):
            raise DeployError(_without_wifi(no_wifi[1]))
        elif _MORE.search(line):
            console.print(f"board: {line}")
        trace = _trace(trace, line)
    raise DeployError(_not_up(heard, trace))


def _without_wifi(status):
    why = _WHY_NO_WIFI.get(status, f"the board gets no Wi-Fi (status {status}).")
    return f"{why} All is on the board, and it goes on trying; make logs shows more"


def _check_slot(root, target, reason):
    if root != target:
        raise DeployError(f"the new version was given up and the old one runs again:\n{reason}")


def _trace(trace, line):
    """The lines of the last traceback so far."""
    if line.startswith("Traceback "):
        return [line]
    if trace and trace[-1].startswith(("Traceback ", "  ")):
        return [*trace, line]
    return trace


def _not_up(heard, trace):
    if trace:
        return f"the bridge did not start within {_START_LIMIT_S} s\n" + "\n".join(trace)
    if not heard:
        return f"the board said nothing for {_START_LIMIT_S} s; does its page answer?"
    return (
        f"the bridge is not in the Wi-Fi after {_START_LIMIT_S} s; it goes on trying. "
        "Are wifi.ssid and wifi.password right? make logs shows more"
    )


def _serves(address, target, console):
    """Ask it which version it is: its console may have been lost for a while."""
    console.print(f"serving {address}")
    try:
        about = fetch_json(address, "status.json", _ANSWER_LIMIT_S)["about"]
    except (BridgeError, KeyError) as error:
        console.print(f"this PC gets no answer ({error}); is it in another network?")
        return 0
    _check_slot(about["slot"], target, about["last_end"])
    console.print("it answers")
    return 0
