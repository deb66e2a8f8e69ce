# SPDX-License-Identifier: MIT
"""What one UART makes of another's bits, worked out by hand from the frame: start 0, eight data bits from the lowest, parity, stop 1."""

import pytest

from host_tools.simulate.site.bits import Setting, heard, read, sent, together

USUAL = Setting(9600)
EVERY = bytes(range(256))


def test_bits_of_a_byte():
    assert Setting().bits == 10
    assert Setting(parity="even").bits == 11
    assert Setting(stop_bits=2).bits == 11
    assert Setting(parity="odd", stop_bits=2).bits == 12


def test_a_byte_on_the_pair():
    """0x35: 10101100 from the lowest bit on, four ones."""
    levels = [level for level, _ in sent(b"\x35", Setting(9600, "odd", 2))]
    assert levels == [1, 0, 1, 0, 1, 0, 1, 1, 0, 0, 1, 1, 1, 1]


@pytest.mark.parametrize("parity", ["none", "even", "odd"])
@pytest.mark.parametrize("stop_bits", [1, 2])
def test_who_is_set_alike_hears_every_byte(parity, stop_bits):
    setting = Setting(19200, parity, stop_bits)
    assert heard(sent(EVERY, setting), setting) == [(byte, None) for byte in EVERY]


def test_a_second_stop_bit_is_only_a_pause():
    assert read(sent(EVERY, Setting(9600, "none", 2)), USUAL) == EVERY
    assert read(sent(EVERY, USUAL), Setting(9600, "none", 2)) == EVERY


@pytest.mark.parametrize(
    "data, rate, found",
    [
        # Nine bits low are eighteen at twice the rate: a start, eight zeros, and no stop.
        (b"\x00", 19200, [(0x00, "stop bit")]),
        # The start bit is two bits long: a start and a zero.
        (b"\xff", 19200, [(0xFE, None)]),
        # 0x0F: start, and four ones of two bits: 0 1 1 1 1 1 1 1, stop 1; then eight bits low: start, seven zeros, a one.
        (b"\x0f", 19200, [(0xFE, None), (0x80, None)]),
        # At a quarter of the rate the start is over when it is looked at again.
        (b"\xff", 2400, []),
        # Low for nine bits of four: a start and one zero.
        (b"\x00", 2400, [(0xFE, None)]),
    ],
)
def test_another_rate(data, rate, found):
    assert heard(sent(data, USUAL), Setting(rate)) == found


@pytest.mark.parametrize(
    "data, sender, receiver, found",
    [
        # The parity bit stands where the stop bit is looked for.
        (b"\x01", "even", "none", [(0x01, None)]),
        (b"\x03", "even", "none", [(0x03, "stop bit")]),
        (b"\x03", "odd", "none", [(0x03, None)]),
        # The stop bit stands where the parity is, the idle line where the stop bit is.
        (b"\x01", "none", "even", [(0x01, None)]),
        (b"\x03", "none", "even", [(0x03, "parity")]),
        (b"\x03", "even", "odd", [(0x03, "parity")]),
        # The next byte's start bit stands where the stop bit is, so its first zero is the start: 0 00000011 1 1.
        (b"\x01\x01", "none", "even", [(0x01, "stop bit"), (0xC0, "parity")]),
    ],
)
def test_another_parity(data, sender, receiver, found):
    assert heard(sent(data, Setting(9600, sender)), Setting(9600, receiver)) == found


def test_a_and_b_swapped():
    """Its idle level is taken for a start: then its own start, a one; 0xFF is eight zeros, of which the last is no stop bit."""
    assert heard(sent(b"\xff", USUAL, swapped=True), USUAL) == [(0x01, "stop bit")]
    # Nine ones, then its stop bit is a start, its idle bit a zero, and what follows is nobody's.
    assert heard(sent(b"\x00", USUAL, swapped=True), USUAL) == [(0xFF, None), (0xFE, None)]


def test_a_line_that_stays_low_is_one_byte():
    assert heard([(0, 1.0)], USUAL) == [(0x00, "stop bit")]
    assert heard([(1, 1.0)], USUAL) == []


def test_two_that_speak_at_once():
    one, other = (sent(bytes([byte]), USUAL) for byte in (0x0F, 0x33))
    assert read(together(one, one, 0), USUAL) == b"\x0f"
    assert read(together(one, other, 0), USUAL) == b"\x3f"
    # One after the other, none disturbs the other.
    assert read(together(one, other, 20 / 9600), USUAL) == b"\x0f\x33"
    # start 1111 0000 stop, and four bits later start 1100 1100 stop: start 1111 1100 stop idle, then 00 stop of the second alone.
    assert read(together(one, other, 4 / 9600), USUAL) == b"\x3f\xfe"
