# SPDX-License-Identifier: MIT
"""Time zones in the words of POSIX. Moments are from `date -d @N` in the zone; seconds count from 2024-01-01 UTC."""

from planning.zone import changes

EPOCH = 1704067200  # Unix time of 2024-01-01


def offset_at(text, unix_s):
    offset_s, other_s, moments = changes(text)
    return (other_s if sum(m <= unix_s - EPOCH for m in moments) & 1 else offset_s) // 60


def refuses(text):
    try:
        changes(text)
    except ValueError:
        return True
    return False


def test_zone_without_summer_time_is_one_offset():
    for text, seconds in (
        ("UTC0", 0),
        ("JST-9", 32400),
        ("<+0545>-5:45", 20700),
        ("<-03>+3", -10800),
        ("XYZ-1:02:03", 3723),
    ):
        first, other, moments = changes(text)
        assert (first, other, list(moments)) == (seconds, seconds, []), text


def test_central_europe_changes_at_one_utc_on_the_last_sundays():
    text = "CET-1CEST,M3.5.0,M10.5.0/3"
    for moment, minutes in (
        (1711846800, 120),  # 2024-03-31 01:00:00 UTC
        (1711846799, 60),
        (1729990799, 120),
        (1729990800, 60),  # 2024-10-27 01:00:00 UTC
        (1774745999, 60),
        (1774746000, 120),  # 2026-03-29 01:00:00 UTC
    ):
        assert offset_at(text, moment) == minutes, moment


def test_month_that_begins_on_any_weekday_has_its_last_sunday():
    """Of March and October in all years up to 2035, as the calendar of the European Union's directive has them."""
    march = (31, 30, 29, 28, 26, 25, 31, 30, 28, 27, 26, 25)  # 2024 to 2035
    october = (27, 26, 25, 31, 29, 28, 27, 26, 31, 30, 29, 28)
    moments = changes("CET-1CEST,M3.5.0,M10.5.0/3")[2]
    days = 0  # from 2024-01-01 to the year
    for number in range(12):
        leap = 1 if number % 4 == 0 else 0
        assert moments[2 * number] == (days + 59 + leap + march[number] - 1) * 86400 + 3600
        assert moments[2 * number + 1] == (days + 273 + leap + october[number] - 1) * 86400 + 3600
        days += 365 + leap


def test_february_of_a_leap_year_has_29_days():
    # Sundays: 2024-02-25, 2025-02-23, 2028-02-27, 2032-02-29.
    moments = changes("AAA0BBB,M2.5.0/0,M10.5.0/0")[2]
    for year, day in ((2024, 55), (2025, 366 + 53), (2028, 1461 + 57), (2032, 2922 + 59)):
        assert moments[2 * (year - 2024)] == day * 86400
    assert changes("AAA0BBB,M2.1.0/0,M10.5.0/0")[2][16] == (2922 + 31) * 86400  # 2032-02-01


def test_southern_year_begins_in_summer():
    text = "AEST-10AEDT,M10.1.0,M4.1.0/3"
    for moment, minutes in (
        (EPOCH, 660),
        (1712419199, 660),
        (1712419200, 600),  # 2024-04-06 16:00:00 UTC
        (1728143999, 600),
        (1728144000, 660),  # 2024-10-05 16:00:00 UTC
    ):
        assert offset_at(text, moment) == minutes, moment


def test_rule_may_reach_into_another_day():
    # Two o'clock on the Friday before the last Sunday: 26 hours after the fourth Thursday.
    assert offset_at("IST-2IDT,M3.4.4/26,M10.5.0", 1711670399) == 120
    assert offset_at("IST-2IDT,M3.4.4/26,M10.5.0", 1711670400) == 180  # 2024-03-29 00:00:00 UTC
    # Greenland: an hour before midnight.
    assert offset_at("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 1711846799) == -120
    assert offset_at("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 1711846800) == -60


def test_winter_may_be_the_time_that_is_not_standard():
    text = "IST-1GMT0,M10.5.0,M3.5.0/1"
    assert offset_at(text, EPOCH) == 0
    assert offset_at(text, 1711846800) == 60


def test_what_is_no_zone_is_refused():
    for text in (
        "", "CET", "Europe/Vienna", "1", "CE-1", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-25", "CET-1:60",
        "CET-1CEST,M3.5.0,M10.5.0/3,", "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,M3.5,M10.5.0", "CET-1CEST,M3.0.0,M10.5.0",
        "CET-1CEST,J60,J300", "CET-1CEST,M3.5.0,M3.5.0/3", "CET-1CEST,M3.5.0/168,M10.5.0",
        "CET-1CEST,M3.5.0/,M10.5.0", "CET-1,M3.5.0,M10.5.0", "<CET-1", "<CT>-1", "CET-1 ", "CET-1:0:0:0",
        "CET--1", "CET-1CEST-,M3.5.0,M10.5.0", "CET-\u0663", "\u00c4\u00d6\u00dc-1",
    ):  # fmt: skip
        assert refuses(text), text
