# SPDX-License-Identifier: MIT
"""The portal's DNS server: queries as phones send them (RFC 1035, section 4; RFC 6891), byte by byte."""

from portal import dns

US = bytes((198, 18, 0, 1))
# Android: recursion desired, one question: connectivitycheck.gstatic.com A IN
NAME = b"\x11connectivitycheck\x07gstatic\x03com\0"
HEAD = b"\xab\xcd\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
A = HEAD + NAME + b"\0\1\0\1"
# The additional record that resolvers add (OPT, 4096 bytes, RFC 6891 section 6.1.2).
EDNS = HEAD[:11] + b"\1" + NAME + b"\0\1\0\1" + b"\0\0\x29\x10\0\0\0\0\0\0\0"


def test_every_name_has_our_address():
    found = dns.answer(A, US)
    assert found[:2] == b"\xab\xcd"
    assert found[2] & 0x80 and not found[2] & 0x78 and found[3] & 15 == 0  # QR, OPCODE, RCODE
    assert found[2] & 1, "recursion desired is given back"
    assert found[4:12] == b"\0\1\0\1\0\0\0\0"
    assert found[12 : 12 + len(NAME) + 4] == NAME + b"\0\1\0\1"
    record = found[12 + len(NAME) + 4 :]
    assert record[:2] == b"\xc0\x0c" and record[2:6] == b"\0\1\0\1"
    assert int.from_bytes(record[6:10], "big") <= 1, "nobody may remember it at home"
    assert record[10:] == b"\0\4" + US


def test_edns_is_no_obstacle_and_is_left_out():
    assert dns.answer(EDNS, US) == dns.answer(A, US)


def test_other_types_get_neither_an_error_nor_an_answer():
    for kind in (28, 65, 16, 255):  # AAAA, HTTPS (RFC 9460), TXT, any
        query = HEAD + NAME + bytes((0, kind, 0, 1))
        found = dns.answer(query, US)
        assert found[3] & 15 == 0 and found[4:12] == b"\0\1\0\0\0\0\0\0"
        assert found[12:] == query[12:]


def test_what_is_no_query_of_one_question_is_dropped():
    two = HEAD[:5] + b"\2" + HEAD[6:] + NAME + b"\0\1\0\1" + NAME + b"\0\1\0\1"
    response = HEAD[:2] + b"\x81\x80" + A[4:]
    notify = HEAD[:2] + b"\x21\x00" + A[4:]
    with_answer = HEAD[:7] + b"\1" + A[8:]
    pointer = HEAD + b"\xc0\x0c\0\1\0\1"
    endless = HEAD + 9 * (b"\x3f" + 63 * b"a") + b"\0\0\1\0\1"
    for query in (two, response, notify, with_answer, pointer, endless, b"", HEAD):
        assert dns.answer(query, US) == b"", query


def test_cut_queries_are_dropped_at_every_place():
    for count in range(len(A)):
        assert dns.answer(A[:count], US) == b""
