# SPDX-License-Identifier: MIT
"""Frames against the Modbus specification's own examples."""

from line import adu
from modbus import frame


def _adu(text):
    return bytearray(bytes.fromhex(text))


def test_crc_of_the_specification_example():
    # Modbus over Serial Line V1.02, appendix B: message 02 07 has the CRC 0x1241, sent as 41 12.
    assert frame.crc16(b"\x02\x07", 0, 2) == 0x1241


def test_crc_over_a_frame_with_its_crc_is_zero():
    assert frame.crc16(b"\x02\x07\x41\x12", 0, 4) == 0
    assert frame.crc16(b"\xff\x02\x07\x41\x12\xff", 1, 5) == 0


def test_read_holding_registers_request():
    # Application Protocol V1.1b3, 6.3: function 3, registers 108-110 (address 0x006B), count 3.
    # CRC of 11 03 00 6B 00 03 as published with this example for unit 17: 76 87.
    buf = bytearray(8)
    frame.write_request(buf, 0x11, 3, 0x006B, 3)
    assert buf == _adu("1103006B00037687")


def test_read_input_registers_request():
    # Application Protocol V1.1b3, 6.4: function 4, register 9 (address 8), count 1; unit 17, CRC B2 98.
    buf = bytearray(8)
    frame.write_request(buf, 0x11, 4, 0x0008, 1)
    assert buf == _adu("110400080001B298")


def test_request_beyond_register_255():
    # Unit 1, function 4, address 0x1234, count 0x0102; the CRC is bit by bit (line.py), as in section 6.2.2.
    buf = bytearray(8)
    frame.write_request(buf, 1, 4, 0x1234, 0x0102)
    assert buf == adu(1, 4, 0x12, 0x34, 0x01, 0x02)


def test_one_flipped_bit_is_noticed():
    good = _adu("1103006B00037687")
    for byte in range(8):
        for bit in range(8):
            good[byte] ^= 1 << bit
            assert frame.crc16(good, 0, 8) != 0
            good[byte] ^= 1 << bit
