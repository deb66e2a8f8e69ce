# SPDX-License-Identifier: MIT
"""One request on the line: what its outcome is called, when it is given up, and what another master does to it."""

from line import Line, adu
from modbus.master import EXCEPTION, GOOD, OUTCOMES, PENDING, Master

CHARACTER_MS = 10 / 9.6
UNIT, FUNCTION, COUNT = 1, 3, 2
REPLY = adu(UNIT, FUNCTION, 4, b"\x01\x02\x03\x04")
FOREIGN = adu(UNIT, FUNCTION, 0, 99, 0, COUNT)
TO_FOREIGN = adu(UNIT, FUNCTION, 4, b"\x77\x77\x77\x77")


class Talk:
    """A master on a line whose units say what the test lets arrive."""

    def __init__(self, timeout_ms=300):
        self.line = Line({})
        self.master = Master(self.line, 9600)
        self.timeout_ms = timeout_ms

    def ask(self):
        """Begin a request, and go on until it is sent."""
        self.master.select(UNIT, FUNCTION, self.timeout_ms)
        self.master.begin(10, COUNT, self.line.now_ms)
        asked = len(self.line.requests)
        while len(self.line.requests) == asked:
            self.line.now_ms += 1
            outcome = self.master.step(self.line.now_ms)
            if outcome != PENDING:
                return outcome
        self.sent_ms = self.line.now_ms
        return PENDING

    def outcome(self):
        """(name, milliseconds since the request was sent)"""
        while True:
            outcome = self.master.step(self.line.now_ms)
            if outcome != PENDING:
                return OUTCOMES[outcome], self.line.now_ms - self.sent_ms
            self.line.now_ms += 1

    def wait(self, for_ms):
        """Idle, but look at the line as a poller does."""
        until_ms = self.line.now_ms + for_ms
        while self.line.now_ms < until_ms:
            assert self.master.step(self.line.now_ms) == PENDING
            self.line.now_ms += 1


def answered(*data, in_ms=10):
    """Outcome of a request to which this comes, each piece right behind the one before."""
    talk = Talk()
    talk.ask()
    for piece in data:
        talk.line.arrive(piece, in_ms)
        in_ms += len(piece) * CHARACTER_MS
    return talk.outcome()


def spoilt(frame):
    return frame[:-1] + bytes((frame[-1] ^ 1,))


def test_outcomes_have_their_names():
    cases = (
        ("good", REPLY),
        ("exception", adu(UNIT, FUNCTION | 0x80, 2)),
        ("silent", b""),
        ("crc", spoilt(REPLY)),
        ("crc", spoilt(adu(UNIT, FUNCTION | 0x80, 2))),
        ("wrong_unit", adu(7, FUNCTION, 4, b"\x01\x02\x03\x04")),
        ("wrong_unit", adu(7, FUNCTION | 0x80, 2)),
        ("short", REPLY[:-3]),
        ("short", REPLY[:3]),
        ("short", b"\0" + REPLY[:4]),
        ("noise", b"\x55\xaa\x13"),
        ("noise", b"\x55\xaa\x13\x55\xaa\x13\x55\xaa\x13"),
        ("noise", spoilt(adu(7, FUNCTION, 4, b"\x01\x02\x03\x04"))),
        ("noise", adu(UNIT, FUNCTION, 2, b"\x01\x02")),  # another length
        ("noise", adu(UNIT, 4, 4, b"\x01\x02\x03\x04")),  # another function
        ("noise", b"\0\0"),
    )
    for name, data in cases:
        assert answered(data)[0] == name, (name, data)


def test_exception_code_is_the_units_own():
    talk = Talk()
    talk.ask()
    talk.line.arrive(adu(UNIT, FUNCTION | 0x80, 12), 10)
    assert talk.outcome()[0] == "exception" and talk.master.exception == 12


def test_reply_with_a_wrong_crc_is_given_up_after_twenty_milliseconds_of_silence():
    name, took_ms = answered(spoilt(REPLY))
    end_ms = 10 + len(REPLY) * CHARACTER_MS
    assert name == "crc" and end_ms + 19 <= took_ms <= end_ms + 25
    # What looks like a reply that is spoilt may be noise in front of it.
    name, _ = answered(spoilt(REPLY), REPLY)
    assert name == "good"


def test_reply_that_began_in_time_may_end_later_but_not_at_any_time():
    for pause_ms, name in ((30, "good"), (49, "good"), (80, "short")):
        talk = Talk(timeout_ms=100)
        talk.ask()
        talk.line.arrive(REPLY[:5], 92)
        talk.line.arrive(REPLY[5:], 92 + 5 * CHARACTER_MS + pause_ms)
        assert talk.outcome()[0] == name, pause_ms
    # Not one byte in time.
    talk = Talk(timeout_ms=100)
    talk.ask()
    talk.line.arrive(REPLY, 105)
    assert talk.outcome() == ("silent", 100)


