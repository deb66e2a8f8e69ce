# SPDX-License-Identifier: MIT
"""make flash, with an esptool that only takes notes. Its words are those of esptool 5.6.0."""

import os
from pathlib import Path

import pytest
import serial

from host_tests.host import esp32_image as image
from host_tools.owner import flash

NO_ANSWER = """\
esptool v5.6.0
Serial port /dev/ttyUSB0:
Connecting......................................

ERROR: A fatal error occurred: Failed to connect to Espressif device: No serial data received.
For troubleshooting steps visit: https://docs.espressif.com/projects/esptool/
"""
VALID = """\
Checksum: 0x3e (valid)
Validation hash: e50a27dd0788006f0c53ad0a9dcd6ddadc9f4da652fd95dbe569e85f8e896bcf (valid)
"""
FACTORY = range(0x10000, 0x200000)
RELEASED = "38,360 bytes that it reserves for Bluetooth are released"


class Esptool:
    """Answers as for a board with this chip; remembers what it was told, and what was written where."""

    def __init__(self, chip="ESP32", features="", fails_at=None, table=None, info=None):
        self.chip, self.features = chip, features
        self.fails_at = fails_at
        self.table = image.table() if table is None else table
        self.info = info or (lambda words, show: (0, VALID))
        self.told = []
        self.written = {}

    def __call__(self, words, show):
        self.told.append([word for word in words if not word.endswith(".bin")])
        if self.fails_at in words:
            return 2, NO_ANSWER
        if "image-info" in words:
            return self.info(words, show)
        if "write-flash" in words:
            self.written[int(words[-2], 16)] = Path(words[-1]).read_bytes()
        if "read-flash" in words:
            assert words[-3:-1] == ["0x8000", "0xc00"]
            Path(words[-1]).write_bytes(self.table)
        return 0, self._connected()

    def _connected(self):
        kind = f"{self.chip}-D0WD-V3" if self.chip == "ESP32" else f"{self.chip} (QFN56)"
        return (
            f"esptool v5.6.0\nConnected to {self.chip} on /dev/ttyUSB0:\n"
            f"Chip type:          {kind} (revision v3.1)\n"
            f"Features:           Wi-Fi, BT, Dual Core + LP Core, 240MHz{self.features}\n"
            "Detected flash size: 4MB\n"
        )


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
    path.write_bytes(image.firmware(**options))
    return path


@pytest.fixture
def run(port, capsys):
    """run(tool, words...): (exit status, what was said)."""

    def run(tool, *words):
        status = flash.main(["--port", port, *map(str, words)], tool)
        said = capsys.readouterr()
        return status, said.out + said.err

    return run


# The whole firmware, which erases everything before.


@pytest.mark.parametrize(
    "number, name, offset",
    [
        (image.ESP32, "ESP32", "0x1000"),
        (image.S2, "ESP32-S2", "0x1000"),
        (image.S3, "ESP32-S3", "0x0"),
        (image.C3, "ESP32-C3", "0x0"),
        (image.C6, "ESP32-C6", "0x0"),
    ],
)
def test_firmware_is_written_where_the_chips_rom_looks_for_it(
    run, port, here, number, name, offset
):
    path = write(here, "firmware.bin", chip=number)
    tool = Esptool(name)
    assert run(tool, "--firmware", path, "--bluetooth", "keep")[0] == 0
    option = name.lower().replace("-", "")
    assert tool.told == [
        ["--port", port, "flash-id"],
        ["--chip", option, "image-info"],
        ["--port", port, "--chip", option, "erase-flash"],
        ["--port", port, "--chip", option, "--baud", "460800", "write-flash", offset],
    ]
    assert tool.written == {int(offset, 16): path.read_bytes()}


def test_write_that_fails_is_told(run, here):
    path = write(here, "firmware.bin")
    status, said = run(Esptool(fails_at="write-flash"), "--firmware", path)
    assert status == 1 and "esptool stopped: Failed to connect" in said


# The memory for Bluetooth.


def test_memory_for_bluetooth_is_released(run, here):
    path = write(here, "firmware.bin")
    tool = Esptool(info=flash.esptool)
    status, said = run(tool, "--firmware", path)
    assert status == 0 and RELEASED in said and "BLUETOOTH=keep" in said
    assert tool.written == {0x1000: image.firmware(reserved=image.RELEASED)}
    assert path.read_bytes() == image.firmware()


def test_image_without_a_hash_is_released_as_well(run, here):
    path = write(here, "firmware.bin", hashed=False)
    tool = Esptool(info=flash.esptool)
    assert run(tool, "--firmware", path)[0] == 0
    assert tool.written == {0x1000: image.firmware(reserved=image.RELEASED, hashed=False)}


