# SPDX-License-Identifier: MIT
"""make read: what a meter says now, by a profile or register by register, against units played by pymodbus."""

import json
import socket
import struct
import threading

import pytest

from host_tests.host import recognition_figures as figures
from host_tests.host.pty_device import PtyUnits
from host_tools.owner import read, read_tables, scan


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")


def said(capsys, device, *given):
    """(exit code, lines out, lines err); the check for a console is left out, which takes most of a second."""
    code = read.main(["--port", device.port, "--adapter", *map(str, given)])
    out, err = capsys.readouterr()
    return code, out.splitlines(), err.splitlines()


def cells(lines, name):
    """The words of the row that begins with this."""
    (row,) = [line.split() for line in lines if line.strip().startswith(name + " ")]
    return row[len(name.split()) :]


def played(name):
    return PtyUnits({1: figures.image(name, figures.HOUSES[0])})


def test_each_register_has_its_place_its_words_and_its_value(capsys):
    with played("eastron-sdm630") as device:
        code, out, _ = said(capsys, device, "--unit", 1, "--profile", "eastron-sdm630")
    assert code == 0
    assert out[0].strip() == "Eastron SDM630, unit 1"
    volts = struct.pack(">f", 229.5).hex().upper()
    assert cells(out, "voltage_l1") == ["4", "0", "0x0000", volts[:4], volts[4:], "229.5", "V"]
    watts = struct.pack(">f", 2300).hex().upper()
    assert cells(out, "power") == [
        "4",
        "52",
        "0x0034",
        watts[:4],
        watts[4:],
        "2300",
        "W",
        "import",
    ]
    assert "good 13" in out[-1]


def test_sum_of_registers_is_shown_with_its_parts_and_their_signs(capsys):
    (house,) = [one for one in figures.HOUSES if one.words == "feeding in"]
    with PtyUnits({1: figures.image("growatt-sph", house)}) as device:
        _, out, _ = said(capsys, device, "--unit", 1, "--profile", "growatt-sph")
    at = [i for i, line in enumerate(out) if "1029 0x0405" in line][0]
    assert out[at].split()[-3:] == ["-2300", "W", "export"]
    assert out[at - 1].split()[:3] == ["power", "4", "1021"]
    assert out[at + 1].split() == ["sum", "-2300", "W", "export"]
    assert any(line.split()[-2:] == ["W", "charge"] for line in out)


def test_sunspec_registers_are_shown_where_this_unit_has_them(capsys):
    with played("sunspec-meter") as device:
        _, out, _ = said(capsys, device, "--unit", 1, "--profile", "sunspec-meter")
    # The chain of register_facts.Device: marker 2, model 1 with 2 + 66, then model 204.
    base = 40000 + 2 + 2 + 66
    assert any(str(base + 18) in line and "2300 W" in line for line in out)
    assert any("exponent" in line and str(base + 22) in line and "-1" in line for line in out)


def test_register_that_is_not_there_and_value_that_cannot_be_are_told(capsys):
    image = dict(figures.image("eastron-sdm630", figures.HOUSES[0]))
    del image[4, 70], image[4, 71]
    image[4, 52], image[4, 53] = struct.unpack(">HH", struct.pack(">f", 3e6))
    with PtyUnits({1: image}) as device:
        _, out, _ = said(capsys, device, "--unit", 1, "--profile", "eastron-sdm630")
    assert cells(out, "frequency")[-3:] == ["no", "such", "register"]
    assert cells(out, "power")[-2:] == ["not", "plausible"]


def test_label_of_a_register_is_shown_once_profiles_have_them(tmp_path, monkeypatch, capsys):
    profile = json.loads(json.dumps(figures.PROFILES["eastron-sdm630"]))
    profile["roles"]["energy_meters"]["power"]["label"] = "Total system power"
    monkeypatch.setattr(read, "load", lambda _: profile)
    with played("eastron-sdm630") as device:
        _, out, _ = said(capsys, device, "--unit", 1, "--profile", "x")
    assert cells(out, "power")[:3] == ["Total", "system", "power"]


