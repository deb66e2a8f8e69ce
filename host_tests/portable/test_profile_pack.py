# SPDX-License-Identifier: MIT
"""The file that all profiles of the bridge lie in, as zlib made it: two parts of two profiles each."""

import os

import esp32_fakes  # noqa: F401  (before the firmware)
from firmware.modes import profile_pack

_PATH = "build/test.pack"
_PACK = (
    b"888cef6d ab-1 000031 cd 000062\n"
    b"JL\xd25T\xa8V\xcaS\xb22\xac\xe5JL\xd25\x82p\x94\x0e/Q\xaa\xe5\x02\x00\x00\x00\xff\xff"
    b"KNQ\xa8V\xcaS\xb22\xae\xe5JM\x830Mj\xb9\x00"
)
_PROFILES = [
    ("ab-1", b'{"n":1}\n'),
    ("ab-2", b'{"n":"\xc3\xa4"}\n'),
    ("cd", b'{"n":3}\n'),
    ("ef", b'{"n":4}\n'),
]


def written(data):
    try:
        os.mkdir("build")
    except OSError:
        pass
    with open(_PATH, "wb") as file:
        file.write(data)
    return _PATH


def test_each_profile_is_found_and_no_other():
    path = written(_PACK)
    for name, text in _PROFILES:
        assert profile_pack.find(path, name) == text, name
    for name in ("", "a", "ab", "ab-10", "ab-3", "cd ", "cda", "f", "\xe4"):
        assert profile_pack.find(path, name) is None, name


def test_all_are_read_in_one_go():
    assert list(profile_pack.lines(written(_PACK))) == _PROFILES


def test_to_find_one_only_its_part_is_unpacked():
    # What is in the other part is no longer a deflate stream.
    path = written(_PACK[:31] + b"\xff" * 31 + _PACK[62:])
    assert profile_pack.find(path, "ef") == b'{"n":4}\n'


def test_a_pack_without_profiles_is_no_trouble():
    path = written(b"00000000 \n\x03\x00")
    assert profile_pack.find(path, "ab-1") is None and list(profile_pack.lines(path)) == []


def test_a_flipped_bit_and_a_cut_anywhere_are_found_out():
    assert profile_pack.is_whole(written(_PACK))
    for at in range(len(_PACK)):
        assert not profile_pack.is_whole(written(_PACK[:at])), at
        flipped = bytearray(_PACK)
        flipped[at] ^= 1 << at % 8
        assert not profile_pack.is_whole(written(flipped)), at
