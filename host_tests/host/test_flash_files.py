# SPDX-License-Identifier: MIT
"""Which firmware file make flash takes: what a file says of itself, and the choice among those of a folder."""

import pytest

from host_tests.host import esp32_image as image
from host_tools.build import boards
from host_tools.owner import esptool_process, firmware_files
from host_tools.owner.firmware_files import FlashError
from host_tools.owner.firmware_image import CHIPS

ESP32, C3, S3 = CHIPS[image.ESP32], CHIPS[image.C3], CHIPS[image.S3]
OCTAL = "ESP32_GENERIC_S3-SPIRAM_OCT"


def write(folder, name, **options):
    path = folder / name
    path.write_bytes(image.firmware(**options))
    return path


@pytest.mark.parametrize(
    "name, build",
    [
        # As micropython.org names them.
        ("ESP32_GENERIC-20241025-v1.24.0.bin", "ESP32_GENERIC"),
        ("ESP32_GENERIC-SPIRAM-20251209-v1.27.0.bin", "ESP32_GENERIC-SPIRAM"),
        ("ESP32_GENERIC_S3-SPIRAM_OCT-20251209-v1.27.0.bin", OCTAL),
        ("ESP32_GENERIC-D2WD-20251209-v1.27.0.bin", "ESP32_GENERIC-D2WD"),
        ("M5STACK_ATOM-20251209-v1.27.0.bin", "M5STACK_ATOM"),
        ("ESP32_GENERIC-20260501-v1.29.0-preview.12.g0123abcde.bin", "ESP32_GENERIC"),
        ("ESP32_GENERIC-v1.28.0.bin", "ESP32_GENERIC"),
        ("micropython.bin", None),
    ],
)
def test_build_is_told_by_the_files_name(tmp_path, name, build):
    assert firmware_files.firmware(write(tmp_path, name)).build == build


def test_build_in_the_file_counts_more_than_its_name(tmp_path):
    path = write(tmp_path, "ESP32_GENERIC-20260406-v1.28.0.bin", build="ESP32_GENERIC-SPIRAM")
    assert firmware_files.firmware(path).build == "ESP32_GENERIC-SPIRAM"


def test_file_that_names_two_builds_tells_none(tmp_path):
    path = write(tmp_path, "x.bin", build="ESP32_GENERIC\0ESP32_GENERIC-SPIRAM")
    assert firmware_files.firmware(path).build is None


def test_version_in_the_name_serves_where_the_file_says_none(tmp_path):
    path = write(tmp_path, "ESP32_GENERIC-20260406-v1.28.0.bin", version=None)
    assert firmware_files.firmware(path).version == (1, 28, 0)
    with pytest.raises(FlashError, match="nameless.bin does not say which MicroPython"):
        firmware_files.firmware(write(tmp_path, "nameless.bin", version=None))


def test_old_micropython_is_refused(tmp_path):
    with pytest.raises(FlashError, match="old.bin is MicroPython 1.23.0; 1.24 or newer is needed"):
        firmware_files.firmware(write(tmp_path, "old.bin", version="1.23.0"))


@pytest.mark.parametrize(
    "data, reason",
    [
        (b"", "x.bin is no firmware of an ESP32"),
        (image.application(), "x.bin is only a part of a firmware"),
        (image.firmware()[:-40], "x.bin ends within its application"),
    ],
)
def test_what_is_no_firmware_is_named(tmp_path, data, reason):
    (tmp_path / "x.bin").write_bytes(data)
    with pytest.raises(FlashError, match=reason):
        firmware_files.firmware(tmp_path / "x.bin")


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FlashError, match="x.bin: No such file"):
        firmware_files.firmware(tmp_path / "x.bin")


def test_newest_of_the_build_is_found(tmp_path):
    write(tmp_path, "ESP32_GENERIC-20260101-v1.9.0.bin", version="1.24.1")
    wanted = write(tmp_path, "ESP32_GENERIC-20260406-v1.28.0.bin", version="1.28.0")
    write(tmp_path, "ESP32_GENERIC-SPIRAM-v1.29.0.bin", version="1.29.0")
    write(tmp_path, "ESP32_GENERIC_S3-v1.30.0.bin", chip=image.S3, version="1.30.0")
    write(tmp_path, "unknown.bin", version="1.30.0")
    (tmp_path / "other.bin").write_bytes(b"something else")
    assert firmware_files.find(tmp_path, ESP32, "ESP32_GENERIC").path == wanted


def test_file_that_tells_no_build_is_taken_where_no_other_is(tmp_path):
    write(tmp_path, "ESP32_GENERIC-SPIRAM-v1.29.0.bin", version="1.29.0")
    unknown = write(tmp_path, "unknown.bin", version="1.24.0")
    assert firmware_files.find(tmp_path, ESP32, "ESP32_GENERIC").path == unknown


def test_folder_without_a_fitting_firmware_says_what_to_get(tmp_path):
    write(tmp_path, "c3.bin", chip=image.C3)
    write(tmp_path, "s3.bin", chip=image.S3, build="ESP32_GENERIC_S3")
    (tmp_path / "half.bin").write_bytes(image.firmware()[:-40])
    with pytest.raises(FlashError) as caught:
        firmware_files.find(tmp_path, S3, OCTAL)
    said = str(caught.value)
    assert f"no {OCTAL} firmware is in this folder" in said
    assert "c3.bin is for ESP32-C3" in said and "s3.bin is for ESP32_GENERIC_S3" in said
    assert "half.bin ends within its application" in said
    assert f"get {OCTAL}-<date>-v1.28.0.bin" in said
    assert "micropython.org/download/ESP32_GENERIC_S3," in said and "FIRMWARE=" in said


@pytest.mark.parametrize("chip", CHIPS.values(), ids=lambda chip: chip.name)
def test_generic_build_is_the_first_that_a_board_with_this_chip_may_name(chip):
    assert boards.builds(chip.option)[:1] in ([chip.generic], [])


def test_builds_for_psram_in_the_chip_are_builds_of_boards():
    for name, _, build in esptool_process._PSRAM_BUILDS:
        assert build in boards.builds(name.lower().replace("-", ""))
