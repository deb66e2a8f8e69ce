# SPDX-License-Identifier: MIT
"""What deploy decides on the PC, before a byte goes over the wire."""

import ast
import re
import zlib

import pytest
from rich.console import Console

from host_tools.owner import deploy, deploy_plan, deploy_start
from host_tools.owner.deploy_plan import DeployError, Held, digest

IMAGE = {
    "boot.py": b"boot",
    "main.py": b"main",
    "config.json": b"{}",
    "firmware/app.mpy": b"app",
    "lib/x.mpy": b"x" * 10000,
}


def held(slots, **files):
    """A board whose paths are given with _ for / and their contents."""
    return Held(slots.split(), {path: digest(data) for path, data in files.items()}, 1 << 20)


def in_slot(slot, **changes):
    files = {f"{slot}/{path}": data for path, data in IMAGE.items() if "/" in path}
    return files | {f"{slot}/{path}": data for path, data in changes.items()}


FIXED = '{"category": "inverters", "fixed": {"inv_power_ac_w": 1}, "battery_connected": false}'
TOP = {"/boot.py": b"boot", "/main.py": b"main", "/config.json": b"{}"}


def test_processor_is_told_in_mpy_cross_words():
    # py/persistentcode.h of MicroPython: version 6, sub-version 3 at bit 8, architecture at bit 10.
    assert deploy.architecture("esp32", (1, 28, 0), 10 << 10 | 3 << 8 | 6) == "xtensawin"
    assert deploy.architecture("esp32", (1, 24, 0), 11 << 10 | 3 << 8 | 6) == "rv32imc"
    assert deploy.architecture("esp32", (1, 29, 0), 6) is None


@pytest.mark.parametrize(
    "platform, version, mpy, word",
    [
        ("esp32", (1, 23, 0), 6, "1.24"),
        ("esp32", (1, 30, 0), 7, "version 7"),
        ("rp2", (1, 28, 0), 6, "rp2"),
    ],
)
def test_board_that_cannot_run_the_bridge_is_refused(platform, version, mpy, word):
    with pytest.raises(deploy.DeployError, match=word):
        deploy.architecture(platform, version, mpy)


def test_new_board_gets_everything_into_slot_a():
    made = deploy_plan.plan(IMAGE, held("", **{"/boot.py": b"stock"}))
    assert made.target == "/a"
    assert made.uploads == ["config.json", "firmware/app.mpy", "lib/x.mpy"]
    assert not made.copies and not made.removals
    assert made.sent == 2 + 3 + 10000


@pytest.mark.parametrize("slots, target", [("/a", "/b"), ("/b", "/a"), ("/", "/a"), ("", "/a")])
def test_slot_that_does_not_run_is_the_target(slots, target):
    assert deploy_plan.plan(IMAGE, held(slots)).target == target


def test_files_that_the_running_slot_has_are_copied_on_the_board():
    board = held("/a", **TOP, **in_slot("/a", **{"firmware/app.mpy": b"old"}))
    made = deploy_plan.plan(IMAGE, board)
    assert made.uploads == ["firmware/app.mpy"]
    assert made.copies == ["config.json", "lib/x.mpy"]
    assert (b"copy('/a/lib/x.mpy', '/b/lib/x.mpy')", 0) in made.commands


def test_what_the_image_does_not_hold_leaves_the_target():
    board = held("/a", **in_slot("/b", **{"lib/gone.mpy": b"gone"}))
    assert deploy_plan.plan(IMAGE, board).removals == ["lib/gone.mpy"]


def test_board_that_runs_the_image_needs_nothing():
    assert deploy_plan.running_is(IMAGE, held("/a", **TOP, **in_slot("/a")))
    assert deploy_plan.running_is(
        IMAGE, held("/b", **TOP, **in_slot("/b"), **in_slot("/a", z=b""))
    )


@pytest.mark.parametrize(
    "board",
    [
        held(""),
        held("/", **TOP),
        held("/b", **TOP, **in_slot("/a")),
        held("/a", **TOP, **in_slot("/a", more=b"")),
        held("/a", **TOP, **in_slot("/a", **{"lib/x.mpy": b"y"})),
        held("/a", **{**TOP, "/main.py": b"old"}, **in_slot("/a")),
        held("/a", **{**TOP, "/config.json": b"old"}, **in_slot("/a")),
        held("/a", **TOP, **in_slot("/a", **{"config.json": b"on trial"})),
    ],
)
def test_board_that_differs_in_anything_needs_a_deploy(board):
    assert not deploy_plan.running_is(IMAGE, board)


UNRELEASED = in_slot("/a", **{"firmware/starting.mpy": b"old"}) | {"/profiles/mine.json": b"{}"}


