# SPDX-License-Identifier: MIT
"""Modbus RTU frames of functions 3 and 4: CRC, requests, and every search in received bytes. Nothing here allocates.

Source: Modbus over Serial Line V1.02, section 6.2 and appendix B; Application Protocol V1.1b3, 6.3 and 6.4.
"""

READ_HOLDING_REGISTERS = 3
READ_INPUT_REGISTERS = 4

EXCEPTION_SIZE = 5  # unit, function with its highest bit, code, CRC
REQUEST_SIZE = 8  # unit, function, address, count, CRC
REPLY_OVERHEAD = 5  # unit, function, byte count, CRC
MAX_ADU_SIZE = 256

# The CRC of each low nibble, polynomial 0xA001: 16 entries instead of 256 keep the heap small.
_NIBBLE = (
    0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00, 0x2800, 0xE401,
    0xA001, 0x6C00, 0x7800, 0xB401, 0x5000, 0x9C01, 0x8801, 0x4400,
)  # fmt: skip


def crc16(buf, start, end):
    """CRC of buf[start:end]; 0 when its own CRC stands at the end of that range. No heap."""
    crc = 0xFFFF
    table = _NIBBLE
    while start < end:
        crc ^= buf[start]
        crc = (crc >> 4) ^ table[crc & 15]
        crc = (crc >> 4) ^ table[crc & 15]
        start += 1
    return crc


def write_request(buf, unit, function, address, count):
    """Write the 8 bytes of a read request into buf. No heap."""
    buf[0] = unit
    buf[1] = function
    buf[2] = address >> 8
    buf[3] = address & 0xFF
    buf[4] = count >> 8
    buf[5] = count & 0xFF
    crc = crc16(buf, 0, 6)
    buf[6] = crc & 0xFF
    buf[7] = crc >> 8


def _is_read(function):
    return function == READ_HOLDING_REGISTERS or function == READ_INPUT_REGISTERS


def reply_at(buf, at, end):
    """Size of the whole reply, with registers or an exception code, at buf[at] and before buf[end], or 0."""
    if at + EXCEPTION_SIZE > end or not _is_read(buf[at + 1] & 0x7F):
        return 0
    size = EXCEPTION_SIZE if buf[at + 1] & 0x80 else REPLY_OVERHEAD + buf[at + 2]
    return size if at + size <= end and crc16(buf, at, at + size) == 0 else 0


def answer_at(buf, at, request, size):
    """Size of the answer to this request whose first three bytes stand at buf[at], or 0. size: with registers."""
    if buf[at] != request[0]:
        return 0
    if buf[at + 1] == request[1] and buf[at + 2] == size - REPLY_OVERHEAD:
        return size
    return EXCEPTION_SIZE if buf[at + 1] == request[1] | 0x80 else 0


def same_bytes(buf, at, end, request):
    """How many of the request's first bytes stand at buf[at] and before buf[end]."""
    same = 0
    while same < REQUEST_SIZE and at + same < end:
        if buf[at + same] != request[same]:
            break
        same += 1
    return same


def repeats(buf, at, end, size):
    """Do the same bytes stand at buf[at] and buf[end]?"""
    while size:
        size -= 1
        if buf[at + size] != buf[end + size]:
            return False
    return True


def to_front(buf, start, end):
    """Move buf[start:end] to the front; how many bytes that is."""
    i = 0
    while start < end:
        buf[i] = buf[start]
        start += 1
        i += 1
    return i


def foreign_request(buf, end, request):
    """Where the last request in buf[:end] ends that is not this one but another master's, or 0."""
    at = end - REQUEST_SIZE
    while at >= 0:
        # At most 125 registers are asked for: that spares most CRCs.
        if buf[at + 4] == 0 and _is_read(buf[at + 1]):
            if crc16(buf, at, at + REQUEST_SIZE) == 0:
                if same_bytes(buf, at, end, request) < REQUEST_SIZE:
                    return at + REQUEST_SIZE
        at -= 1
    return 0


def open_request(buf, end, request):
    """The same, if no reply stands behind it; else 0."""
    behind = foreign_request(buf, end, request)
    return behind if behind and not reply_at(buf, behind, end) else 0