def test_raw_registers_are_read_in_every_way(capsys):
    high, low = struct.unpack(">HH", struct.pack(">f", -12.5))
    image = {(3, 0x34): high, (3, 0x35): low, (3, 0x36): 0x4142, (3, 0x37): 0xFFFE}
    with PtyUnits({9: image}) as device:
        code, out, _ = said(capsys, device, "--unit", 9, "--raw", "0x34", 4)
    assert code == 0 and out[0].strip() == "unit 9, function 3"
    first, second, third, fourth = [line.split() for line in out[4:8]]
    assert first[:5] == ["52", "0x0034", f"{high:04X}", str(high), str(high - 65536)]
    assert first[7] == "-12.5"
    assert third[2] == "4142" and third[-1] == "AB"
    assert fourth[:5] == ["55", "0x0037", "FFFE", "65534", "-2"]
    # u32 and s32 of 0x0000FFFE with 0x4142 before it: high word first, then low word first.
    assert third[5:7] == [str(0x4142FFFE)] * 2 and third[8] == str(0xFFFE4142)


def test_raw_of_another_function(capsys):
    with PtyUnits({1: {(4, 7): 1}}) as device:
        assert said(capsys, device, "--unit", 1, "--raw", 7, 1, "--function", 4)[0] == 0
        code, _, err = said(capsys, device, "--unit", 1, "--raw", 7, 1)
    assert code == 1
    assert err == [
        "read: unit 1 answers with exception 2: it has no such register, or not so many in one read"
    ]


class FalteringUnit(PtyUnits):
    """Leaves the second question unanswered."""

    asked = 0

    def answer(self, data):
        self.asked += data[0] == 1 and len(data) == 8
        return None if self.asked == 2 else super().answer(data)


def test_it_goes_on_once_a_second_at_a_terminal(capsys, monkeypatch):
    pauses = []

    def pause(duration_s):
        pauses.append(duration_s)
        if len(pauses) == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(read, "_pause", pause)
    monkeypatch.setattr("rich.console.Console.is_terminal", True)
    with FalteringUnit({1: {(3, 0): 7}}) as device:
        code, out, _ = said(capsys, device, "--unit", 1, "--raw", 0, 1)
        assert device.asked == 4
    assert code == 0 and pauses == [1, 1, 1, 1]
    shown = "\n".join(out)
    assert "0x0000" in shown and "unit 1 gives no good answer" in shown


def test_a_profile_of_your_own_may_be_named_by_its_path(tmp_path, capsys):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(figures.PROFILES["eastron-sdm630"]))
    with played("eastron-sdm630") as device:
        assert said(capsys, device, "--unit", 1, "--profile", path)[0] == 0
    path.write_text(path.read_text().replace('"f32"', '"f33"'))
    assert read.main(["--port", "x", "--unit", "1", "--profile", str(path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith('read: profiles/mine.json: defaults.type: "f33" is not allowed; ')


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("--profile", "SDM630"), "did you mean eastron-sdm630"),
        (("--profile", "Eastron-SDM63"), "did you mean eastron-sdm630"),
        (
            ("--profile", "zzzz"),
            "there is no profile and no file zzzz; docs/profiles.md lists them",
        ),
        (("--raw", "0", "126"), "--raw 0 126: 1 to 125 registers up to 65535 are allowed"),
        (("--raw", "0", "0"), "--raw 0 0: 1 to 125 registers"),
        (("--raw", "65535", "2"), "--raw 65535 2: 1 to 125 registers up to 65535"),
    ],
)
def test_slip_gets_one_sentence(given, words, capsys):
    with PtyUnits({1: {}}) as device:
        code, _, err = said(capsys, device, "--unit", 1, *given)
    assert code == 1 and len(err) == 1 and words in err[0]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            ("--unit", "0", "--raw", "0", "1"),
            "read: argument --unit: 0 is not allowed; 1 to 255 is",
        ),
        (
            ("--unit", "one", "--raw", "0", "1"),
            "read: argument --unit: one is not allowed; 1 to 255 is",
        ),
        (
            ("--unit", "1", "--raw", "0xZZ", "1"),
            "argument --raw: 0xZZ is not allowed; 0 to 65535 is",
        ),
        (
            ("--unit", "1", "--raw", "70000", "1"),
            "argument --raw: 70000 is not allowed; 0 to 65535 is",
        ),
        (("--unit", "1"), "one of the arguments --profile --raw is required"),
    ],
)
def test_argument_that_cannot_be_is_told(given, words, capsys):
    with pytest.raises(SystemExit):
        read.main(["--port", "x", *given])
    said = capsys.readouterr().err
    assert words in said and len(said.splitlines()) == 1


