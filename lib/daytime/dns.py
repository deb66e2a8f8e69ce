# SPDX-License-Identifier: MIT
"""The one question to a DNS server that the clock has (RFC 1035, section 4): which IPv4 address has this name?"""


def query(name, number):
    """number: two random bytes, which the answer must echo."""
    labels = [bytes([len(label)]) + label.encode() for label in name.split(".")]
    return number + b"\1\0\0\1\0\0\0\0\0\0" + b"".join(labels) + b"\0\0\1\0\1"


def address(reply, asked):
    """Like "192.0.2.1"; "" where there is none; None: no answer to what was asked."""
    at = len(asked)
    same = reply[:2] == asked[:2] and reply[12:at] == asked[12:]
    if len(reply) < at or not same or not reply[2] & 0x80:
        return None
    for _ in range(reply[7] if reply[3] & 15 == 0 else 0):
        while at < len(reply) and 0 < reply[at] < 0xC0:
            at += 1 + reply[at]
        at += 2 if at < len(reply) and reply[at] else 1  # a pointer, or the end of a name
        head, data = reply[at : at + 10], at + 10
        if len(head) < 10 or data + head[9] > len(reply):
            break
        if head[:4] == b"\0\1\0\1" and head[8:] == b"\0\4":
            return ".".join([str(number) for number in reply[data : data + 4]])
        at = data + (head[8] << 8) + head[9]
    return ""
