# SPDX-License-Identifier: MIT
"""The master against a million spoilt frames, against pymodbus, and the poller against answers that come late.

Every run draws the same frames and schedules: the seeds are fixed.
"""

import random

import pytest
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU, ExceptionResponse
from pymodbus.pdu.register_message import ReadHoldingRegistersResponse, ReadInputRegistersResponse

import modbus.frame
import modbus.master
from line import Line, adu
from meters.poller import Poller
from modbus.frame import crc16
from modbus.master import EXCEPTION, GOOD, PENDING, Master
from planning import grouping, profile, unit_limits

FRAMES = 1_000_000
TIMEOUT_MS = 100

# CRC by table, made from the polynomial: neither the firmware's nibbles nor the fake line's bits.
TABLE = []
for value in range(256):
    for _ in range(8):
        value = value >> 1 ^ (0xA001 * (value & 1))
    TABLE.append(value)


def crc(data):
    value = 0xFFFF
    for byte in data:
        value = value >> 8 ^ TABLE[(value ^ byte) & 0xFF]
    return bytes((value & 0xFF, value >> 8))


def framed(body):
    return body + crc(body)


class Port:
    """Gives what was put into `stream`, in pieces; takes no time."""

    def __init__(self):
        self.stream = b""
        self.piece = 0  # bytes that may be taken before the next step

    def send(self, request):
        self.request = bytes(request)

    def finish(self):
        pass

    def any(self):
        return min(self.piece, len(self.stream))

    def readinto(self, buf):
        count = min(self.any(), len(buf))
        buf[:count] = self.stream[:count]
        self.stream = self.stream[count:]
        self.piece -= count
        return count


class Talk:
    """One master and its port on a clock of their own."""

    def __init__(self):
        self.port = Port()
        self.master = Master(self.port, 9600)
        self.now_ms = 0

    def ask(self, unit, function, count, stream, piece=400):
        """Outcome of a read to which `stream` comes back."""
        master, port = self.master, self.port
        master.select(unit, function, TIMEOUT_MS)
        port.piece = len(port.stream)
        master.begin(0, count, self.now_ms)
        self.now_ms += 9
        assert master.step(self.now_ms) == PENDING
        port.stream = stream
        while True:
            self.now_ms = (self.now_ms + (2 if port.stream else 300)) % 2**30
            port.piece = piece
            outcome = master.step(self.now_ms)
            if outcome != PENDING:
                return outcome


# What goes wrong on a line. Each takes a good frame, another one, and a source of chance.


def flipped(frame, other, chance):
    spoilt = bytearray(frame)
    for _ in range(1 + chance.getrandbits(4)):
        bit = chance.getrandbits(11) % (8 * len(spoilt))
        spoilt[bit >> 3] ^= 1 << (bit & 7)
    return bytes(spoilt)


def cut(frame, other, chance):
    return frame[: chance.getrandbits(8) % len(frame)]


def beheaded(frame, other, chance):
    return frame[1 + chance.getrandbits(8) % len(frame) :]


def spliced(frame, other, chance):
    return (
        frame[: chance.getrandbits(8) % len(frame)] + other[chance.getrandbits(8) % len(other) :]
    )


def torn(frame, other, chance):
    """A hole in the middle."""
    at = chance.getrandbits(8) % len(frame)
    return frame[:at] + frame[at + 1 + chance.getrandbits(2) :]


def noisy(frame, other, chance):
    return flipped(chance.randbytes(1 + chance.getrandbits(3)) + frame, other, chance)


def strange(frame, other, chance):
    """Another unit, function or length, with a good CRC."""
    body = bytearray(frame[:-2])
    body[chance.getrandbits(8) % (2 if len(frame) == 5 else 3)] ^= 1 + chance.getrandbits(7)
    return framed(bytes(body))


SPOIL = (flipped, flipped, cut, beheaded, spliced, torn, noisy, strange)