def test_board_from_before_the_first_release_becomes_blank_but_for_the_owners_files():
    board = held("/a", **TOP, **UNRELEASED, **in_slot("/b"))
    assert deploy_plan.is_unreleased(board)
    left, commands = deploy_plan.without_unreleased(board)
    assert sorted(left.files) == ["/boot.py", "/config.json", "/main.py", "/profiles/mine.json"]
    assert left.slots == [] and deploy_plan.plan(IMAGE, left).target == "/a"
    removed = [command for command, _ in commands]
    assert b"remove('/slot')" in removed and b"remove('/b/lib/x.mpy')" in removed
    assert not deploy_plan.is_unreleased(left)


def test_board_of_this_version_is_not_taken_for_an_unreleased_one():
    assert not deploy_plan.is_unreleased(held("/a", **TOP, **in_slot("/a")))


def test_boot_and_main_are_replaced_only_where_they_differ():
    assert list(deploy_plan.top_commands(IMAGE, held("/a", **TOP))) == []
    (command,) = deploy_plan.top_commands(IMAGE, held("/a", **{**TOP, "/boot.py": b"old"}))
    lines = command.split(b"\n")
    assert lines[0].startswith(b"write('/boot.py.tmp', ")
    assert lines[1] == b"replace('/boot.py.tmp', '/boot.py', '%b')" % digest(b"boot").encode()


def test_literal_stands_for_its_bytes_and_holds_nothing_that_a_repl_obeys():
    data = bytes(range(256)) + b'"\\'
    source = deploy_plan.literal(data)
    assert not set(source) & {0, 1, 2, 3, 4, 5, 10, 13}
    # CPython wants 7 bits.
    seven = b"".join(b"\\x%02x" % byte if byte > 127 else bytes((byte,)) for byte in source)
    assert ast.literal_eval(seven.decode()) == data


def test_long_file_comes_in_pieces_that_a_board_can_unpack():
    data = bytes(i * i >> 4 & 0xFF for i in range(10000))
    commands = list(deploy_plan.write_commands("/a/f", data))
    assert [size for _, size in commands] == [4096, 4096, 1808]
    assert [command.endswith(b", 'ab')") for command, _ in commands] == [False, True, True]
    window_of_1_kb = 10
    assert zlib.decompress(deploy_plan.packed(data), wbits=window_of_1_kb) == data


def test_empty_file_is_written_too():
    assert len(list(deploy_plan.write_commands("/a/f", b""))) == 1


def test_batches_keep_the_order_and_stay_small():
    commands = [(b"%d" % i * 300, 1) for i in range(100)]
    made = list(deploy_plan.batches(commands))
    assert b"\n".join(program for program, _ in made) == b"\n".join(c for c, _ in commands)
    assert sum(size for _, size in made) == 100
    assert max(len(program) for program, _ in made) < 4700


def test_missing_config_is_told_before_the_port_is_opened(tmp_path, capsys):
    given = ["--port", str(tmp_path / "nothing"), "--config", str(tmp_path / "config.json")]
    assert deploy.main(given) == 1
    assert "config.json" in capsys.readouterr().err


def test_missing_port_is_told_with_the_ports_there_are(tmp_path, capsys):
    good = tmp_path / "config.json"
    good.write_text('{"wifi": {"ssid": "Home"}, "devices": [' + FIXED + "]}")
    port = str(tmp_path / "nothing")
    assert deploy.main(["--port", port, "--config", str(good)]) == 1
    said = capsys.readouterr().err
    assert f"{port} is not there; " in said


class Answering:
    """A board that answers the first program with this."""

    def __init__(self, told):
        self._told = told

    def run(self, program):
        return self._told


# The sizes of ESP-IDF's heaps as an emulated ESP32 tells them: with the official image 1.24.0, and as make flash leaves it.
@pytest.mark.parametrize(
    "heap_sizes, advised",
    [
        ("240 7288 16648 85200 15072 113840", True),
        ("62536 85200 15072 113840", False),
        ("", False),
    ],
)
def test_board_that_reserves_memory_for_bluetooth_is_told_how_to_free_it(heap_sizes, advised):
    console = Console(record=True, width=300)
    board = Answering(f"esp32 1 24 0 {10 << 10 | 3 << 8 | 6}\n{heap_sizes}\n")
    assert deploy._recognise(board, console) == "xtensawin"
    said = console.export_text()
    assert ("make flash PORT=... ARGS=--keep-files" in said) == advised and (
        "38360" in said
    ) == advised


class StartingBoard:
    def __init__(self, *lines):
        self._lines = lines

    def lines(self, limit_s):
        yield from self._lines


@pytest.mark.parametrize(
    "status, words",
    [
        ("201", "the board finds no Wi-Fi of this name: is wifi.ssid right"),
        ("202", "is wifi.password right"),
        ("15", "is wifi.password right"),
        ("203", "the board gets no Wi-Fi (status 203)"),
    ],
)
def test_why_there_is_no_wifi_is_told(status, words):
    lines = (
        "2 I version 0.1.0 in /a - last end: power-on",
        f"6 W Wi-Fi: none, status {status}",
    )
    with pytest.raises(DeployError, match=re.escape(words)) as told:
        deploy_start.wait(StartingBoard(*lines), "/a", Console(quiet=True))
    assert str(told.value).endswith("it goes on trying; make logs shows more")
