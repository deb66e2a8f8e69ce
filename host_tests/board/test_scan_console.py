# SPDX-License-Identifier: MIT
"""make scan on the virtual board's console: it says what it has found, and what runs there goes on."""

from pathlib import Path

import pytest
import serial

from flashed import Flashed
from host_tools.owner import scan

# Counts in the RTC memory, and ends with Ctrl-C as any program.
COUNTING = """\
import machine, time
n = 0
while True:
    n += 1
    machine.RTC().memory(str(n).encode())
    time.sleep_ms(20)
"""


@pytest.fixture
def board(tmp_path):
    made = Flashed(tmp_path)
    yield made
    made.close()


def test_prompt_is_named_and_left_as_it_is(board, capsys):
    board.mpremote("exec", "pass")
    assert scan.main(["--port", board.port]) == 1
    assert "a MicroPython prompt answers" in capsys.readouterr().err
    with serial.Serial(board.port, timeout=5) as wire:
        wire.write(b"\r'here'\r")
        assert wire.read_until(b"'here'\r\n>>> ").endswith(b"'here'\r\n>>> ")


def counted(board):
    try:
        return int(Path(board.state, "rtc").read_bytes())
    except (OSError, ValueError):  # not there yet, or just being written
        return 0


def test_program_that_runs_goes_on(board, tmp_path, capsys, monkeypatch):
    pairs = [((115200, "none", 1), unit) for unit in (1, 2, 3, 247)]
    monkeypatch.setattr(scan.search, "tries", lambda _: (pairs, []))
    Path(tmp_path, "main.py").write_text(COUNTING)
    board.mpremote("fs", "cp", tmp_path / "main.py", ":main.py")
    board.power_off()
    board.power_on()
    board.wait_for(lambda: counted(board) > 5)
    assert scan.main(["--port", board.port]) == 1
    assert "ARGS=--adapter" in capsys.readouterr().err
    before = counted(board)
    board.wait_for(lambda: counted(board) > before + 5)
