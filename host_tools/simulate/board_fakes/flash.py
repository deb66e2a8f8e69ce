# SPDX-License-Identifier: MIT
"""The board's flash as an image file with MicroPython's own littlefs on it."""

import struct

import flash_time
import flashbdev
import host
import idf_heap
import vfs

_BLOCK = 4096

# As a stock image's inisetup.py leaves it.
_BOOT = "# This file is executed on every boot (including wake-boot from deepsleep)\n"


class Flash:
    """A block device. The journal, if the state folder has one, gets every write: offset, length, bytes."""

    def __init__(self, path):
        self._file = host.disk.open(path, "r+b")
        self._blocks = self._file.seek(0, 2) // _BLOCK
        try:
            host.open_state("journal", "rb").close()
            self._journal = host.open_state("journal", "ab")
        except OSError:
            self._journal = None

    def readblocks(self, block, buffer, offset=0):
        idf_heap.glance()
        flash_time.read(len(buffer))
        self._file.seek(block * _BLOCK + offset)
        self._file.readinto(buffer)

    def writeblocks(self, block, buffer, offset=0):
        flash_time.program(len(buffer))
        at = block * _BLOCK + offset
        self._file.seek(at)
        self._file.write(buffer)
        if self._journal:
            self._journal.write(struct.pack("<II", at, len(buffer)))
            self._journal.write(buffer)

    def ioctl(self, operation, argument):
        if operation == 4:
            return self._blocks
        if operation == 5:
            return _BLOCK
        if operation == 6:
            flash_time.erase()
        return 0


def load(path):
    """The file system; a blank flash is formatted, as the ESP32 port does."""
    flash = flashbdev.bdev = Flash(path)
    try:
        return vfs.VfsLfs2(flash)
    except OSError:
        vfs.VfsLfs2.mkfs(flash)
        disk = vfs.VfsLfs2(flash)
        with disk.open("boot.py", "w") as file:
            file.write(_BOOT)
        return disk
