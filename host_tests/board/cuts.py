# SPDX-License-Identifier: MIT
"""Runs in MicroPython: cut the power after every block write of a journal, and in the middle of it.

    cuts.py IMAGE JOURNAL

Prints for each of these what a board would find then: digest of all files of the slot that /slot names, and of boot.py
and main.py; or why it would find nothing.
"""

import binascii
import hashlib
import struct
import sys

import vfs

BLOCK = 4096


class Flash:
    def __init__(self, data):
        self.data = data

    def readblocks(self, block, buffer, offset=0):
        at = block * BLOCK + offset
        buffer[:] = self.data[at : at + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        raise OSError("a look must not write")

    def ioctl(self, operation, argument):
        return {4: len(self.data) // BLOCK, 5: BLOCK}.get(operation, 0)


def read(disk, path):
    with disk.open(path, "rb") as file:
        return file.read()


def add(disk, total, path):
    for name, kind, *_ in sorted(disk.ilistdir(path)):
        if kind & 0x4000:
            add(disk, total, path + "/" + name)
        else:
            total.update(name.encode())
            total.update(read(disk, path + "/" + name))


def found(data):
    disk = vfs.VfsLfs2(Flash(data))
    try:
        crc, _, words = read(disk, "/slot").partition(b" ")
        assert crc == b"%08x" % binascii.crc32(words)
        words = words.decode()
    except OSError:
        return "no slot"
    total = hashlib.sha256()
    add(disk, total, words.split()[0])
    top = hashlib.sha256(read(disk, "/boot.py") + read(disk, "/main.py"))
    return " ".join((words.replace(" ", "+"), total.digest().hex(), top.digest().hex()))


with open(sys.argv[1], "rb") as file:
    data = bytearray(file.read())
print(found(data))
with open(sys.argv[2], "rb") as file:
    while True:
        head = file.read(8)
        if len(head) < 8:
            break
        at, size = struct.unpack("<II", head)
        new = file.read(size)
        half = size // 2
        data[at : at + half] = new[:half]
        print(found(data))
        data[at : at + size] = new
        print(found(data))