def reply(unit, function, count, chance):
    if chance.getrandbits(3) == 0:
        return framed(bytes((unit, function | 0x80, 1 + chance.getrandbits(2))))
    return framed(bytes((unit, function, 2 * count)) + chance.randbytes(2 * count))


def assert_answers(master, outcome, unit, function, count):
    """What was believed is a whole frame that answers the request."""
    size = 5 if outcome == EXCEPTION else 5 + 2 * count
    start = master.data - 3
    frame = bytes(master.buffer[start : start + size])
    assert start >= 0 and start + size <= master.length
    assert crc(frame[:-2]) == frame[-2:]
    assert frame[0] == unit
    if outcome == EXCEPTION:
        assert frame[1] == function | 0x80 and frame[2] == master.exception
    else:
        assert frame[1] == function and frame[2] == 2 * count
    return frame


def test_a_million_spoilt_frames_and_none_is_believed_that_is_no_answer():
    chance = random.Random(485)
    talk = Talk()
    shapes = [(u, f, n) for u in (1, 2, 247) for f in (3, 4) for n in (1, 2, 2, 4, 10)]
    frames = {shape: [reply(*shape, chance) for _ in range(8)] for shape in shapes}
    every = [frame for some in frames.values() for frame in some]
    genuine = {
        (u, f, n): {
            g for g in every if g[0] == u and (g[1:3] == bytes((f, 2 * n)) or g[1] == f | 0x80)
        }
        for u, f, n in shapes
    }
    seen = healed = by_chance = 0
    while seen < FRAMES:
        unit, function, count = shape = shapes[chance.getrandbits(8) % len(shapes)]
        stream = b""
        for _ in range(1 + chance.getrandbits(3)):
            frame = frames[shape][chance.getrandbits(3)]
            other = every[chance.getrandbits(8) % len(every)]
            stream += SPOIL[chance.getrandbits(3)](frame, other, chance)
            seen += 1
        # What is not taken stays in the receiver, as a late reply would: the next request must drop it.
        outcome = talk.ask(unit, function, count, stream, 1 + chance.getrandbits(8))
        if outcome in (GOOD, EXCEPTION):
            frame = assert_answers(talk.master, outcome, unit, function, count)
            healed += frame in genuine[shape]  # two halves that fit, a bit that flipped back
            by_chance += frame not in genuine[shape]
    # A CRC of 16 bits lets one in 65536 pass.
    assert by_chance < 2 * FRAMES / 65536
    assert healed < FRAMES / 50


def test_noise_costs_no_more_than_a_long_reply(monkeypatch):
    summed = []

    def counting(buf, start, end):
        summed.append(end - start)
        return crc16(buf, start, end)

    for module in (modbus.frame, modbus.master):
        monkeypatch.setattr(module, "crc16", counting)
    chance = random.Random(7)
    talk = Talk()
    heads = b"\x08\x03\xf0", b"\x07\x83\x02", b"\x03\x03\x03\x04", b"\x00"
    for noise in [chance.randbytes(264) for _ in range(50)] + [head * 90 for head in heads]:
        talk.ask(7, 3, 125, noise[:264])
        begin = len(summed)
        talk.ask(7, 3, 125, b"")  # what was not taken is dropped here
        assert sum(summed[:begin]) <= 1000 and sum(summed[begin:]) <= 600
        summed.clear()


def test_repeated_replies_echoes_and_noise_around_a_good_one_do_no_harm():
    chance = random.Random(1)
    talk = Talk()
    for _ in range(5000):
        unit, function, count = (
            1 + chance.getrandbits(7),
            3 + chance.getrandbits(1),
            1 + chance.getrandbits(5),
        )
        body = bytes((unit, function, 2 * count)) + chance.randbytes(2 * count)
        good = framed(body)
        request = framed(bytes((unit, function, 0, 0, 0, count)))
        before = (b"", b"\0", b"\0\0", request, b"\0" + request, b"\xff\xfe")[
            chance.getrandbits(8) % 6
        ]
        after = (b"", good, good[:4], b"\0")[chance.getrandbits(2)]
        outcome = talk.ask(unit, function, count, before + good + after, 1 + chance.getrandbits(6))
        assert outcome == GOOD
        assert_answers(talk.master, outcome, unit, function, count)
        assert bytes(talk.master.buffer[talk.master.data :][: 2 * count]) == body[3:]


