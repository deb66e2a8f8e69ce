"""make flash, with an esptool that only takes notes. Its words are those of esptool 5.6.0."""

import os

import pytest
import serial

from host_tools.owner import flash
from host_tools.owner.flash import CHIPS, FlashError

ESP32, S3 = CHIPS[0], CHIPS[9]
NO_ANSWER = """\
esptool v5.6.0
Serial port /dev/ttyUSB0:
Connecting......................................

ERROR: A fatal error occurred: Failed to connect to Espressif device: No serial data received.
For troubleshooting steps visit: https://docs.espressif.com/projects/esptool/
"""


class Esptool:
    """Answers as for a board with this chip; remembers what it was told."""

    def __init__(self, chip="ESP32", fails_at=None):
        self.chip = chip
        self.fails_at = fails_at
        self.told = []

    def __call__(self, words, show):
        self.told.append(words)
        if self.fails_at in words:
            return 2, NO_ANSWER
        kind = f"{self.chip}-D0WD-V3" if self.chip == "ESP32" else f"{self.chip} (QFN56)"
        return 0, (
            f"esptool v5.6.0\nConnected to {self.chip} on /dev/ttyUSB0:\n"
            f"Chip type:          {kind} (revision v3.1)\nDetected flash size: 4MB\n"
        )


def image(number=0, version=b"1.28.0", partitions=True):
    """A whole firmware as micropython.org has it, as far as anybody looks at it."""
    data = bytearray(b"\xff" * 0x20000)
    data[:16] = bytes([0xE9, 3, 2, 0x20]) + bytes(8) + number.to_bytes(2, "little") + bytes(2)
    if partitions:
        at = 0x8000 - CHIPS[number].offset
        data[at : at + 4] = b"\xaa\x50\x01\x02"
    text = b"MicroPython v" + version + b" on 2026-04-06; "
    data[0x12000 : 0x12000 + len(text)] = text
    return bytes(data)


@pytest.fixture
def port():
    master, slave = os.openpty()
    yield os.ttyname(slave)
    os.close(master)
    os.close(slave)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder, name, **options):
    path = folder / name
    path.write_bytes(image(**options))
    return path


@pytest.mark.parametrize(
    "number, name, offset",
    [
        (0, "ESP32", "0x1000"),
        (9, "ESP32-S3", "0x0"),
        (5, "ESP32-C3", "0x0"),
        (13, "ESP32-C6", "0x0"),
    ],
)
def test_firmware_is_written_where_the_chips_rom_looks_for_it(port, here, number, name, offset):
    path = write(here, "firmware.bin", number=number)
    tool = Esptool(name)
    assert flash.main(["--port", port, "--firmware", str(path)], tool) == 0
    option = name.lower().replace("-", "")
    assert tool.told == [
        ["--port", port, "flash-id"],
        ["--port", port, "--chip", option, "erase-flash"],
        ["--port", port, "--chip", option, "--baud", "460800", "write-flash", offset, str(path)],
    ]


def test_files_are_kept_where_wished(port, here):
    tool = Esptool()
    path = write(here, "firmware.bin")
    assert flash.main(["--port", port, "--firmware", str(path), "--keep-files"], tool) == 0
    assert not any("erase-flash" in words for words in tool.told)


def test_firmware_for_another_chip_is_refused_before_anything_is_erased(port, here, capsys):
    tool = Esptool("ESP32-S3")
    path = write(here, "ESP32_GENERIC-v1.28.0.bin")
    assert flash.main(["--port", port, "--firmware", str(path)], tool) == 1
    assert "is for ESP32; the board is ESP32-S3" in capsys.readouterr().err
    assert len(tool.told) == 1


