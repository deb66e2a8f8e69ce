# SPDX-License-Identifier: MIT
"""The file with all profiles: each is in it, without what only people read, and zlib reads it with the board's window."""

import binascii
import json
import os
import shutil
import zlib

import pytest

from host_tools.build import profile_pack
from host_tools.owner import check
from host_tools.paths import PROFILES
from planning import plan, plan_text, settings

PACK = profile_pack.packed(PROFILES)
HEAD = PACK[: PACK.index(b"\n")].decode().split()
PARTS = {name: int(at) for name, at in zip(HEAD[1::2], HEAD[2::2], strict=True)}


def unpacked(at, window_bits=12):
    """{name: profile} from the part on that begins there."""
    text = zlib.decompressobj(-window_bits).decompress(PACK[at:]).decode()
    lines = [line.split(" ", 1) for line in text.splitlines()]
    assert [name for name, _ in lines] == sorted(name for name, _ in lines)
    return {name: json.loads(profile) for name, profile in lines}


ALL = unpacked(min(PARTS.values()))


def test_all_profiles_are_in_it_and_the_crc_is_right():
    assert set(ALL) == {path.stem for path in PROFILES.glob("*.json")}
    assert int(HEAD[0], 16) == binascii.crc32(PACK[9:]) == profile_pack.crc(PROFILES)


def test_a_window_of_4_kb_is_needed_and_enough():
    with pytest.raises(zlib.error):
        unpacked(min(PARTS.values()), 11)


@pytest.mark.parametrize("name", PARTS)
def test_each_part_can_be_read_alone(name):
    profiles = unpacked(PARTS[name])
    assert profiles == {other: ALL[other] for other in ALL if other >= name}


def test_parts_are_small():
    """What a board unpacks for one profile (docs/formats/device.md), and where it lies."""
    assert len(PACK) < 31_000 and len(PARTS) > 8
    assert max(map(len, map(json.dumps, ALL.values()))) < 4_000


def test_it_is_the_same_to_the_byte_in_whatever_order_the_files_lie(tmp_path):
    for path in sorted(PROFILES.glob("*.json"), reverse=True):
        shutil.copy(path, tmp_path)
        os.utime(tmp_path / path.name, (0, 0))
    assert profile_pack.packed(tmp_path) == PACK


@pytest.mark.parametrize("name", ALL)
def test_packed_profile_gives_the_plan_that_its_file_gives(name, tmp_path):
    files = check.Files(tmp_path)

    def load(kind, other):
        return ALL.get(other) if kind == "profile" else files.load(kind, other)

    for category in files.profile(name)["roles"]:
        device = {"category": category, "profile": name, "unit": 3}
        text = json.dumps({"wifi": {"ssid": "Home"}, "devices": [device]})
        plans = [
            "".join(plan_text.pieces(plan.make(settings.read(text, loader, files.names), loader)))
            for loader in (load, files.load)
        ]
        assert plans[0] == plans[1]
