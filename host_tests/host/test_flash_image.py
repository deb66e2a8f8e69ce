# SPDX-License-Identifier: MIT
"""What a firmware file holds, and how the memory for Bluetooth is released in it. The files are the builder's."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host_tests.host import esp32_image as build
from host_tools.owner import bluetooth_memory, firmware_image, flash
from host_tools.owner.bluetooth_memory import NotReleased
from host_tools.owner.firmware_image import ImageError

STOCK = build.firmware()
APP = build.app_start()
TABLE_AT = 0x7000  # in a file of an ESP32
OFFICIAL_MD5 = "fcbb2b925747711e3b24bc188f657bac"  # ESP32_GENERIC-20241025-v1.24.0.bin
PAIRS = (build.BT_DATA, build.BT_EM, build.BT_BSS)


def released(data):
    return bluetooth_memory.release(data, firmware_image.application(data))


def info(tmp_path, app, chip="esp32"):
    """What esptool says of an application."""
    path = tmp_path / "application.bin"
    path.write_bytes(app)
    status, said = flash.esptool(["--chip", chip, "image-info", str(path)], False)
    assert status == 0, said
    return said


# The builder itself.


@pytest.mark.parametrize("chip, name", [(build.ESP32, "esp32"), (build.S3, "esp32s3")])
def test_esptool_finds_what_the_builder_makes_valid(tmp_path, chip, name):
    said = info(tmp_path, build.application(chip), name)
    assert said.count("(valid)") == 2 and "(invalid" not in said


def test_builders_partition_table_is_that_of_an_official_image():
    made = build.table((build.NVS, build.PHY, build.FACTORY, build.VFS))
    assert made[4 * 32 + 16 : 5 * 32].hex() == OFFICIAL_MD5


# What is read.


def test_application_is_found_by_the_partition_table():
    found = firmware_image.application(STOCK)
    assert (found.start, found.end, found.hash_at) == (APP, len(STOCK), len(STOCK) - 32)
    assert found.partition.label == "factory"
    assert [segment.address for segment in found.segments] == [0x3F400020, 0x3FFBDB60, 0x400D0020]


def test_application_elsewhere_is_found_as_well():
    entries = (build.NVS, (0, 0x10, 0x20000, 0x180000, "ota_0"))
    data = build.firmware(app=b"", partitions=build.table(entries))
    data = data.ljust(0x1F000, b"\xff") + build.application()
    assert firmware_image.application(data).start == 0x1F000


def test_what_follows_the_application_is_not_its():
    assert firmware_image.application(STOCK + b"\xff" * 999).end == len(STOCK)


def test_table_ends_without_an_md5_as_well():
    without_md5 = build.table()[: 3 * 32].ljust(0xC00, b"\xff")
    assert [entry.label for entry in firmware_image.partitions(without_md5)] == [
        "nvs",
        "phy_init",
        "factory",
    ]


@pytest.mark.parametrize(
    "data, reason",
    [
        (b"", "no firmware of an ESP32"),
        (b"\xe9", "no firmware of an ESP32"),
        (b"\x7fELF" + bytes(0x20000), "no firmware of an ESP32"),
        (build.image(0x12, [(0x4FF00000, b"P4")]), "chip on which the bridge does not run"),
        (build.application(), "only a part of a firmware"),
        (build.application().ljust(0x20000, b"\xff"), "only a part of a firmware"),
        (STOCK[:TABLE_AT], "only a part of a firmware"),
        (STOCK[:APP], "ends before its application"),
        (STOCK[: APP + 20], "ends before its application"),
        (STOCK[: APP + 28], "ends within its application"),
        (STOCK[: APP + 1000], "ends within its application"),
        (STOCK[:-33], "ends within its application"),
        (STOCK[:-1], "ends within its application"),
        (build.firmware(app=bytes(500)), "no application is where its partition table says"),
        (
            build.firmware(app=build.image(build.ESP32, [(0x3F400020, b"data")] * 17)),
            "no application is where its partition table says",
        ),
        (build.firmware(app=build.application(build.S3)), "for different chips"),
        (build.firmware(partitions=build.table((build.NVS,))), "no application in its partition"),
        (
            build.firmware(partitions=build.table(((0, 0, 0x10000, 0x400, "factory"),))),
            "too large for its partition factory",
        ),
    ],
)
def test_what_is_no_whole_firmware_is_refused_with_the_reason(data, reason):
    with pytest.raises(ImageError, match=reason):
        firmware_image.application(data)


def changed(data, at):
    return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]


@pytest.mark.parametrize(
    "at, reason",
    [
        (TABLE_AT + 8, "damaged partition table .its MD5"),
        (TABLE_AT + 3 * 32 + 20, "damaged partition table .its MD5"),
        (TABLE_AT + 32, "damaged partition table .an unknown entry"),
        (APP + 200, "checksum of its application is wrong"),
        (len(STOCK) - 33, "checksum of its application is wrong"),
        (APP + 4, "SHA-256 of its application is wrong"),
        (len(STOCK) - 1, "SHA-256 of its application is wrong"),
    ],
)
def test_one_wrong_bit_is_told(at, reason):
    with pytest.raises(ImageError, match=reason):
        firmware_image.application(changed(STOCK, at))


@settings(max_examples=200, deadline=None)
@given(st.integers(APP, len(STOCK) - 1), st.integers(1, 255))
def test_no_wrong_byte_of_an_application_passes(at, bits):
    data = bytearray(STOCK)
    data[at] ^= bits
    with pytest.raises(ImageError):
        firmware_image.application(bytes(data))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 0xC0), st.binary(min_size=1, max_size=8)), max_size=6))
def test_any_bytes_are_read_or_refused(changes):
    data = bytearray(STOCK)
    for at, new in changes:
        for base in (0, TABLE_AT, APP):
            data[base + at : base + at + len(new)] = new
    try:
        firmware_image.application(bytes(data))
    except ImageError:
        assert changes


# The memory for Bluetooth.


@pytest.mark.parametrize("hashed", [True, False])
def test_released_image_is_the_one_that_reserves_nothing(tmp_path, hashed):
    stock = build.firmware(hashed=hashed)
    data = released(stock)
    assert data == build.firmware(hashed=hashed, reserved=build.RELEASED)
    said = info(tmp_path, data[APP:])
    assert said.count("(valid)") == 1 + hashed and "(invalid" not in said


def test_only_twelve_bytes_the_checksum_and_the_hash_change():
    data = released(STOCK)
    ends = {STOCK.index(struct.pack("<II", *pair)) + 4 for pair in PAIRS}
    allowed = {end + i for end in ends for i in range(4)} | set(range(len(STOCK) - 33, len(STOCK)))
    assert len(data) == len(STOCK)
    assert {i for i in range(len(data)) if data[i] != STOCK[i]} <= allowed
    assert all(data[end : end + 4] == STOCK[end - 4 : end] for end in ends)


def test_released_bytes_are_those_of_the_areas():
    assert bluetooth_memory.RELEASED_BYTES == 38360


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("times", [0, 2])
def test_area_must_stand_exactly_once(pair, times):
    reserved = [each for each in build.RESERVED if each != pair] + [pair] * times
    with pytest.raises(
        NotReleased, match=f"0x{pair[0]:X}-0x{pair[1]:X} {times} times instead of once"
    ):
        released(build.firmware(reserved=reserved))


def test_image_released_before_is_left_alone():
    with pytest.raises(NotReleased, match="0 times instead of once"):
        released(build.firmware(reserved=build.RELEASED))


@pytest.mark.parametrize(
    "sizes, reserved",
    [
        # The example of MicroPython's documentation of esp32.idf_heap_info.
        ((240, 7288, 16648, 79912, 15072, 113840), True),
        # The official 1.24.0 on an emulated ESP32, as it is and released.
        ((240, 7288, 16648, 85200, 15072, 113840), True),
        ((62536, 85200, 15072, 113840), False),
        # An ESP32 without Bluetooth: static data follow at 0x3FFB0000.
        ((6432, 118000, 15072, 113840), False),
        # Other chips and builds may have a heap of one of these sizes.
        ((7288, 85200), False),
        ((16648, 85200), False),
        ((), False),
    ],
)
def test_board_that_reserves_memory_for_bluetooth_is_told_by_its_heaps(sizes, reserved):
    assert bluetooth_memory.is_reserved(sizes) is reserved
