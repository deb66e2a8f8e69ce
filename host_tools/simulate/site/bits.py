# SPDX-License-Identifier: MIT
"""What a UART makes of what another one sends: by levels and moments, whatever rate, parity or polarity they differ in.

    sent(b"U", Setting(9600))                      [(level, seconds), ...]: what a driver puts on the pair
    heard(levels, Setting(19200))                  [(byte, what is wrong with it or None), ...]

A 1 is the idle level (mark). A frame is a start bit (0), eight data bits from the lowest on, a parity bit if there is one, and
stop bits (1). A receiver takes a 1 that becomes 0 for a start, looks again half a bit later whether it still is, and then into the
middle of each bit; after a stop bit that is 0 it waits for a 1 before it looks for the next start.
"""

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

Levels = list[tuple[int | None, float]]  # None: nobody drives


class Setting(NamedTuple):
    baudrate: int = 9600
    parity: str = "none"
    stop_bits: int = 1

    @property
    def bits(self) -> int:
        """Of one byte."""
        return 1 + 8 + (self.parity != "none") + self.stop_bits


def sent(data: bytes, setting: Setting, swapped: bool = False) -> Levels:
    """swapped: A and B are, so each level is the other one. Its driver is on a bit before and after."""
    bits = [1]
    for byte in data:
        ones = [byte >> i & 1 for i in range(8)]
        bits += [0, *ones]
        if setting.parity != "none":
            bits.append(sum(ones) % 2 ^ (setting.parity == "odd"))
        bits += [1] * setting.stop_bits
    return [(bit ^ swapped, 1 / setting.baudrate) for bit in [*bits, 1]]


def together(one: Levels, other: Levels, after_s: float) -> Levels:
    """Two drivers at once, the other one later by so much: where they differ there are no volts, which a fail-safe receiver takes for 1."""
    other = [(None, after_s), *other]
    moments = sorted({0.0, *_ends(one), *_ends(other)})
    first, second = _reader(one, None), _reader(other, None)
    found = []
    for begin_s, end_s in zip(moments, moments[1:], strict=False):
        driven = {first((begin_s + end_s) / 2), second((begin_s + end_s) / 2)} - {None}
        found.append((max(driven, default=1), end_s - begin_s))
    return found


def heard(levels: Levels, setting: Setting) -> list[tuple[int, str | None]]:
    """Before and after these levels nobody drives the pair; its bias then makes a 1."""
    return list(_frames(levels, setting))


def read(levels: Levels, setting: Setting) -> bytes:
    """As an ESP32's UART stores it: with the bytes that are wrong."""
    return bytes(byte for byte, _ in heard(levels, setting))


def _frames(levels, setting) -> Iterator[tuple[int, str | None]]:
    bit_s = 1 / setting.baudrate
    level = _reader(levels)
    free_s = -1.0  # until then it is in a frame
    for start_s in _falling(levels):
        if start_s < free_s or level(start_s + bit_s / 2):
            continue
        bits = [level(start_s + (1.5 + i) * bit_s) for i in range(9)]
        byte = sum(bit << i for i, bit in enumerate(bits[:8]))
        has_parity = setting.parity != "none"
        stop_s = start_s + (9.5 + has_parity) * bit_s
        wrong = None
        if has_parity and (sum(bits) % 2 == 1) != (setting.parity == "odd"):
            wrong = "parity"
        if not level(stop_s):
            wrong = "stop bit"
        yield byte, wrong
        free_s = stop_s


def _falling(levels):
    """The moments at which a 1 becomes 0."""
    found, at_s, before = [], 0.0, 1
    for level, seconds in levels:
        if before and not level:
            found.append(at_s)
        at_s, before = at_s + seconds, level
    return found


def _ends(levels):
    return list(accumulate(seconds for _, seconds in levels))


def _reader(levels, after=1):
    """level(moment); after: what it is when they are over."""
    ends = _ends(levels)
    known = [level for level, _ in levels] + [after]
    return lambda moment_s: known[bisect_right(ends, moment_s)]