def test_answer_to_another_master_is_not_taken_behind_our_time_out():
    for before_ms in (1, 40, 150):
        talk = Talk()
        assert talk.ask() == PENDING
        # Its request ends while we still wait, and is answered when we ask again.
        talk.line.arrive(FOREIGN, 300 - before_ms - len(FOREIGN) * CHARACTER_MS)
        assert talk.outcome()[0] == "noise"
        talk.line.arrive(TO_FOREIGN, 60)
        begun_ms = talk.line.now_ms
        assert talk.ask() == PENDING
        assert talk.sent_ms - begun_ms >= 60 + len(TO_FOREIGN) * CHARACTER_MS, before_ms
        talk.line.arrive(REPLY, 10)
        assert talk.outcome()[0] == "good"
        assert talk.master.buffer[talk.master.data] == 1
        assert talk.master.stats["foreign"] == 1 and talk.master.stats["late"] == 0


def test_another_masters_request_may_begin_before_our_time_out_and_end_behind_it():
    for early in range(1, 8):
        talk = Talk()
        talk.ask()
        talk.line.arrive(FOREIGN[:early], 300 - (early + 0.5) * CHARACTER_MS)
        while not talk.master.step(talk.line.now_ms):
            talk.line.now_ms += 1
        talk.line.arrive(FOREIGN[early:])
        talk.line.now_ms += 12
        talk.line.arrive(TO_FOREIGN, 40)
        begun_ms = talk.line.now_ms
        assert talk.ask() == PENDING
        assert talk.sent_ms - begun_ms >= 40 + len(TO_FOREIGN) * CHARACTER_MS, early


def test_another_masters_request_right_behind_our_answer_is_seen():
    for early in range(1, 8):
        talk = Talk()
        talk.ask()
        talk.line.arrive(REPLY + FOREIGN[:early], 10)
        talk.line.now_ms += 30  # the loop was held: all of it comes at one look
        assert talk.outcome()[0] == "good"
        talk.line.arrive(FOREIGN[early:])
        talk.line.now_ms += 12
        talk.line.arrive(TO_FOREIGN, 40)
        begun_ms = talk.line.now_ms
        assert talk.ask() == PENDING
        assert talk.sent_ms - begun_ms >= 40 + len(TO_FOREIGN) * CHARACTER_MS, early
        assert talk.master.stats["foreign"] == 1


def test_request_of_another_master_that_is_never_answered_is_waited_for_once():
    talk = Talk()
    talk.ask()
    talk.line.arrive(FOREIGN, 200)
    assert talk.outcome()[0] == "noise"
    begun_ms = talk.line.now_ms
    assert OUTCOMES[talk.ask()] == "noise"  # held until its own time-out
    assert 299 <= talk.line.now_ms - begun_ms <= 302
    begun_ms = talk.line.now_ms
    assert talk.ask() == PENDING and talk.sent_ms - begun_ms <= 20


def test_request_of_another_master_is_not_waited_for_longer_than_our_time_out():
    talk = Talk(timeout_ms=100)
    talk.ask()
    talk.line.arrive(FOREIGN, 60)
    assert talk.outcome()[0] == "noise"
    talk.line.now_ms += 150
    begun_ms = talk.line.now_ms
    assert talk.ask() == PENDING and talk.sent_ms - begun_ms <= 20


def test_echo_of_our_own_request_is_no_other_masters():
    for late in (b"", b"\0"):
        talk = Talk()
        talk.ask()
        echo = adu(UNIT, FUNCTION, 0, 10, 0, COUNT)
        talk.line.arrive(late + echo, 1)
        assert talk.outcome()[0] in ("silent", "noise")
        begun_ms = talk.line.now_ms
        assert talk.ask() == PENDING and talk.sent_ms - begun_ms <= 20, late
        assert talk.master.stats["foreign"] == 0


def test_late_reply_behind_the_rest_of_a_broken_one_is_counted_as_late():
    talk = Talk(timeout_ms=100)
    talk.ask()
    talk.line.arrive(b"\x55\xaa", 50)
    assert talk.outcome()[0] == "noise"
    talk.line.arrive(REPLY)
    talk.line.now_ms += 30
    assert talk.ask() == PENDING
    assert talk.master.late_unit == UNIT and talk.master.stats["late"] == 1


def test_outcomes_that_others_name_are_what_they_say():
    assert (OUTCOMES[GOOD], OUTCOMES[EXCEPTION], OUTCOMES[PENDING]) == (
        "good",
        "exception",
        "pending",
    )
