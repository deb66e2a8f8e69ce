# SPDX-License-Identifier: MIT
"""The messages of SNTP and DNS, byte by byte from the layouts in RFC 4330, section 4, and RFC 1035, section 4."""

from daytime import dns, sntp

STAMP = b"\x11\x22\x33\x44\x55\x66\x77\x88"
ASKED = sntp.request(STAMP)
POOL = b"\4pool\3ntp\3org\0\0\1\0\1"  # a question: name, type A, class IN
QUERY = dns.query("pool.ntp.org", b"\xab\xcd")


def reply(first=0x24, stratum=2, echo=STAMP, sent=b"\xea\x7e\x2d\0\x80\0\0\0"):
    """What a server answers; it sent this on 2024-09-01 00:00:00.5 UTC."""
    return (
        bytes([first, stratum, 6, 0xEC])  # leap indicator, version and mode; stratum, poll, precision
        + b"\0\0\2\0" + b"\0\0\3\0" + b"\x0a\0\0\1"  # root delay, root dispersion, reference identifier
        + b"\xea\x7e\x2b\0\0\0\0\0"  # reference
        + echo  # originate
        + sent  # receive
        + sent  # transmit
    )  # fmt: skip


def test_request_is_version_4_of_a_client_and_carries_only_the_stamp():
    assert ASKED == b"\x23" + b"\0" * 39 + STAMP and len(ASKED) == 48


def test_good_reply_tells_seconds_since_2024():
    assert sntp.seconds(reply(), ASKED) == 244 * 86400


def test_version_3_and_what_follows_the_48_bytes_are_taken():
    assert sntp.seconds(reply(first=0x1C), ASKED) is not None
    assert sntp.seconds(reply() + bytes(20), ASKED) == sntp.seconds(reply(), ASKED)


def test_era_1_begins_in_2036_without_a_jump():
    last = sntp.seconds(reply(sent=b"\xff\xff\xff\xff\0\0\0\0"), ASKED)
    assert last == 0xFFFFFFFF - 3913056000
    assert sntp.seconds(reply(sent=bytes(8)), ASKED) == last + 1
    assert sntp.seconds(reply(sent=b"\0\0\0\x0a\0\0\0\0"), ASKED) == last + 11


def test_time_before_2024_is_not_believed():
    assert sntp.seconds(reply(sent=b"\xe9\x3c\x7e\xff\0\0\0\0"), ASKED) is None
    assert sntp.seconds(reply(sent=b"\xe9\x3c\x7f\0\0\0\0\0"), ASKED) == 0


def test_what_answers_no_question_of_ours_is_ignored():
    assert sntp.seconds(reply(echo=bytes(8)), ASKED) is None
    assert sntp.seconds(reply(echo=b"\x11\x22\x33\x44\x55\x66\x77\x89"), ASKED) is None
    for mode in (0, 1, 2, 3, 5, 6, 7):
        assert sntp.seconds(reply(first=0x20 | mode), ASKED) is None, mode
    for size in range(48):
        assert sntp.seconds(reply()[:size], ASKED) is None, size


def test_server_that_does_not_know_the_time_is_not_believed():
    assert sntp.seconds(reply(first=0xE4), ASKED) is None  # leap indicator 3
    for first in (0x24, 0x64, 0xA4):
        assert sntp.seconds(reply(first=first), ASKED) is not None, first
    for stratum in (16, 17, 255):
        assert sntp.seconds(reply(stratum=stratum), ASKED) is None, stratum
    assert sntp.seconds(reply(stratum=15), ASKED) is not None


def test_kiss_of_death_is_told_apart_only_if_it_answers_us():
    assert sntp.seconds(reply(first=0xE4, stratum=0), ASKED) == sntp.KISS
    assert sntp.seconds(reply(first=0xE4, stratum=0, echo=bytes(8)), ASKED) is None


def test_query_asks_for_one_address_and_wants_recursion():
    assert QUERY == b"\xab\xcd\1\0\0\1\0\0\0\0\0\0" + POOL


def answer(count, records, number=b"\xab\xcd", flags=b"\x81\x80", question=POOL):
    return number + flags + b"\0\1" + bytes([0, count]) + b"\0\0\0\0" + question + records


A = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\x07"  # 192.0.2.7, its name a pointer to the question's
ALIAS = b"\xc0\x0c\0\5\0\1\0\0\0\x3c\0\6\3abc\xc0\x11"
SPELLED = b"\3abc\3ntp\3org\0\0\1\0\1\0\0\0\x3c\0\4\xc6\x33\x64\xc8"  # 198.51.100.200


def test_first_address_of_the_answer_is_taken():
    assert dns.address(answer(1, A), QUERY) == "192.0.2.7"
    assert dns.address(answer(2, A + SPELLED), QUERY) == "192.0.2.7"
    assert dns.address(answer(2, ALIAS + SPELLED), QUERY) == "198.51.100.200"


def test_other_records_are_no_address():
    six = b"\xc0\x0c\0\x1c\0\1\0\0\0\x3c\0\x10" + bytes(16)  # AAAA
    assert dns.address(answer(2, six + A), QUERY) == "192.0.2.7"
    assert dns.address(answer(1, six), QUERY) == ""
    assert dns.address(answer(1, A[:5] + b"\3" + A[6:]), QUERY) == ""  # class CHAOS
    assert dns.address(answer(1, A[:11] + b"\5" + A[12:] + b"\0"), QUERY) == ""


def test_refusal_and_empty_answer_are_no_address():
    assert dns.address(answer(1, A, flags=b"\x81\x83"), QUERY) == ""
    assert dns.address(answer(0, b""), QUERY) == ""


def test_what_answers_another_question_is_ignored():
    assert dns.address(answer(1, A, number=b"\xab\xce"), QUERY) is None
    assert dns.address(answer(1, A, flags=b"\1\0"), QUERY) is None
    assert dns.address(answer(1, A, question=b"\4pool\3ntp\3com\0\0\1\0\1"), QUERY) is None
    for size in range(len(QUERY)):
        assert dns.address(answer(1, A)[:size], QUERY) is None, size


def test_answer_cut_anywhere_gives_an_address_or_none():
    whole = answer(2, ALIAS + SPELLED)
    for size in range(len(QUERY), len(whole)):
        assert dns.address(whole[:size], QUERY) == "", size


def test_lengths_that_lie_end_the_search():
    for filler in (0, 1, 0x3F, 0xBF, 0xC0, 0xFF):
        assert dns.address(answer(255, bytes([filler]) * 100), QUERY) == "", filler
