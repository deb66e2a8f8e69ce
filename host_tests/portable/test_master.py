# SPDX-License-Identifier: MIT
"""One transaction of the master on a wire whose every byte is scripted: how it ends, and when."""

from line import adu
from modbus.master import EXCEPTION, GOOD, OUTCOMES, PENDING, Master

UNIT, FUNCTION, COUNT = 7, 3, 2
GOOD_REPLY = adu(UNIT, FUNCTION, 4, 1, 2, 3, 4)
TIMEOUT_MS = 300


class Wire:
    """A port. parts: [(ms after the end of the request, bytes)]; the bytes of a part arrive at once."""

    def __init__(self, parts):
        self._parts = list(parts)
        self._waiting = b""
        self.request = None
        self.now_ms = 0
        self.end_ms = None

    def send(self, request):
        self.request = bytes(request)
        self._sent_ms = self.now_ms

    def finish(self):
        # 8 characters of 10 bits at 9600 Bd.
        self.now_ms = max(self.now_ms, self._sent_ms + 9)
        self.end_ms = self.now_ms

    def any(self):
        while self.end_ms is not None and self._parts:
            if self.now_ms < self.end_ms + self._parts[0][0]:
                break
            self._waiting += self._parts.pop(0)[1]
        return len(self._waiting)

    def readinto(self, buf):
        count = min(self.any(), len(buf))
        buf[:count] = self._waiting[:count]
        self._waiting = self._waiting[count:]
        return count


def ask(*parts, held_ms=(0, 0)):
    """(outcome, ms from the end of the request to it, master). held_ms: between these two nobody steps the master."""
    wire = Wire(parts)
    master = Master(wire, 9600)
    master.select(UNIT, FUNCTION, TIMEOUT_MS)
    master.begin(0, COUNT, wire.now_ms)
    while wire.now_ms < 2000:
        wire.now_ms += 1
        if wire.end_ms is not None and wire.now_ms - wire.end_ms == held_ms[0]:
            wire.now_ms = wire.end_ms + held_ms[1]
        outcome = master.step(wire.now_ms)
        if outcome != PENDING:
            return OUTCOMES[outcome], wire.now_ms - wire.end_ms, master
    raise AssertionError("no outcome")


def test_good_reply_ends_when_its_last_byte_is_there():
    name, after_ms, master = ask((30, GOOD_REPLY[:5]), (40, GOOD_REPLY[5:]))
    assert (name, master.reply_ms) == (OUTCOMES[GOOD], 40) and 40 <= after_ms <= 41
    assert bytes(master.buffer[master.data : master.data + 4]) == b"\1\2\3\4"


def test_exception_tells_its_code():
    name, _, master = ask((30, adu(UNIT, FUNCTION | 0x80, 4)))
    assert (name, master.exception) == (OUTCOMES[EXCEPTION], 4)


def test_no_byte_is_silence_and_so_is_the_echo_alone():
    request = adu(UNIT, FUNCTION, 0, 0, 0, COUNT)
    for parts, echo in (((), False), (((1, request),), True)):
        name, after_ms, master = ask(*parts)
        assert name == "silent" and master.echo == echo
        assert TIMEOUT_MS <= after_ms <= TIMEOUT_MS + 100


def test_bad_crc_is_given_up_after_a_short_silence_and_not_before():
    spoilt = GOOD_REPLY[:-1] + bytes([GOOD_REPLY[-1] ^ 1])
    name, after_ms, _ = ask((30, spoilt))
    assert name == "crc" and 30 + 20 <= after_ms <= 30 + 25
    # What follows within that silence may be the answer.
    name, after_ms, _ = ask((30, spoilt), (48, GOOD_REPLY))
    assert name == OUTCOMES[GOOD] and 48 <= after_ms <= 49


def test_bad_crc_is_told_though_noise_follows_until_the_time_is_over():
    spoilt = GOOD_REPLY[:-1] + bytes([GOOD_REPLY[-1] ^ 1])
    name, _, _ = ask((30, spoilt), *[(30 + 10 * i, b"\x55") for i in range(1, 60)])
    assert name == "crc"


def test_reply_that_began_in_time_may_pause():
    begun_ms = TIMEOUT_MS - 5
    name, _, _ = ask((begun_ms, GOOD_REPLY[:4]), (begun_ms + 45, GOOD_REPLY[4:]))
    assert name == OUTCOMES[GOOD]
    name, _, _ = ask((begun_ms, GOOD_REPLY[:4]), (begun_ms + 200, GOOD_REPLY[4:]))
    assert name == "short"


def test_reply_of_another_length_is_none():
    for registers in (1, 3, 4):
        other = adu(UNIT, FUNCTION, 2 * registers, *[0] * (2 * registers))
        name, after_ms, _ = ask((30, other))
        assert name == "noise" and after_ms >= TIMEOUT_MS, registers


def test_reply_of_another_unit_is_told_behind_the_zeros_of_a_transceiver_too():
    for zeros in (b"", b"\0", b"\0\0\0"):
        name, _, _ = ask((30, zeros + adu(UNIT + 1, FUNCTION, 4, 1, 2, 3, 4)))
        assert name == "wrong_unit", zeros


def test_reply_that_waits_since_the_loop_was_held_is_dated_as_early_as_can_be():
    # 9 characters at 9600 Bd after the request: 10 ms.
    _, _, master = ask((12, GOOD_REPLY), held_ms=(5, 150))
    assert 9 <= master.reply_ms <= 11
    _, _, master = ask((40, GOOD_REPLY))
    assert master.reply_ms == 40
