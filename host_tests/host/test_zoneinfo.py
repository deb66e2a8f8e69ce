# SPDX-License-Identifier: MIT
"""Every time zone of today, as this PC's zoneinfo knows it, against the numbers that the board makes of its POSIX string."""

import zoneinfo
from datetime import UTC, datetime
from pathlib import Path

import pytest

from host_tests import needs
from planning import zone

EPOCH = datetime(2024, 1, 1, tzinfo=UTC).timestamp()
FROM = int(
    datetime(2027, 1, 1, tzinfo=UTC).timestamp() - EPOCH
)  # changes before may not be by the rule yet
WEEK_S = 7 * 86400
RAMADAN = {"Asia/Gaza", "Asia/Hebron"}  # by the moon, which POSIX cannot say


def posix_strings():
    """{POSIX string: a zone's name}: the last line of each file is what holds from its last change on."""
    found = {}
    for name in sorted(zoneinfo.available_timezones()):
        for folder in zoneinfo.TZPATH:
            file = Path(folder, name)
            if file.is_file():
                text = file.read_bytes().rstrip(b"\n").rpartition(b"\n")[2].decode()
                found.setdefault(text, name)
                break
    return found


ZONES = posix_strings()
SUMMER = {text: name for text, name in ZONES.items() if "," in text and name not in RAMADAN}


def test_every_zone_is_taken():
    if not ZONES:
        needs.missing("the time zones of this PC", "tzdata")
    for text in ZONES:
        zone.changes(text)


@pytest.mark.parametrize("text", SUMMER)
def test_clocks_change_when_zoneinfo_says(text):
    offset_s, other_s, moments = zone.changes(text)
    there = zoneinfo.ZoneInfo(SUMMER[text])

    def theirs(moment):
        return int(datetime.fromtimestamp(EPOCH + moment, there).utcoffset().total_seconds())

    assert len(moments) == 68
    for i, moment in enumerate(moments):
        before, after = (other_s, offset_s) if i & 1 else (offset_s, other_s)
        if moment > FROM:
            assert (theirs(moment - 1), theirs(moment)) == (before, after), i
    for moment in range(FROM, 1 << 30, WEEK_S):
        ours = other_s if sum(m <= moment for m in moments) & 1 else offset_s
        assert theirs(moment) == ours, moment
