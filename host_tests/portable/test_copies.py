# SPDX-License-Identifier: MIT
"""A reply that comes twice, or behind an exception response, is never taken for another register's."""

from line import Forgetful, Line, adu
from meters.poller import Poller
from modbus.master import Master
from planning import grouping, profile, unit_limits

# Registers that stand alone: what is between them cannot be read, so all reads come to have one length.
ADDRESSES = (10, 12, 14, 16)
KEYS = ("power", "energy_total", "energy_day", "temperature")
DESCRIPTION = {
    "limits": {"timeout_ms": 300},
    "defaults": {"function": 3, "type": "u16"},
    "roles": {
        "inverters": {
            key: {"address": address, "scale": "1 W" if key == "power" else "1 Wh"}
            for key, address in zip(KEYS, ADDRESSES)
        }
    },
}


class Witness:
    """A device that knows which register each value comes from: its address stands in the tens."""

    def __init__(self):
        self.at_ms = {key: 0 for key in KEYS}

    def put(self, key, value, at_ms):
        assert value % 100 == ADDRESSES[KEYS.index(key)], (key, value)
        self.at_ms[key] = at_ms


class Copying(Line):
    """Its unit sends each reply once more, so much later; values change from request to request. lacking: has only its registers."""

    def __init__(self, copy_ms, lacking=True, behind=None):
        super().__init__({1: {}})
        self.requests = Forgetful()
        self.copy_ms = copy_ms
        self.lacking = lacking
        self.behind = behind
        self.count = 0

    def _answer(self, end_us):
        self.count += 1
        for at in range(8, 20):
            if at in ADDRESSES or not self.lacking:
                self.units[1][(3, at)] = 100 * (self.count % 9) + at
        super()._answer(end_us)

    def arrive(self, data, in_ms=0):
        super().arrive(data, in_ms + self.copy_ms)
        first = adu(1, 0x83, self.behind) if self.behind and self.count % 3 == 0 else data
        super().arrive(first, in_ms)


def refusing(code):
    return lambda reply: adu(1, 0x83, code)


def consistent(poller):
    """Each register is in one read, and where its reply has it."""
    reads = poller.units[0].reads
    registers = [register for read in reads for register in read.registers]
    assert sorted([register.address for register in registers]) == list(ADDRESSES)
    for read in reads:
        for register in read.registers:
            assert register.offset == 2 * (register.address - read.address)


def build(line, poll_interval_ms):
    master = Master(line, 9600)
    unit = unit_limits.unit(1, DESCRIPTION["limits"])
    witness = Witness()
    quantities = [
        profile.quantity(witness, key, key, DESCRIPTION, "inverters", False) for key in KEYS
    ]
    unit.reads = grouping.reads(unit, quantities, grouping.overhead_chars(unit, master), 2)
    return Poller(master, [unit], poll_interval_ms), witness


def test_copies_after_cuts_are_no_other_registers_values():
    fresh = runs = 0
    for interval_ms in (300, 1000):
        for copy_ms in tuple(range(20, 500, 31)) + tuple(range(500, 2001, 173)):
            line = Copying(copy_ms)
            poller, witness = build(line, interval_ms)
            line.run(poller, 40000)
            consistent(poller)
            late = [key for key in KEYS if line.now_ms - witness.at_ms[key] > 7000]
            if copy_ms <= 300:
                reads = poller.units[0].reads
                assert [(read.count, read.same_length) for read in reads] == [(1, True)] * 4
                assert not late, (interval_ms, copy_ms, late)
            fresh += len(KEYS) - len(late)
            runs += 1
    # Later copies may meet each answer on the line, and spoil it.
    assert fresh > 0.7 * len(KEYS) * runs


def test_copies_after_a_while_of_exception_responses_are_no_other_registers_values():
    for code in (2, 6):
        for copy_ms in range(20, 2001, 97):
            line = Copying(copy_ms, lacking=False)
            poller, witness = build(line, 1000)
            line.run(poller, 4000)
            for _ in range(3):
                line.garble = refusing(code)
                line.run(poller, line.now_ms + 5000)
                line.garble = None
                line.run(poller, line.now_ms + 7000)
                consistent(poller)
            assert line.now_ms - max(witness.at_ms.values()) < 7000, (code, copy_ms)


def test_answers_behind_exception_responses_are_no_other_registers_values():
    fresh = 0
    for behind in (2, 5, 6, 11):
        for copy_ms in range(20, 2001, 149):
            line = Copying(copy_ms, behind=behind)
            poller, witness = build(line, 1000)
            line.run(poller, 30000)
            fresh += line.now_ms - max(witness.at_ms.values()) < 7000
    assert fresh > 28, "and others are taken"


def test_two_answers_to_one_request_are_none():
    line = Line({1: {(3, 10): 7, (3, 12): 8}})
    master = Master(line, 9600)
    for listen_ms, second_ms, outcome in ((0, 40, 1), (100, 40, 7), (100, 79, 7), (100, 120, 1)):
        line.arrive(b"")
        master.select(1, 3, 300)
        master.listen(listen_ms)
        master.begin(10, 1, line.now_ms)
        line.garble = lambda reply, ms=second_ms: (
            line.arrive(adu(1, 3, 2, b"\0\x08"), ms),
            reply,
        )[1]
        while not (found := master.step(line.now_ms)):
            line.now_ms += 1
        assert found == outcome, (listen_ms, second_ms, found)
        assert found != 1 or master.buffer[master.data + 1] == 7
        line.now_ms += 500
        master.begin(10, 1, line.now_ms)  # drops the rest
        line.garble = None
        while not master.step(line.now_ms):
            line.now_ms += 1