def test_newest_firmware_for_the_chip_is_found_in_the_working_folder(port, here, capsys):
    write(here, "ESP32_GENERIC-20260101-v1.9.0.bin", version=b"1.24.1")
    wanted = write(here, "old-name.bin", version=b"1.29.0")
    write(here, "ESP32_GENERIC_S3-v1.30.0.bin", number=9, version=b"1.30.0")
    (here / "other.bin").write_bytes(b"something else")
    tool = Esptool()
    assert flash.main(["--port", port], tool) == 0
    assert tool.told[-1][-1] == str(wanted)
    assert "MicroPython 1.29.0" in capsys.readouterr().out


def test_folder_without_a_fitting_firmware_says_what_to_get(port, here, capsys):
    write(here, "s3.bin", number=9)
    assert flash.main(["--port", port], Esptool()) == 1
    said = capsys.readouterr().err
    assert "s3.bin is for ESP32-S3" in said and "ESP32_GENERIC-" in said and "FIRMWARE=" in said


def test_old_micropython_is_refused_and_a_middling_one_warned_of(port, here, capsys):
    old = write(here, "old.bin", version=b"1.23.0")
    assert flash.main(["--port", port, "--firmware", str(old)], Esptool()) == 1
    assert "1.24 or newer is needed" in capsys.readouterr().err
    middling = write(here, "middling.bin", version=b"1.27.0")
    assert flash.main(["--port", port, "--firmware", str(middling)], Esptool()) == 0
    assert "1.28 or newer is recommended" in capsys.readouterr().out


def test_version_in_the_name_serves_where_the_file_says_none(here):
    data = image().replace(b"MicroPython v", b"CPython......")
    (here / "ESP32_GENERIC-20260406-v1.28.0.bin").write_bytes(data)
    assert flash.firmware(here / "ESP32_GENERIC-20260406-v1.28.0.bin").version == (1, 28, 0)
    (here / "nameless.bin").write_bytes(data)
    with pytest.raises(FlashError, match="does not say which MicroPython"):
        flash.firmware(here / "nameless.bin")


def test_part_of_a_firmware_is_refused(here):
    path = here / "ESP32_GENERIC-v1.28.0.app-bin"
    path.write_bytes(image(partitions=False))
    with pytest.raises(FlashError, match="take the whole"):
        flash.firmware(path)


@pytest.mark.parametrize("data", [b"", b"\xe9", b"\x7fELF" + bytes(0x20000)])
def test_what_is_no_firmware_is_refused(here, data):
    (here / "x.bin").write_bytes(data)
    with pytest.raises(FlashError, match="no firmware of an ESP32"):
        flash.firmware(here / "x.bin")


def test_silent_board_is_told_with_what_helps(port, here, capsys):
    path = write(here, "firmware.bin")
    tool = Esptool(fails_at="flash-id")
    assert flash.main(["--port", port, "--firmware", str(path)], tool) == 1
    said = capsys.readouterr().err
    assert "No serial data received. Hold the BOOT button" in said


def test_chip_without_a_bridge_is_named(port, here, capsys):
    assert flash.main(["--port", port], Esptool("ESP8266")) == 1
    assert "does not run on ESP8266" in capsys.readouterr().err


def test_write_that_fails_is_told(port, here, capsys):
    path = write(here, "firmware.bin")
    assert (
        flash.main(["--port", port, "--firmware", str(path)], Esptool(fails_at="write-flash")) == 1
    )
    assert "esptool stopped: Failed to connect" in capsys.readouterr().err


def test_missing_port_and_busy_port_are_told_apart(port, here, capsys):
    write(here, "firmware.bin")
    assert flash.main(["--port", str(here / "nothing")], Esptool()) == 1
    assert "is not there" in capsys.readouterr().err
    with serial.Serial(port, exclusive=True):
        tool = Esptool()
        assert flash.main(["--port", port], tool) == 1
        assert "in use by another program" in capsys.readouterr().err and not tool.told


def test_real_esptool_is_asked_as_a_module():
    status, said = flash.esptool(["version"], False)
    assert status == 0 and "5.6.0" in said
