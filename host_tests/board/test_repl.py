# SPDX-License-Identifier: MIT
"""The virtual board's serial port: what mpremote does with it, and the bytes that pyexec.c promises."""

from pathlib import Path

import pytest
import serial

from flashed import Flashed

DONE = "import machine; machine.RTC().memory(b'done')\n"
LOOP = DONE + "while True:\n    pass\n"
PROMPT = b">>> "


@pytest.fixture
def board(tmp_path):
    made = Flashed(tmp_path)
    yield made
    made.close()


@pytest.fixture
def wire(board):
    with serial.Serial(board.port, timeout=5) as port:
        type_in(port, b"\r'here'\r", b"\r\n'here'\r\n>>> ")
        yield port


def install(board, folder, name, text):
    Path(folder, name).write_text(text)
    board.mpremote("fs", "cp", Path(folder, name), ":" + name)


def type_in(wire, text, end):
    """What comes back up to and with `end`."""
    wire.write(text)
    answer = wire.read_until(end)
    assert answer.endswith(end), answer
    return answer


def test_mpremote_runs_code_and_shows_what_it_prints(board):
    assert board.mpremote("exec", "for i in range(3): print(i)") == "0\n1\n2\n"


def test_mpremote_shows_the_traceback_of_the_board(board):
    done = board.try_mpremote("exec", "def f():\n 1/0\nf()")
    lines = (done.stdout + done.stderr).splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1:3] == [
        '  File "<stdin>", line 3, in <module>',
        '  File "<stdin>", line 2, in f',
    ]
    assert lines[3].startswith("ZeroDivisionError")


def test_blank_flash_has_what_a_new_board_has(board):
    assert board.mpremote("fs", "ls").split() == ["ls", ":", "75", "boot.py"]
    answer = board.mpremote("exec", "import os; s = os.statvfs('/'); print(s[1] * s[2])")
    assert int(answer) == 2 << 20


def test_files_come_and_go_and_outlive_the_power(board, tmp_path):
    data = bytes(range(256)) * 20
    Path(tmp_path, "there").write_bytes(data)
    board.mpremote("fs", "mkdir", ":d", "+", "fs", "cp", tmp_path / "there", ":d/f")
    board.power_off()
    board.power_on()
    board.mpremote("fs", "cp", ":d/f", tmp_path / "back")
    assert Path(tmp_path, "back").read_bytes() == data
    board.mpremote("fs", "rm", ":d/f", "+", "fs", "rmdir", ":d")
    assert board.mpremote("fs", "ls").split() == ["ls", ":", "75", "boot.py"]


def test_main_runs_at_power_on_and_ctrl_c_stops_it(board, tmp_path):
    install(board, tmp_path, "main.py", LOOP)
    board.power_off()
    board.power_on()
    with serial.Serial(board.port, timeout=5) as wire:
        board.wait_for_rtc(b"done")
        answer = type_in(wire, b"\x03", PROMPT)
    assert b"KeyboardInterrupt" in answer


def test_soft_reset_runs_main_only_from_the_friendly_repl(board, tmp_path):
    install(board, tmp_path, "main.py", "print('main')")
    install(board, tmp_path, "boot.py", "print('boot')")
    with serial.Serial(board.port, timeout=5) as wire:
        friendly = type_in(wire, b"\r\x03\x04", b"information.\r\n>>> ")
        type_in(wire, b"\x01", b"raw REPL; CTRL-B to exit\r\n>")
        raw = type_in(wire, b"\x04", b"raw REPL; CTRL-B to exit\r\n>")
    assert friendly.count(b"MPY: soft reboot\r\nboot\r\nmain\r\n") == 1
    assert raw == b"OK\r\nMPY: soft reboot\r\nboot\r\nraw REPL; CTRL-B to exit\r\n>"


def test_soft_reset_forgets_names_and_keeps_the_watchdog(board, wire):
    type_in(wire, b"import machine\rw = machine.WDT(timeout=500)\r", b"500)\r\n>>> ")
    type_in(wire, b"\x04", PROMPT)
    assert b"NameError" in type_in(wire, b"w\r", b"\r\n>>> ")
    board.wait_for_reset(3)
    type_in(wire, b"\rimport machine; machine.reset_cause()\r", b"3\r\n>>> ")


def test_hard_reset_restarts_the_board(board):
    board.mpremote("reset")
    board.wait_for_reset(2)
    assert (
        board.mpremote("resume", "exec", "import machine; print(machine.reset_cause())") == "2\n"
    )


def test_friendly_repl_echoes_and_shows_values(wire):
    assert type_in(wire, b"6 * 8\x7f7\r", PROMPT) == b"6 * 8\x08 \x087\r\n42\r\n>>> "
    answer = type_in(wire, b"for i in (1, 2):\r  print(i)\r\r", b"2\r\n>>> ")
    assert b"\r\n... " in answer


def test_raw_repl_answers_ok_output_error(wire):
    type_in(wire, b"\r\x01", b"raw REPL; CTRL-B to exit\r\n>")
    assert type_in(wire, b"print(1)\x04", b">") == b"OK1\r\n\x04\x04>"
    answer = type_in(wire, b"print(1); nothing\x04", b"\x04>")
    assert answer.startswith(b"OK1\r\n\x04Traceback") and b"NameError" in answer
    assert b"MicroPython" in type_in(wire, b"\x02", PROMPT)


def test_raw_paste_gives_a_window_for_each_window_read(wire):
    type_in(wire, b"\r\x01", b"raw REPL; CTRL-B to exit\r\n>")
    assert type_in(wire, b"\x05A\x01", b"\x01\x80\x00\x01") == b"R\x01\x80\x00\x01"
    assert type_in(wire, b"#" * 127 + b"\n", b"\x01") == b"\x01"
    assert type_in(wire, b"print(1)\x04", b">") == b"\x041\r\n\x04\x04>"


def test_other_paste_modes_are_refused(wire):
    type_in(wire, b"\r\x01", b"raw REPL; CTRL-B to exit\r\n>")
    assert type_in(wire, b"\x05B\x01", b">") == b"R\x00>"


def test_ctrl_c_ends_code_in_the_raw_repl(wire):
    type_in(wire, b"\r\x01", b"raw REPL; CTRL-B to exit\r\n>")
    type_in(wire, b"print('go')\nwhile True: pass\x04", b"go\r\n")
    answer = type_in(wire, b"\x03\x03", b"\x04>")
    assert answer.startswith(b"\x04Traceback") and b"KeyboardInterrupt" in answer
    assert type_in(wire, b"print(2)\x04", b">") == b"OK2\r\n\x04\x04>"


def test_quiet_client_does_not_hold_the_board_up(board, tmp_path):
    install(board, tmp_path, "main.py", "for i in range(3000): print('-' * 60)\n" + DONE)
    board.mpremote("reset")
    board.wait_for_rtc(b"done")
    assert board.mpremote("resume", "exec", "print(i)") == "2999\n"
