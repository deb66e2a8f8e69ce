# SPDX-License-Identifier: MIT
"""The memory that an image of the classic ESP32 reserves for Bluetooth: release it, and see whether a board has it.

ESP-IDF reserves three areas by constants in the application's read-only data (SOC_RESERVE_MEMORY_REGION in
components/bt/controller/esp32/bt.c); its heap takes what is not reserved. docs/flashing.md says why an area whose end
is its start is harmless.
"""

import struct
from collections.abc import Iterable, Iterator

from host_tools.owner import firmware_image
from host_tools.owner.firmware_image import Application

# {start, end} on the chip: data, exchange memory and BSS of the Bluetooth controller in ROM.
AREAS = (
    (0x3FFAE6E0, 0x3FFAFF10),
    (0x3FFB0000, 0x3FFB6388),
    (0x3FFB8000, 0x3FFB9A20),
)
RELEASED_BYTES = sum(end - start for start, end in AREAS)

_READ_ONLY_DATA = range(0x3F400000, 0x3F800000)  # where the ESP32 maps flash as data
_PAIR = struct.Struct("<II")
_MISC = 0x3FFBDB28  # SOC_MEM_BT_MISC_START: the fourth area, of 52 bytes, which stays reserved

# What lies between the areas is too small to join anything else, so each piece is a heap of its own.
_PIECES_BYTES = {AREAS[2][0] - AREAS[1][1], _MISC - AREAS[2][1]}


class NotReleased(Exception):
    """The image is not one that this can change safely; the text says why, and its subject is the image."""


def release(data: bytes, application: Application) -> bytes:
    """The firmware file with no memory reserved for Bluetooth: 12 bytes, the checksum and the SHA-256 change.

    application: firmware_image.application(data). Raises NotReleased, and then nothing may be changed.
    """
    changed = bytearray(data)
    for start, end in AREAS:
        at = _only(data, application, _PAIR.pack(start, end))
        _PAIR.pack_into(changed, at, start, start)
    checksum = firmware_image.checksum(changed, application.segments)
    changed[application.checksum_at] = checksum
    if application.hash_at:
        digest = firmware_image.digest(changed, application)
        changed[application.hash_at : application.end] = digest
    return bytes(changed)


def _only(data: bytes, application: Application, pair: bytes) -> int:
    """Where the pair stands in the read-only data: exactly once, or it is not the one that we mean."""
    found = [
        segment.start + at
        for segment in application.segments
        if segment.address in _READ_ONLY_DATA
        for at in _all(data[segment.start : segment.end], pair)
    ]
    if len(found) != 1:
        start, end = _PAIR.unpack(pair)
        raise NotReleased(f"reserves 0x{start:X}-0x{end:X} {len(found)} times instead of once")
    return found[0]


def _all(data: bytes, wanted: bytes) -> Iterator[int]:
    at = data.find(wanted)
    while at >= 0:
        yield at
        at = data.find(wanted, at + 1)


def is_reserved(heap_sizes: Iterable[int]) -> bool:
    """Whether a board's image reserves memory for Bluetooth, so that `make flash` could release it.

    heap_sizes: the first number of each tuple of esp32.idf_heap_info(esp32.HEAP_DATA), in bytes. False for a board
    whose memory is released, for one built without Bluetooth, and for every chip but the classic ESP32.
    """
    return _PIECES_BYTES <= set(heap_sizes)
