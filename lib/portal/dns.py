# SPDX-License-Identifier: MIT
"""The DNS server of a network that leads nowhere: every name has our address (RFC 1035, section 4).

What is not one question is dropped. A question that is not for an IPv4 address (AAAA, HTTPS) gets no error and no answer, so that the phone
asks for the other one at once.
"""

from const import const

_HEAD_BYTES = const(12)
_LABEL_BYTES = const(63)
_NAME_BYTES = const(255)
_QUERY = const(0xF8)  # in the first byte of flags: 0 in a usual question
_ONE_QUESTION = b"\0\1\0\0\0\0"  # no answers, no authorities; additional records do not matter
_A_IN = b"\0\1\0\1"
# The name of the question, A, IN, one second, four bytes: a phone must not go on believing it once it is home again.
_RECORD = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4"


def answer(query, address):
    """The answer to a datagram, b"" where it gets none. address: our four bytes."""
    end = _question_end(query)
    if not end:
        return b""
    is_address = query[end - 4 : end] == _A_IN
    # Authoritative, recursion as it was wanted and available, no error.
    head = query[:2] + bytes([0x84 | query[2] & 1, 0x80, 0, 1, 0, is_address, 0, 0, 0, 0])
    return head + query[_HEAD_BYTES:end] + (_RECORD + address if is_address else b"")


def _question_end(query):
    """Where the one question ends, behind its type and class; 0: it is no such query."""
    if len(query) < _HEAD_BYTES or query[2] & _QUERY or query[4:10] != _ONE_QUESTION:
        return 0
    at = _HEAD_BYTES
    while at < len(query) and query[at]:
        if query[at] > _LABEL_BYTES:
            return 0  # a pointer, where there is nothing to point at
        at += 1 + query[at]
    end = at + 5
    return end if end <= len(query) and at - _HEAD_BYTES < _NAME_BYTES else 0
