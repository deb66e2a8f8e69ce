# SPDX-License-Identifier: MIT
"""Firmware files of an ESP32, built from ESP-IDF's description of them alone (esp_app_format.h, esp_flash_partitions.h).

test_flash_image.py holds the builder against esptool and against a table of an official image.
"""

import functools
import hashlib
import operator
import struct

# (type, subtype, offset, size, label) of partitions-4MiBplus.csv, MicroPython's since 1.26.
NVS = (1, 2, 0x9000, 0x6000, "nvs")
PHY = (1, 1, 0xF000, 0x1000, "phy_init")
FACTORY = (0, 0, 0x10000, 0x1F0000, "factory")
VFS = (1, 0x81, 0x200000, 0x200000, "vfs")  # partitions-4MiB.csv, until 1.25
TABLE = (NVS, PHY, FACTORY)

# {start, end} that an ESP32 image with Bluetooth reserves, in the order of the official 1.24.0.
ROM_DATA, CACHE = (0x3FFAE000, 0x3FFAE6E0), (0x40070000, 0x40078000)
BT_DATA, BT_MISC = (0x3FFAE6E0, 0x3FFAFF10), (0x3FFBDB28, 0x3FFBDB5C)
BT_BSS, BT_EM = (0x3FFB8000, 0x3FFB9A20), (0x3FFB0000, 0x3FFB6388)
RESERVED = (ROM_DATA, CACHE, BT_DATA, BT_MISC, BT_BSS, BT_EM)
RELEASED = (
    ROM_DATA,
    CACHE,
    (0x3FFAE6E0, 0x3FFAE6E0),
    BT_MISC,
    (0x3FFB8000, 0x3FFB8000),
    (0x3FFB0000, 0x3FFB0000),
)
# btdm_dram_available_region of bt.c, {mode, start, end}, in RAM: the same numbers, which must stay.
_CONTROLLER = struct.pack("<9I", 3, *BT_DATA, 3, *BT_EM, 3, *BT_BSS)

# esp_app_desc_t, at the beginning of every application's read-only data: version, name, time, IDF, ELF's SHA-256.
_DESCRIPTION = struct.pack(
    "<II8x32s32s16s16s32s32s80x", 0xABCD5432, 0, b"1", b"micropython", b"", b"", b"v5.5.1", b""
)

ESP32, S2, C3, S3, C6 = 0, 2, 5, 9, 13
_BOOTLOADER_AT = {ESP32: 0x1000, S2: 0x1000, C3: 0, S3: 0, C6: 0}
_READ_ONLY_AT = {ESP32: 0x3F400020, S2: 0x3F000020, C3: 0x3C000020, S3: 0x3C000020, C6: 0x42000020}


def table(entries=TABLE):
    """A partition table with its MD5, as it is in flash."""
    data = b"".join(
        struct.pack("<HBBII16sI", 0x50AA, kind, subtype, offset, size, label.encode(), 0)
        for kind, subtype, offset, size, label in entries
    )
    data += b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(data).digest()
    return data.ljust(0xC00, b"\xff")


def image(chip, segments, hashed=True):
    """One image: header, extended header, segments [(address, bytes)], checksum and perhaps the SHA-256."""
    data = struct.pack("<BBBBI", 0xE9, len(segments), 2, 0x20, 0x40081000)
    data += struct.pack("<B3xHBHH4xB", 0xEE, chip, 0, 0, 399, hashed)
    checksum = 0xEF
    for address, content in segments:
        content = content.ljust(-(-len(content) // 4) * 4, b"\0")
        data += struct.pack("<II", address, len(content)) + content
        checksum = functools.reduce(operator.xor, content, checksum)
    while len(data) % 16 != 15:
        data += b"\0"
    data += bytes([checksum])
    return data + hashlib.sha256(data).digest() if hashed else data


def application(chip=ESP32, reserved=RESERVED, version="1.28.0", build=None, hashed=True):
    """MicroPython's application, as far as anybody looks at it."""
    text = f"MicroPython v{version} on 2026-04-06; ".encode() if version else b"a program"
    text = text + b"\0" + (build or "").encode() + b"\0"
    pairs = b"".join(struct.pack("<II", *pair) for pair in reserved)
    segments = [
        (_READ_ONLY_AT[chip], _DESCRIPTION + text.ljust(128, b"\0") + pairs + b"\x5a" * 40),
        (0x3FFBDB60, b"\x11\x22\x33\x44" + _CONTROLLER),
        (0x400D0020, bytes(range(256)) * 8),
    ]
    return image(chip, segments, hashed)


def firmware(app=None, chip=ESP32, partitions=None, **options):
    """A whole file as micropython.org has it: bootloader, partition table and application."""
    app = application(chip, **options) if app is None else app
    start = _BOOTLOADER_AT[chip]
    data = image(chip, [(0x3FFF0030, b"bootloader")]).ljust(0x8000 - start, b"\xff")
    data += table() if partitions is None else partitions
    return data.ljust(FACTORY[2] - start, b"\xff") + app


def app_start(chip=ESP32):
    """Where the application is in the file."""
    return FACTORY[2] - _BOOTLOADER_AT[chip]
