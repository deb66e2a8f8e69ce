# SPDX-License-Identifier: MIT
"""PORT may be what it should not: a board's console, which must come to no harm, or nothing that can be opened."""

import socket
import termios

import pytest
import serial

from host_tests.host.pty_device import PtyUnits
from host_tests.host.virtual_line import OnlyHolding, looked_for
from host_tools.owner import board_console, read, scan
from host_tools.owner.line import Adapter


def test_nothing_with_a_byte_03_is_sent_before_it_is_allowed():
    found, port = looked_for({3: {}, 5: OnlyHolding()}, (9600, "none", 1), may_ask=False)
    assert found is None
    assert len(port.sent) > 50
    assert not any(3 in request for request in port.sent)


def test_what_is_allowed_is_asked_then():
    assert looked_for({3: {}}, (9600, "none", 1))[0] == ((9600, "none", 1), 3)


def test_harmless_questions_exist_for_all_units_but_one():
    for unit in range(1, 256):
        harmless = board_console.harmless(unit)
        if unit == 3:
            assert harmless is None
        else:
            assert 3 not in board_console.request_of(unit, *harmless)


class Console(PtyUnits):
    """What stands at PORT instead of an adapter. said: {what it is sent: what it says}, "*" for all else."""

    def __init__(self, said):
        super().__init__({})
        self._said = said

    def answer(self, data):
        return self._said.get(data, self._said.get("*"))


class Echo(PtyUnits):
    def __init__(self):
        super().__init__({})

    def answer(self, data):
        return data


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: Console({b"\r": b"\r\n>>> "}), "a MicroPython prompt answers"),
        (
            lambda: Console({b"\r": b"I (5123) bridge: serving http://192.168.1.7:80/\r\n"}),
            "prints its log",
        ),
        (
            lambda: Console({b"\r": None, "*": b"grid meter: silent since 12:00\r\n"}),
            "prints its log",
        ),
        (Echo, "gives back what it is sent"),
    ],
    ids=["prompt", "log at Return", "log at a question", "echo"],
)
def test_console_is_left_alone_and_named(made, words, capsys):
    with made() as device:
        assert scan.main(["--port", device.port]) == 1
        assert b"\x03" not in device.heard
    said = capsys.readouterr().err
    assert words in said and len(said.splitlines()) == 1


def test_port_that_says_nothing_is_not_asked_further_without_leave(capsys, few_pairs):
    with Console({}) as device:
        assert scan.main(["--port", device.port]) == 1
        assert b"\x03" not in device.heard
    assert "ARGS=--adapter" in capsys.readouterr().err


@pytest.mark.parametrize("leave", [False, True])
def test_at_a_terminal_the_user_is_asked(leave, monkeypatch, few_pairs, capsys):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr(scan.Confirm, "ask", lambda *_, **__: leave)
    with Console({}) as device:
        assert scan.main(["--port", device.port]) == 1
        assert (b"\x03" in device.heard) == leave
    assert "nobody answers" in capsys.readouterr().err


def test_usb_port_of_the_chip_itself_is_known_by_its_maker(monkeypatch):
    class Found:
        device, vid = "/dev/ttyACM0", 0x303A

    monkeypatch.setattr(board_console.list_ports, "comports", lambda: [Found])
    with pytest.raises(board_console.RemoteError, match="nothing was sent"):
        board_console.check(None, "/dev/ttyACM0")


def test_adapter_that_hears_itself_can_be_told_apart(capsys):
    class Hearing(PtyUnits):
        def answer(self, data):
            return data + (super().answer(data) or b"")

    with Hearing({1: {}}) as device:
        given = ["--port", device.port, "--adapter", "--unit", "1", "--baudrate", "9600"]
        assert scan.main(given) == 1
    assert "unit 1: answers, but no profile fits" in capsys.readouterr().err


@pytest.fixture
def few_pairs(monkeypatch):
    """Not the whole minute: this is in real time."""
    pairs = [((9600, "none", 1), 1), ((9600, "none", 1), 3)]
    monkeypatch.setattr(scan.search, "tries", lambda _: (pairs, []))


# One sentence for what cannot be opened, without an errno.


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.mark.parametrize("tool", [scan, read])
@pytest.mark.parametrize(
    ("port", "words"),
    [
        ("/dev/ttyNothing", "/dev/ttyNothing is not there"),
        ("/dev/null", "/dev/null is no serial port"),
        ("/", "/ is no serial port"),
        ("socket://127.0.0.1:{closed}", ": nobody listens there"),
        ("foo://x", "foo://x is no port; "),
    ],
)
def test_port_that_cannot_be_opened_is_told(tool, port, words, capsys):
    given = ["--port", port.format(closed=closed_port()), "--unit", "1"]
    given += ["--profile", "eastron-sdm630"] if tool is read else []
    assert tool.main(given) == 1
    said = capsys.readouterr().err
    assert words in said and "Errno" not in said and len(said.splitlines()) == 1


def test_port_in_use_and_port_without_permission_are_told(monkeypatch, capsys):
    with PtyUnits({}) as device, serial.Serial(device.port, exclusive=True):
        assert scan.main(["--port", device.port]) == 1
    assert "is in use by another program" in capsys.readouterr().err

    def denied(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("serial.serial_for_url", denied)
    assert scan.main(["--port", "/dev/ttyUSB0"]) == 1
    assert "dialout" in capsys.readouterr().err


def test_adapter_that_is_unplugged_is_told(capsys):
    class Unplugged(PtyUnits):
        def answer(self, data):
            self.__exit__()

    device = Unplugged({})
    device.__enter__()
    assert (
        scan.main(["--port", device.port, "--adapter", "--unit", "1", "--baudrate", "9600"]) == 1
    )
    said = capsys.readouterr().err
    assert "scan: " in said and len(said.splitlines()) == 1


def test_adapter_that_lacks_a_setting_is_used_with_the_others(monkeypatch):
    with PtyUnits({}) as device, Adapter(device.port) as port:
        configured = type(port._serial)._reconfigure_port

        def without_parity(self, *given, **named):
            if self._parity != "N":
                raise termios.error(22, "Invalid argument")
            configured(self, *given, **named)

        monkeypatch.setattr(type(port._serial), "_reconfigure_port", without_parity)
        assert not port.configure(19200, "even", 1)
        assert port.configure(9600, "none", 2)
        assert not port.configure(2400, "odd", 1)
        assert port.configure(19200, "none", 1)
        assert (port._serial.baudrate, port._serial.stopbits) == (19200, 1)