def test_memory_for_bluetooth_is_kept_where_wished(run, here):
    path = write(here, "firmware.bin")
    tool = Esptool()
    status, said = run(tool, "--firmware", path, "--bluetooth", "keep")
    assert status == 0 and "Bluetooth" not in said
    assert tool.written == {0x1000: image.firmware()}


@pytest.mark.parametrize(
    "number, name", [(image.S3, "ESP32-S3"), (image.C3, "ESP32-C3"), (image.C6, "ESP32-C6")]
)
def test_images_of_other_chips_are_never_changed(run, here, number, name):
    path = write(here, "firmware.bin", chip=number)
    tool = Esptool(name)
    status, said = run(tool, "--firmware", path)
    assert status == 0 and "Bluetooth" not in said
    assert list(tool.written.values()) == [path.read_bytes()]


def test_image_that_reserves_otherwise_is_flashed_unchanged_and_that_is_told(run, here):
    path = write(here, "firmware.bin", reserved=(image.BT_DATA, image.BT_EM))
    tool = Esptool()
    status, said = run(tool, "--firmware", path)
    assert status == 0 and RELEASED not in said
    assert "firmware.bin reserves 0x3FFB8000-0x3FFB9A20 0 times instead of once" in said
    assert "flashed unchanged" in said
    assert tool.written == {0x1000: path.read_bytes()}


@pytest.mark.parametrize(
    "status, said",
    [
        (2, "A fatal error occurred: Invalid segment count"),
        (0, VALID.replace("0x3e (valid)", "0x3e (invalid - calculated 0x3f)")),
        (0, "Checksum: 0x3e (valid)\n"),
    ],
)
def test_nothing_is_erased_when_esptool_finds_the_application_damaged(run, here, status, said):
    path = write(here, "firmware.bin")
    tool = Esptool(info=lambda words, show: (status, said))
    code, message = run(tool, "--firmware", path)
    assert code == 1 and "esptool finds the application of firmware.bin damaged" in message
    assert not tool.written and not any("erase-flash" in words for words in tool.told)


# The application alone, for boards in use.


@pytest.mark.parametrize(
    "entries",
    [
        image.TABLE,
        (*image.TABLE, image.VFS),  # of a board with 1.25 or older, whose table names the files
    ],
)
def test_only_the_application_is_written_where_files_are_kept(run, port, here, entries):
    path = write(here, "firmware.bin")
    tool = Esptool(table=image.table(entries))
    status, said = run(tool, "--firmware", path, "--keep-files")
    assert status == 0 and "files and settings are as before" in said
    assert tool.told == [
        ["--port", port, "flash-id"],
        ["--chip", "esp32", "image-info"],
        ["--port", port, "--chip", "esp32", "read-flash", "0x8000", "0xc00"],
        ["--port", port, "--chip", "esp32", "--baud", "460800", "write-flash", "0x10000"],
    ]
    assert tool.written == {0x10000: image.application(reserved=image.RELEASED)}
    ((start, data),) = tool.written.items()
    assert start in FACTORY and start + len(data) in FACTORY


OTA = ((0, 0x10, 0x10000, 0x180000, "ota_0"), (0, 0x11, 0x190000, 0x180000, "ota_1"))
LARGER_NVS = (1, 2, 0x9000, 0x7000, "nvs")


@pytest.mark.parametrize(
    "table, reason",
    [
        (b"\xff" * 0xC00, "the board has no partition table; flash it without --keep-files"),
        (bytes(0xC00), "the board has a damaged partition table"),
        (image.table()[:40].ljust(0xC00, b"\0"), "the board has a damaged partition table"),
        (image.table((LARGER_NVS, image.FACTORY)), "no nvs at 0x9000 of its size"),
        (image.table((image.NVS, image.PHY, *OTA)), "more than one place for an application"),
        (image.table((*image.TABLE, (1, 6, 0x300000, 0x1000, "extra"))), "has extra as well"),
    ],
)
def test_board_with_other_partitions_is_left_alone(run, here, table, reason):
    path = write(here, "firmware.bin")
    tool = Esptool(table=table)
    status, said = run(tool, "--firmware", path, "--keep-files")
    assert status == 1 and reason in said and "without --keep-files" in said
    assert not tool.written and not any("erase-flash" in words for words in tool.told)


def test_board_whose_table_lacks_the_files_of_the_image_is_left_alone(run, here):
    entries = (*image.TABLE, image.VFS)
    path = write(here, "old.bin", version="1.24.0", partitions=image.table(entries))
    tool = Esptool()
    status, said = run(tool, "--firmware", path, "--keep-files")
    assert status == 1 and "no vfs at 0x200000 of its size" in said and not tool.written


# Which firmware.


