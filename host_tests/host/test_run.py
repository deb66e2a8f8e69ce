# SPDX-License-Identifier: MIT
"""`make run`: what it shows, and how it ends."""

import io
import os
import pty
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from host_tools.simulate.free_port import free_port
from host_tools.simulate.site import Site, orders, terminal
from host_tools.simulate.site.bridge import Answer

ROOT = Path(__file__).resolve().parents[2]
FAKE_BOARD = Path(__file__).parent / "fake_board.py"

PIPES = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
DEVICES = [
    {
        "category": "energy_meters",
        "profile": "eastron-sdm630",
        "unit": 1,
        "info": {"name": "Meter"},
    },
    {"category": "inverters", "profile": "deye-3p-hybrid", "unit": 2},
    {"category": "batteries", "profile": "deye-3p-hybrid", "unit": 2},
    {"category": "smart_loads", "clamp": "ct1", "amps_per_volt": 30},
]


def start(behaviour, *options, port=None, **pipes):
    command = [
        sys.executable,
        "-m",
        "host_tools.simulate.run",
        "--http-port",
        str(port or free_port()),
    ]
    command += [*options, "--board", sys.executable, str(FAKE_BOARD), behaviour]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        text=True,
        **{"stdin": subprocess.DEVNULL, **PIPES, **pipes},
    )


def lines_until(process, pattern):
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if re.search(pattern, line):
            return lines
    raise AssertionError(lines)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_run_shows_both_sides_and_ends_cleanly(number):
    process = start("serve")
    lines = lines_until(process, r"Load ")
    assert any(line.startswith("board: ct1 sees sine(amps_rms=") for line in lines)
    assert any(re.match(r"ready http://127.0.0.1:\d+/", line) for line in lines)
    assert re.match(r"09:30:0\d  bridge: 200, age 1 s", lines[-1])
    assert re.search(r"Grid meter -?[\d ]+ W \| -542 W", lines[-1])
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")
    port = int(re.search(r":(\d+)/", "".join(lines))[1])
    with socket.socket() as probe:  # the board is gone
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_run_ends_when_the_other_end_of_its_input_does():
    process = start("serve", stdin=subprocess.PIPE)
    lines_until(process, r"Load ")
    _, errors = process.communicate(timeout=30)  # closes it
    assert (process.returncode, errors) == (0, "")


def test_a_run_ends_without_a_word_when_its_terminal_is_gone():
    """The whole terminal, as a closed window is: input, output, and no signal."""
    terminal_end, tty = pty.openpty()
    process = start("serve", stdin=tty, stdout=tty, stderr=subprocess.PIPE)
    os.close(tty)
    shown = b""
    while b"load_power_w" not in shown:
        shown += os.read(terminal_end, 4096)
    os.close(terminal_end)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")


@pytest.mark.parametrize(
    "behaviour, sentence",
    [
        (
            "crash",
            "run: the virtual board ended with status 1: devices[0].unit: 248 is more than 247",
        ),
        ("later", "run: the virtual board ended with status 1: the firmware crashed"),
    ],
)
def test_a_board_that_ends_is_one_sentence_and_a_failure(behaviour, sentence):
    process = start(behaviour)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert errors.splitlines() == [sentence]


def test_a_taken_port_is_one_sentence_and_a_failure():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = start("serve", port=taken.getsockname()[1])
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert re.fullmatch(r"run: HTTP port \d+ cannot be used: .*; give another one\n", errors)


@pytest.mark.parametrize(
    "text, words",
    [
        (None, "config.json cannot be read: No such file or directory"),
        ("{", 'config.json: not JSON: line 1, column 2: a key in "quotes" is missing'),
        ("{}", "wifi: missing; an object { } is needed"),
    ],
)
def test_a_config_that_is_not_good_is_one_sentence(tmp_path, text, words):
    config = tmp_path / "config.json"
    if text is not None:
        config.write_text(text)
    process = start("serve", "--config", str(config))
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert words in errors and len(errors.splitlines()) == 1


@pytest.mark.parametrize(
    "options, words",
    [
        (("--fault", "9:silent"), "FAULT: no meter has unit 9; there are 1, 2"),
        (("--fault", "1:mute"), "'1:mute' is no fault; NAME or UNIT:NAME of these: silent, "),
        (("--fault", "1:two-masters"), "'1:two-masters' is no fault"),
        (("--hour", "25"), "'25' is no time of day; 13.5 or 13:30 would be one"),
        (("--speed", "0"), "'0' is not allowed; more than 0 to 3600 is"),
    ],
)
def test_an_option_that_cannot_be_is_one_sentence(options, words):
    process = start("serve", *options)
    _, errors = process.communicate(timeout=30)
    assert process.returncode in (1, 2)
    assert words in errors and len(errors.splitlines()) == 1


def test_hour_and_fault_are_shown():
    process = start("serve", "--hour", "13:30", "--fault", "1:silent two-masters")
    line = lines_until(process, r"Load ")[-1]
    process.terminate()
    process.communicate(timeout=30)
    assert line.startswith("13:30:0") and " FAULT=1:silent two-masters " in line


def test_every_fault_stands_in_the_docs():
    page = (ROOT / "docs/simulation.md").read_text("utf-8")
    names = [line.split()[0] for line in orders.words() if line.startswith("  ")]
    assert len(names) > 15 and [name for name in names if f"`{name}`" not in page] == []


def shown(answer):
    site = Site({"devices": DEVICES}, hour=11, seed=1)
    truth = site.physics.at(11 * 3600)
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(terminal.picture(site, truth, answer, "http://127.0.0.1:8080/", ["log"]))
    return truth, console.export_text()


def test_the_picture_has_site_and_bridge_in_one_row():
    answer = Answer(
        200, "1", {"energy_meters": {"0": {"grid_power_w": -2012}}, "load_power_w": 231}
    )
    truth, text = shown(answer)
    assert truth.grid_w < -2000
    row = next(line for line in text.splitlines() if line.strip().startswith("Meter"))
    assert "-2 012 W" in row and "(feeds in)" in row
    assert "http://127.0.0.1:8080/" in text and "11:00:00" in text


def test_the_picture_says_why_there_is_no_answer():
    _, text = shown(Answer(503, problem='{"error": "devices[0] is silent"}'))
    assert "503: " in text and "devices[0] is silent" in text
    row = next(line for line in text.splitlines() if line.strip().startswith("Meter"))
    assert re.search(r" W +- +energy_meters", row)
