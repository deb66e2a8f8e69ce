# SPDX-License-Identifier: MIT
"""What a firmware file (.bin) of an ESP32 holds: bootloader, partition table, application.

The layout is ESP-IDF's: esp_app_format.h (an image: header, segments, checksum, SHA-256) and esp_flash_partitions.h
(the partition table). All offsets are in bytes and from the start of the file, unless a name says `flash`.
"""

import functools
import hashlib
import operator
import struct
from typing import NamedTuple

TABLE_IN_FLASH = 0x8000
TABLE_BYTES = 0xC00
HASH_BYTES = 32

_IMAGE_MAGIC = 0xE9
_CHECKSUM_SEED = 0xEF
_CHIP_AT, _HASH_APPENDED_AT = 12, 23
_HEADER_BYTES = 24
_SEGMENT = struct.Struct("<II")  # address, length
_MOST_SEGMENTS = 16

_ENTRY = struct.Struct("<2sBBII16sI")
_ENTRY_MAGIC = b"\xaa\x50"
_MD5_MAGIC = b"\xeb\xeb"
_MD5_AT = 16  # in its entry
_APP = 0


class ImageError(Exception):
    """The bytes are no whole firmware; the text says why, and its subject is the file."""


class Chip(NamedTuple):
    """name: as esptool says it. bootloader_at: where its ROM looks for the bootloader, in flash."""

    name: str
    bootloader_at: int

    @property
    def option(self) -> str:
        """As esptool's --chip and `chip` in boards/*.json have it: esp32s3."""
        return self.name.lower().replace("-", "")

    @property
    def generic(self) -> str:
        """As micropython.org names its build for any board with this chip: ESP32_GENERIC_S3."""
        return self.name.replace("ESP32", "ESP32_GENERIC").replace("-", "_")


ESP32 = Chip("ESP32", 0x1000)
CHIPS = {
    0: ESP32,
    2: Chip("ESP32-S2", 0x1000),
    5: Chip("ESP32-C3", 0),
    9: Chip("ESP32-S3", 0),
    13: Chip("ESP32-C6", 0),
}


class Partition(NamedTuple):
    kind: int
    subtype: int
    flash_offset: int
    size_bytes: int
    label: str
    flags: int


class Segment(NamedTuple):
    """A part of an application: its address on the chip, and its bytes in the file."""

    address: int
    start: int
    end: int


class Application(NamedTuple):
    """start to end are its bytes in the file: header, segments, padding, checksum and perhaps the SHA-256."""

    partition: Partition
    start: int
    end: int
    segments: tuple[Segment, ...]
    checksum_at: int
    hash_at: int | None


def chip(data: bytes) -> Chip:
    """The chip that the first image of the file is for."""
    if len(data) < _HEADER_BYTES or data[0] != _IMAGE_MAGIC:
        raise ImageError("is no firmware of an ESP32")
    number = int.from_bytes(data[_CHIP_AT : _CHIP_AT + 2], "little")
    if number not in CHIPS:
        raise ImageError("is for a chip on which the bridge does not run")
    return CHIPS[number]


def file_partitions(data: bytes) -> tuple[Partition, ...]:
    """The partition table in a firmware file that begins with the bootloader."""
    start = TABLE_IN_FLASH - chip(data).bootloader_at
    table = data[start : start + TABLE_BYTES]
    if not table.startswith(_ENTRY_MAGIC):
        raise ImageError("is only a part of a firmware (an update?); take the whole")
    return partitions(table)


def partitions(table: bytes) -> tuple[Partition, ...]:
    """The entries of a partition table, in its order. table: its bytes in flash."""
    found: list[Partition] = []
    for start in range(0, len(table) - _ENTRY.size + 1, _ENTRY.size):
        entry = table[start : start + _ENTRY.size]
        if entry.startswith(_ENTRY_MAGIC):
            found.append(_partition(entry))
        elif entry.startswith(_MD5_MAGIC):
            if entry[_MD5_AT:] != hashlib.md5(table[:start]).digest():
                raise ImageError("has a damaged partition table (its MD5 is wrong)")
            break
        elif entry == b"\xff" * _ENTRY.size:
            break
        else:
            raise ImageError("has a damaged partition table (an unknown entry)")
    if not found:
        raise ImageError("has no partition table")
    return tuple(found)


def _partition(entry: bytes) -> Partition:
    _, kind, subtype, flash_offset, size_bytes, label, flags = _ENTRY.unpack(entry)
    name = label.rstrip(b"\0").decode("ascii", "replace")
    return Partition(kind, subtype, flash_offset, size_bytes, name, flags)


def applications(table: tuple[Partition, ...]) -> list[Partition]:
    """The partitions that an application can be in: one, or several where updates over Wi-Fi are possible."""
    return [partition for partition in table if partition.kind == _APP]


def application(data: bytes) -> Application:
    """The application of a firmware file. Raises ImageError unless it is whole: no byte missing or wrong."""
    places = applications(file_partitions(data))
    if not places:
        raise ImageError("has no application in its partition table")
    start = places[0].flash_offset - chip(data).bootloader_at
    found = _read(data, start, places[0])
    if found.end - start > places[0].size_bytes:
        raise ImageError(f"has an application too large for its partition {places[0].label}")
    if data[found.checksum_at] != checksum(data, found.segments):
        raise ImageError("is damaged: the checksum of its application is wrong")
    if found.hash_at and data[found.hash_at : found.end] != digest(data, found):
        raise ImageError("is damaged: the SHA-256 of its application is wrong")
    return found


def _read(data: bytes, start: int, partition: Partition) -> Application:
    """Where the parts of the application at `start` are."""
    header = data[max(start, 0) : start + _HEADER_BYTES]
    if len(header) < _HEADER_BYTES:
        raise ImageError("ends before its application; load it again")
    if header[0] != _IMAGE_MAGIC or header[1] > _MOST_SEGMENTS:
        raise ImageError("is damaged: no application is where its partition table says")
    if chip(header) != chip(data):
        raise ImageError("is damaged: its bootloader and its application are for different chips")
    segments = []
    at = start + _HEADER_BYTES
    for _ in range(header[1]):
        if at + _SEGMENT.size > len(data):
            raise ImageError("ends within its application; load it again")
        address, length = _SEGMENT.unpack_from(data, at)
        at += _SEGMENT.size + length
        segments.append(Segment(address, at - length, at))
    checksum_at = start + ((at - start) | 15)  # the last byte of a block of 16
    hash_at = checksum_at + 1 if header[_HASH_APPENDED_AT] else None
    end = checksum_at + 1 + (HASH_BYTES if hash_at else 0)
    if end > len(data):
        raise ImageError("ends within its application; load it again")
    return Application(partition, start, end, tuple(segments), checksum_at, hash_at)


def checksum(data: bytes | bytearray, segments: tuple[Segment, ...]) -> int:
    """The exclusive or of all bytes of all segments."""
    value = _CHECKSUM_SEED
    for segment in segments:
        value = functools.reduce(operator.xor, data[segment.start : segment.end], value)
    return value


def digest(data: bytes | bytearray, found: Application) -> bytes:
    """The SHA-256 over the application up to and with its checksum."""
    return hashlib.sha256(data[found.start : found.checksum_at + 1]).digest()