def test_unit_that_does_not_answer_is_told_with_what_came(capsys):
    with PtyUnits({1: {}}) as device:
        for what in (("--raw", 0, 1), ("--profile", "sunspec-inverter")):
            code, _, err = said(capsys, device, "--unit", 2, *what)
            assert code == 1 and len(err) == 1
            assert "unit 2 gives no good answer at 9600 Bd 8N1 (silent" in err[0]
            assert f"make scan PORT={device.port}" in err[0]


def test_unit_without_sunspec_is_told(capsys):
    with PtyUnits({1: {}}) as device:
        code, _, err = said(capsys, device, "--unit", 1, "--profile", "sunspec-inverter")
    assert code == 1
    assert err == ["read: unit 1 answers, but has no SunSpec marker at 40000, 50000 or 0"]


def test_setting_is_the_profiles_unless_another_is_asked_for():
    def setting(*given):
        parsed = read._parser().parse_args(["--port", "x", "--unit", "1", *given])
        return read.setting(parsed, figures.PROFILES["abb-b23"])

    profile = ("--profile", "abb-b23")
    assert setting(*profile) == (9600, "even", 1)
    assert setting(*profile, "--baudrate", "19200", "--parity", "none", "--stop-bits", "2") == (
        19200, "none", 2,
    )  # fmt: skip
    parsed = read._parser().parse_args(["--port", "x", "--unit", "1", "--raw", "0", "1"])
    assert read.setting(parsed, None) == (9600, "none", 1)


def test_console_is_not_read(capsys):
    class Prompt(PtyUnits):
        def answer(self, data):
            return b"\r\n>>> "

    with Prompt({}) as device:
        assert read.main(["--port", device.port, "--unit", "1", "--raw", "0", "1"]) == 1
        assert b"\x03" not in device.heard
    assert "a MicroPython prompt answers" in capsys.readouterr().err


class Gateway:
    """Units behind a TCP port that passes bytes on, as socket:// of pyserial opens it."""

    def __init__(self, images):
        self._units = PtyUnits(images)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = f"socket://127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            client, _ = self._server.accept()
            with client:
                while data := client.recv(256):
                    client.sendall(self._units.answer(data) or b"")


def test_line_behind_a_network_socket_is_read_and_scanned(capsys):
    device = Gateway({1: figures.image("eastron-sdm630", figures.HOUSES[0])})
    code, out, _ = said(capsys, device, "--unit", 1, "--profile", "eastron-sdm630")
    assert code == 0 and "good 13" in out[-1]
    assert scan.main(["--port", device.port, "--adapter", "--unit", "1"]) == 0
    assert "unit 1: sure: Eastron SDM630" in capsys.readouterr().err


def test_pair_of_registers_in_every_order():
    # 1.0 is 0x3F800000.
    assert read_tables._pair([0x3F80, 0]) == [
        str(0x3F800000),
        str(0x3F800000),
        "1",
        "16256",
        "2.277951e-41",
    ]
    assert read_tables._pair([0xFFFF, 0xFFFE])[1] == "-2"