def test_firmware_for_another_chip_is_refused_before_anything_is_erased(run, here):
    tool = Esptool("ESP32-S3")
    path = write(here, "ESP32_GENERIC-v1.28.0.bin")
    status, said = run(tool, "--firmware", path)
    assert status == 1 and "is for ESP32; the board is ESP32-S3" in said
    assert len(tool.told) == 1


def test_build_for_any_board_with_the_chip_is_found_in_the_working_folder(run, here):
    wanted = write(here, "ESP32_GENERIC-20270101-v1.29.0.bin", version="1.29.0")
    write(here, "ESP32_GENERIC-SPIRAM-20270101-v1.30.0.bin", version="1.30.0")
    tool = Esptool()
    status, said = run(tool, "--bluetooth", "keep")
    assert status == 0 and "MicroPython 1.29.0" in said
    assert tool.written == {0x1000: wanted.read_bytes()}


@pytest.mark.parametrize(
    "number, name, features, build",
    [
        (image.ESP32, "ESP32", ", Embedded PSRAM", "ESP32_GENERIC-SPIRAM"),
        (image.S3, "ESP32-S3", ", Embedded PSRAM 8MB (AP_3v3)", "ESP32_GENERIC_S3-SPIRAM_OCT"),
        (image.S3, "ESP32-S3", ", Embedded PSRAM 2MB (AP_3v3)", "ESP32_GENERIC_S3"),
        (image.S3, "ESP32-S3", "", "ESP32_GENERIC_S3"),
    ],
)
def test_psram_in_the_chip_decides_where_no_board_is_named(
    run, here, number, name, features, build
):
    for each in ("ESP32_GENERIC-SPIRAM", "ESP32_GENERIC_S3", "ESP32_GENERIC_S3-SPIRAM_OCT"):
        chip = image.S3 if "_S3" in each else image.ESP32
        write(here, f"{each}-20260406-v1.28.0.bin", chip=chip, build=each)
    status, said = run(Esptool(name, features))
    assert status == 0 and f"{name}: {build}-20260406-v1.28.0.bin" in said


def test_board_says_which_firmware_it_takes(run, here):
    write(here, "ESP32_GENERIC_S3-20260406-v1.28.0.bin", chip=image.S3)
    status, said = run(Esptool("ESP32-S3"), "--board", "waveshare-esp32-s3-rs485-can")
    assert status == 1 and "get ESP32_GENERIC_S3-SPIRAM_OCT-<date>-v1.28.0.bin" in said
    assert "\n" not in said.strip()


def test_board_with_another_chip_is_told(run, here):
    tool = Esptool("ESP32-S3")
    status, said = run(tool, "--board", "lilygo-t-can485")
    assert (
        status == 1 and "LilyGO T-CAN485 has an esp32; the board at this port is ESP32-S3" in said
    )
    assert len(tool.told) == 1


def test_unknown_board_is_told_before_the_port_is_opened(run, here):
    tool = Esptool()
    status, said = run(tool, "--board", "t-can485")
    assert status == 1 and "there is no board t-can485; there are esp32-devkit-max3485" in said
    assert not tool.told


def test_given_firmware_that_is_another_build_is_warned_of(run, here):
    path = write(here, "ESP32_GENERIC-SPIRAM-20260406-v1.28.0.bin")
    status, said = run(Esptool(), "--firmware", path)
    assert status == 0 and "warning" in said
    assert "is ESP32_GENERIC-SPIRAM; for this board ESP32_GENERIC is right" in said


def test_older_micropython_is_warned_of(run, here):
    path = write(here, "middling.bin", version="1.27.0")
    status, said = run(Esptool(), "--firmware", path)
    assert status == 0 and "1.28 or newer is recommended" in said


@pytest.mark.parametrize(
    "data, reason",
    [
        (image.application(), "x.bin is only a part of a firmware"),
        (image.firmware()[:-1], "x.bin ends within its application"),
        (image.firmware()[:-1] + b"\0", "x.bin is damaged: the SHA-256"),
        (bytes(0x20000), "x.bin is no firmware of an ESP32"),
    ],
)
def test_unfit_file_is_refused_before_the_port_is_opened(run, here, data, reason):
    (here / "x.bin").write_bytes(data)
    tool = Esptool()
    status, said = run(tool, "--firmware", here / "x.bin")
    assert status == 1 and reason in said and not tool.told


# The board and its port.


def test_silent_board_is_told_with_what_helps(run, here):
    path = write(here, "firmware.bin")
    status, said = run(Esptool(fails_at="flash-id"), "--firmware", path)
    assert status == 1 and "No serial data received. Hold the BOOT button" in said


def test_chip_without_a_bridge_is_named(run, here):
    status, said = run(Esptool("ESP8266"))
    assert status == 1 and "does not run on ESP8266" in said


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