@pytest.mark.parametrize("function", [3, 4])
def test_good_frames_are_read_as_pymodbus_reads_them(function):
    chance = random.Random(function)
    framer = FramerRTU(DecodePDU(False))
    kind = ReadHoldingRegistersResponse if function == 3 else ReadInputRegistersResponse
    talk = Talk()
    for count in range(1, 126):
        for _ in range(8):
            unit = 1 + chance.getrandbits(8) % 247
            registers = [chance.getrandbits(16) for _ in range(count)]
            pdu = kind(registers=registers)
            pdu.dev_id = unit
            frame = framer.buildFrame(pdu)
            assert talk.ask(unit, function, count, frame) == GOOD
            data = talk.master.buffer[talk.master.data :]
            assert [data[2 * i] << 8 | data[2 * i + 1] for i in range(count)] == registers
            used, read = framer.handleFrame(flip_one(frame, chance), unit, 0)
            assert read is None
            assert talk.ask(unit, function, count, flip_one(frame, chance)) not in (
                GOOD,
                EXCEPTION,
            )


def flip_one(frame, chance):
    at = chance.getrandbits(16) % len(frame)
    return frame[:at] + bytes((frame[at] ^ 1 << chance.getrandbits(3),)) + frame[at + 1 :]


def test_refusals_are_read_as_pymodbus_writes_them():
    framer = FramerRTU(DecodePDU(False))
    talk = Talk()
    for function in (3, 4):
        for code in (1, 2, 3, 4, 5, 6, 8, 10, 11):
            pdu = ExceptionResponse(function, code)
            pdu.dev_id = 17
            assert talk.ask(17, function, 4, framer.buildFrame(pdu)) == EXCEPTION
            assert talk.master.exception == code


# Late answers. Every value says which request made it, so an old one that is taken for new gives itself away.


class LateLine(Line):
    """A unit that answers in order, but when it likes. Values hold the number of the request; longer reads have more behind them.

    reads: [(address, words)]
    """

    def __init__(self, chance, reads, refuses_probes, forgets):
        super().__init__({})
        self.reads = reads
        self.chance = chance
        self.refuses_probes = refuses_probes
        self.forgets = forgets
        self.free_ms = 0

    def _answer(self, end_us):
        unit, function, address, count = self._sent[0], self._sent[1], self._sent[3], self._sent[5]
        self.requests.append(self._sent)
        number = len(self.requests)
        if self.forgets and self.now_ms < self.free_ms:
            return  # busy with an older one
        late_ms = (95, 105, 120, 140, 160, 180, 200, 250, 500, 1200, 2800)
        delay_ms = self.chance.choice(late_ms) if self.chance.random() < 0.3 else 5
        start_ms = max(self.now_ms + delay_ms, self.free_ms)
        answer = adu(unit, function | 0x80, 2)
        if (address, count) in self.reads or not self.refuses_probes:
            answer = self.reply(unit, function, address, count, number)
        self.free_ms = start_ms + len(answer) * 2
        self.send_reply(answer, start_ms - self.now_ms)

    def reply(self, unit, function, address, count, number):
        words = [0] * count
        words[min(dict(self.reads)[address], count) - 1] = number
        return adu(unit, function, 2 * count, b"".join(word.to_bytes(2, "big") for word in words))

    def send_reply(self, answer, in_ms):
        self.arrive(answer, in_ms)


class Witness:
    """A device that knows which request is open."""

    def __init__(self, line):
        self.line = line
        self.values = 0

    def put(self, key, value, at_ms):
        assert value == len(self.line.requests), "the answer to an older request"
        assert at_ms <= self.line.now_ms
        self.values += 1


