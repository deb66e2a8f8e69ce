# SPDX-License-Identifier: MIT
"""The profiles that come with the bridge: one file, made by host_tools/build/profile_pack.py, with a line for each.

    CRC name offset name offset ...     of all behind it; where the parts begin, and with which profile
    deflate stream                      name {"vendor": ...}

Unpacking takes 5.5 kB of heap, of which 4 kB are in one piece, and the line.
"""

import deflate
from micropython import const

from firmware.modes.store import crc_of, size

_WINDOW_BITS = const(12)
_CRC_BYTES = const(8)


def lines(path, name=""):
    """Yields (name, JSON as bytes) of each profile in the order of their names, from the part on that holds this one."""
    with open(path, "rb") as file:
        at, words = 0, file.readline().decode().split()
        for i in range(1, len(words), 2):
            if not at or words[i] <= name:
                at = int(words[i + 1])
        if not at:
            return  # without a profile
        file.seek(at)
        stream = deflate.DeflateIO(file, deflate.RAW, _WINDOW_BITS)
        while True:
            line = stream.readline()
            if not line:
                return
            space = line.find(b" ")
            yield str(line[:space], "utf-8"), line[space + 1 :]


def find(path, name):
    """The JSON of one profile, or None."""
    reader = lines(path, name)
    try:
        for other, text in reader:
            if other >= name:
                return text if other == name else None
    finally:
        reader.close()  # and the file
    return None


def is_whole(path):
    with open(path, "rb") as file:
        head = file.read(_CRC_BYTES)
        rest = (size(path) or 0) - _CRC_BYTES - 1
        return file.read(1) == b" " and head == b"%08x" % crc_of(file, rest)
