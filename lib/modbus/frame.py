"""Modbus RTU frames: CRC, the request of functions 3 and 4, and every scan of bytes for one.

Source: Modbus over Serial Line V1.02, section 6.2 and appendix B; Application Protocol V1.1b3, 6.3 and 6.4.
"""

READ_HOLDING_REGISTERS = 3
READ_INPUT_REGISTERS = 4

REQUEST_SIZE = 8  # unit, function, address, count, CRC
REPLY_OVERHEAD = 5  # unit, function, byte count, CRC
EXCEPTION_SIZE = 5  # unit, function, exception code, CRC
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


def reply_at(buf, at, end):
    """Size of the whole read reply or exception response at buf[at], or 0. No heap."""
    if at + EXCEPTION_SIZE > end or not _is_read(buf[at + 1] & 0x7F):
        return 0
    size = EXCEPTION_SIZE if buf[at + 1] & 0x80 else REPLY_OVERHEAD + buf[at + 2]
    return size if at + size <= end and crc16(buf, at, at + size) == 0 else 0


def same_bytes(buf, at, end, frame):
    """With how many of its first bytes does the frame stand at buf[at]? No heap."""
    same = 0
    while same < len(frame) and at + same < end and buf[at + same] == frame[same]:
        same += 1
    return same


def foreign_request(buf, end, own):
    """Where the last read request in buf[:end] ends that is not our own, or 0. No heap."""
    at = end - REQUEST_SIZE
    while at >= 0:
        # At most 125 registers are asked for: that spares most CRCs.
        if buf[at + 4] == 0 and _is_read(buf[at + 1]):
            behind = at + REQUEST_SIZE
            if crc16(buf, at, behind) == 0 and same_bytes(buf, at, end, own) < REQUEST_SIZE:
                return behind
        at -= 1
    return 0


def _is_read(function):
    return function == READ_HOLDING_REGISTERS or function == READ_INPUT_REGISTERS
