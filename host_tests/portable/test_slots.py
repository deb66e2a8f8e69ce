# SPDX-License-Identifier: MIT
"""Which slot a start takes: whatever becomes of /slot, one that is whole. main.py on a flash that is a dict."""

import binascii

import esp32_fakes  # noqa: F401  (before the firmware)
from esp32_fakes import Board
from firmware import main
from firmware.main import ResetMemory


class Flash:
    """Stands for os and open in main.py. files: {path: bytes}; whole: the roots that are."""

    def __init__(self, slot, whole=("/a", "/b"), is_full=False):
        self.files = {} if slot is None else {"/slot": slot}
        self._whole = whole
        self._is_full = is_full

    def ilistdir(self, path):
        if path not in [root + "/firmware/modes" for root in self._whole]:
            raise OSError(2)
        return [("store.mpy", 0x8000), ("version.mpy", 0x8000)]

    def open(self, path, mode="r"):
        if "w" in mode and self._is_full:
            raise OSError(28)
        if mode == "rb" and path not in self.files:
            raise OSError(2)
        return File(self, path)

    def rename(self, old, new):
        self.files[new] = self.files.pop(old)


class File:
    def __init__(self, flash, path):
        self._flash = flash
        self._path = path

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def read(self):
        return self._flash.files[self._path]

    def write(self, text):
        self._flash.files[self._path] = text.encode()


def crc(words):
    """docs/formats/device.md."""
    return b"%08x " % (binascii.crc32(words) & 0xFFFFFFFF) + words


def start(flash, failed=0):
    """(root, whether it is on trial, whether safe mode is to run) of one start, after so many that failed."""
    real = main.os
    main.os = flash
    main.open = flash.open
    Board.rtc = b"N" + bytes([failed]) + b"\0\0\0\0burnt"
    try:
        return main.count(ResetMemory())
    finally:
        main.os = real
        del main.open


def test_slot_names_what_is_started():
    assert start(Flash(crc(b"/a"))) == ("/a", False, False)
    assert start(Flash(crc(b"/b"))) == ("/b", False, False)
    assert start(Flash(crc(b"/b /a"))) == ("/b", True, False)
    assert start(Flash(crc(b"/b /"), ("/b", "/"))) == ("/b", True, False)


def test_board_without_slots_starts_what_lies_at_the_top():
    assert start(Flash(None, ())) == ("", False, False)
    assert start(Flash(None, ("/",))) == ("", False, False)


def serves_within_two_starts(text, whole):
    """Without a failed start, and after one."""
    for failed in (0, 1):
        flash = Flash(text, whole)
        root, _, is_safe = start(flash, failed)
        if root not in whole or is_safe:
            return False
    return True


def test_every_flipped_bit_and_every_cut_of_slot_starts_a_slot_that_is_whole():
    for words, whole in (
        (b"/a", ("/a",)),
        (b"/b", ("/b",)),
        (b"/b", ("/a", "/b")),
        (b"/b /a", ("/a", "/b")),
        (b"/a /b", ("/b",)),
    ):
        text = crc(words)
        for old in (text, words):  # as written before there was a CRC, too
            for at in range(len(old)):
                assert serves_within_two_starts(old[:at], whole), (words, at)
                for bit in range(8):
                    flipped = bytearray(old)
                    flipped[at] ^= 1 << bit
                    assert serves_within_two_starts(bytes(flipped), whole), (words, at, bit)


def test_whatever_lies_in_slot_or_nothing_starts_a_slot_that_is_whole():
    for text in (
        None, b"", b" ", b"\xff" * 8, bytes(4096), b"\0", b"/c", b"/a/b", crc(b"/c"), crc(b""), crc(b" "), b"00000000 ",
        crc(b"/")[:8], "ä".encode(), crc(b"/c /a"), crc("/ä".encode()),
    ):  # fmt: skip
        for whole in (("/a",), ("/b",), ("/a", "/b")):
            assert serves_within_two_starts(text, whole), (text, whole)


def test_slot_that_is_not_whole_is_not_started_though_it_is_named():
    assert start(Flash(crc(b"/b /a"), ("/a",))) == ("/a", False, False)
    assert start(Flash(crc(b"/a"), ("/b",))) == ("/b", False, False)
    assert start(Flash(crc(b"/a"), ())) == ("", False, False)


def test_other_slot_is_tried_where_slot_is_damaged_and_the_first_one_fails():
    flash = Flash(b"")
    assert start(flash, 0) == ("/a", True, False)
    assert start(flash, 2) == ("/b", False, False)
    assert flash.files == {"/slot": crc(b"/b")}
    assert start(Flash(b"", is_full=True), 2) == ("/b", False, False)


def test_reason_of_a_version_that_is_given_up_keeps_its_end():
    Board.rtc = b"N\2\0\0\0\0" + b"." * 495 + b"burnt"
    flash = Flash(crc(b"/b /a"))
    real, main.os, main.open = main.os, flash, flash.open
    try:
        main.count(ResetMemory())
    finally:
        main.os = real
        del main.open
    assert Board.rtc[6:].startswith(b"the new version was given up: ...")
    assert Board.rtc.endswith(b".burnt") and len(Board.rtc) == 506


def test_number_of_failed_starts_that_nobody_wrote_is_none():
    for failed in range(8, 256):
        assert start(Flash(crc(b"/a")), failed) == ("/a", False, False)
    for asked in (6, 7):
        assert start(Flash(crc(b"/a")), asked) == ("/a", False, asked), "the set-up mode"
    assert start(Flash(crc(b"/a")), 5) == ("/a", False, 5), "safe mode"