THREE_READS = {
    "defaults": {"function": 3, "type": "u32"},
    "limits": {"timeout_ms": TIMEOUT_MS, "walls": [50, 150]},
    "roles": {
        "inverters": {
            "power": {"address": 0, "scale": "1 W"},
            "energy_day": {"address": 100, "scale": "1 Wh"},
            "energy_total": {"address": 200, "scale": "1 Wh"},
        }
    },
}


# All of one size, and of sizes that are those of each other's probes.
SIZES = {"alike": ("u32", "u32", "u32"), "unlike": ("u16", "u32", "u64")}


@pytest.mark.parametrize("forgets", [False, True])
@pytest.mark.parametrize("refuses_probes", [False, True])
@pytest.mark.parametrize("sizes", SIZES)
def test_no_late_answer_is_taken_for_the_answer_to_a_later_request(sizes, refuses_probes, forgets):
    values = 0
    for seed in range(80):
        chance = random.Random(seed)
        line = LateLine(chance, reads_of(sizes), refuses_probes, forgets)
        witness = Witness(line)
        poll(line, sizes, witness, chance.choice((1, 200, 1000)))
        values += witness.values
    assert values > 2000, "and the prompt answers are taken"


def role_of(sizes):
    specs = THREE_READS["roles"]["inverters"].items()
    return {key: dict(spec, type=kind) for (key, spec), kind in zip(specs, SIZES[sizes])}


def reads_of(sizes):
    return [(one["address"], int(one["type"][1:]) // 16) for one in role_of(sizes).values()]


def poll(line, sizes, witness, poll_ms):
    """Two minutes."""
    role = role_of(sizes)
    description = dict(THREE_READS, roles={"inverters": role})
    master = Master(line, 9600)
    unit = unit_limits.unit(1, description["limits"])
    quantities = [
        profile.quantity(witness, key, key, description, "inverters", False) for key in role
    ]
    overhead_chars = grouping.overhead_chars(unit, master)
    unit.reads = grouping.reads(unit, quantities, overhead_chars, 1)
    poller = Poller(master, [unit], poll_ms, poll_ms)
    line.run(poller, 120_000)
    return poller


class UntidyLine(LateLine):
    """A unit that sends some replies twice, or the answer after it has said that there will be none.

    A value holds the place of its register besides the number of its request.
    """

    def reply(self, unit, function, address, count, number):
        place = [one for one, _ in self.reads].index(address)
        return super().reply(unit, function, address, count, 4 * (number % 16000) + place)

    def send_reply(self, answer, in_ms):
        fate = self.chance.random()
        again_ms = in_ms + self.chance.choice((1, 20, 60, 90, 150, 200, 250))
        if fate < 0.2:
            self.arrive(answer, again_ms)
        elif fate < 0.3 and answer[1] < 0x80:
            self.arrive(answer, again_ms)
            answer = adu(answer[0], answer[1] | 0x80, self.chance.choice((5, 6, 10, 11)))
        self.arrive(answer, in_ms)


class PlaceWitness:
    """A device that knows which register each value must come from."""

    def __init__(self, line, keys):
        self.line = line
        self.keys = keys
        self.values = 0

    def put(self, key, value, at_ms):
        assert self.keys[value % 4] == key, "another register's value"
        # A copy of the same read's last reply is as old as it came late, and a late one may be copied, too.
        assert len(self.line.requests) - value // 4 <= 12
        self.values += 1


@pytest.mark.parametrize("refuses_probes", [False, True])
@pytest.mark.parametrize("sizes", SIZES)
def test_no_reply_that_comes_twice_or_after_all_is_taken_for_another_registers(
    sizes, refuses_probes
):
    values = 0
    for seed in range(80):
        chance = random.Random(seed)
        line = UntidyLine(chance, reads_of(sizes), refuses_probes, False)
        witness = PlaceWitness(line, list(role_of(sizes)))
        poll(line, sizes, witness, chance.choice((1, 200, 1000)))
        values += witness.values
    assert values > 2000, "and the prompt answers are taken"
