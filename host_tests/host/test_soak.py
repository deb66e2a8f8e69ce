# SPDX-License-Identifier: MIT
"""A day of the bridge in virtual time on 32-bit MicroPython (host_tools/simulate/soak), and what would be complained of."""

import pytest

from host_tools.simulate.soak import __main__ as soak

LOOK = {
    "hour": 2.5, "live": 98000, "largest": 58000, "names": 760, "reads": 3, "clients": 0, "polled": 1, "sockets": 0, "crashes": 0,
    "unfed_ms": 6000, "answered": 450, "refused": 19, "day_wh": None, "total_wh": 4002500,
}  # fmt: skip


def test_a_day_changes_nothing(tmp_path):
    looks = list(soak.looks(tmp_path, 24))
    assert [one["hour"] // 1 for one in looks] == list(range(25))
    assert looks[0]["tick"] > looks[-1]["tick"], "the ticks have wrapped"
    assert len({one["day"] for one in looks}) == 2, "midnight was within"
    assert sum(one["answered"] for one in looks) > 10000
    before = looks[2]
    said = [
        (one["hour"], text)
        for one in looks[2:]
        for text in soak.complaints(before, one, soak.midnight_wh(one["hour"]))
    ]
    assert said == []


@pytest.mark.parametrize(
    "key, value",
    [
        ("live", 98272), ("largest", 57984), ("names", 761), ("reads", 4), ("clients", 1), ("polled", 2), ("sockets", 1),
        ("crashes", 1), ("unfed_ms", 12000), ("answered", 0), ("refused", 60),
    ],
)  # fmt: skip
def test_each_change_is_told(key, value):
    assert list(soak.complaints(LOOK, LOOK, None)) == []
    assert len(list(soak.complaints(LOOK, LOOK | {key: value}, None))) == 1


def test_the_day_counts_from_the_local_midnight():
    # Begun at 12:00; the night to the 26th of October 2025 has an hour more, so the next midnight comes after 37 hours.
    assert [soak.midnight_wh(hour) for hour in (0, 11.9, 12, 36.9, 37, 60.9, 61)] == [
        None, None, 4012000, 4012000, 4037000, 4037000, 4061000,
    ]  # fmt: skip
    look = LOOK | {"total_wh": 4021500, "day_wh": 9500}
    assert list(soak.complaints(LOOK, look, 4012000)) == []
    for day_wh in (None, 8500, 21500):
        assert len(list(soak.complaints(LOOK, look | {"day_wh": day_wh}, 4012000))) == 1
