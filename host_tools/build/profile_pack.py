# SPDX-License-Identifier: MIT
"""All profiles as one file for the board: firmware/modes/profile_pack.py reads it, docs/formats/device.md describes it.

Left out is what only people read: where a register comes from, and the maker's name for it. Each profile keeps the key `source`, which its
format wants.
"""

import binascii
import functools
import json
import zlib
from pathlib import Path
from typing import Any

TARGET = "lib/planning/profiles.pack"
WINDOW_BITS = 12  # 4 kB, which the board needs to read it
_PART_BYTES = 16384  # what is unpacked at the most to find one
_FOR_PEOPLE = ("label", "source")


def packed(folder: Path) -> bytes:
    """The pack of the profiles in a folder; the same to the byte whenever it is made of the same ones."""
    paths = {path.stem: path for path in folder.glob("*.json")}
    index, stream = _compressed([(name, _line(paths[name])) for name in sorted(paths)])
    start = len(_head(index, 0))
    rest = _head(index, start)[9:] + stream
    return b"%08x %b" % (binascii.crc32(rest), rest)


@functools.cache
def crc(folder: Path) -> int:
    """As the board reads it from the pack's beginning."""
    return int(packed(folder)[:8], 16)


def _line(path):
    profile = json.loads(path.read_bytes())
    profile = {key: _without(value) for key, value in profile.items()} | {"source": []}
    text = json.dumps(profile, ensure_ascii=False, separators=(",", ":"))
    return f"{path.stem} {text}\n".encode()


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without(one) for key, one in value.items() if key not in _FOR_PEOPLE}
    return [_without(one) for one in value] if isinstance(value, list) else value


def _compressed(lines):
    """([(first name, offset) of each part], the deflate stream). Nothing in a part refers to what is before it."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -WINDOW_BITS, 9)
    index, stream, room = [], b"", 0
    for name, line in lines:
        if len(line) > room:
            stream += packer.flush(zlib.Z_FULL_FLUSH) if index else b""
            index.append((name, len(stream)))
            room = _PART_BYTES
        stream += packer.compress(line)
        room -= len(line)
    return index, stream + packer.flush()


def _head(index, start):
    """The first line, with room for the CRC; as long whatever the start."""
    words = "".join(f" {name} {start + offset:06}" for name, offset in index)
    return f"{'':8}{words}\n".encode()
