# SPDX-License-Identifier: MIT
"""What goes wrong in a unit."""

from host_tools.simulate.chaos.fault import EVER_MS, Fault
from host_tools.simulate.chaos.wire import framed, registers_frame

CODES = (1, 2, 3, 4, 5, 6, 8, 10, 11, 99)


class Silence(Fault):
    """No reply, to all requests or to some."""

    name = "silence"

    def choose(self):
        self.odds = self.chance.choice((1, 1, 0.7, 0.3))

    def spoil(self, reply):
        reply.frame = None

    def told(self):
        return f", {self.odds:.0%}"


class Late(Fault):
    """The right reply to a request of seconds ago; the unit answers all, one after the other."""

    name = "late"
    needs = "unit"

    def choose(self):
        self.late_ms = self.chance.choice((300, 700, 1100, 2100, 3300, 4500, 6500, 7500, 9000))
        self.lasting_ms = self.late_ms + 300
        self.spread_ms = self.chance.choice((1, 100, 900))
        self.odds = self.chance.choice((1, 1, 0.5, 0.1))

    def spoil(self, reply):
        reply.late_ms = max(0, self.late_ms - self.chance.randrange(self.spread_ms))

    def told(self):
        return f", {self.late_ms} ms"


class Copies(Fault):
    """Each reply is sent again, once or twice."""

    name = "copies"

    def choose(self):
        self.gap_ms = self.chance.choice((20, 50, 150, 300, 350, 500, 900, 1000, 1500, 2000))
        self.copied_ms = 2 * self.gap_ms
        self.lasting_ms = self.copied_ms + 300
        self.odds = self.chance.choice((1, 0.3))

    def spoil(self, reply):
        if not reply.is_ours:
            return  # a copy of another master's answer is no different from ours: there must be one master
        reply.copies_ms = (
            [self.gap_ms] if self.chance.random() < 0.8 else [self.gap_ms, 2 * self.gap_ms]
        )

    def told(self):
        return f", after {self.gap_ms} ms"


class WrongLength(Fault):
    """A frame with more or fewer registers than asked for and the right CRC, or with a byte count that is not its length."""

    name = "wrong-length"

    def spoil(self, reply):
        frame = reply.frame
        if len(frame) < 7 or frame[1] & 0x80:
            return
        if self.chance.random() < 0.3:
            reply.frame = framed(*frame[:2], (frame[2] + 2) & 0xFF, *frame[3:-2])
            return
        words = [frame[i] << 8 | frame[i + 1] for i in range(3, len(frame) - 2, 2)]
        more = self.chance.choice((-2, -1, 1, 2, 5))
        words = words[:more] if more < 0 else words + [0x1234] * more
        reply.frame = registers_frame(frame[0], frame[1], words[:125])


class WrongFunction(Fault):
    """The reply to another function."""

    name = "wrong-function"

    def spoil(self, reply):
        reply.frame = framed(reply.frame[0], reply.frame[1] ^ 7, *reply.frame[2:-2])


class Refused(Fault):
    """An exception response to everything."""

    name = "refused"

    def choose(self):
        self.code = self.chance.choice(CODES)
        self.odds = self.chance.choice((1, 1, 0.5))

    def spoil(self, reply):
        reply.frame = framed(reply.unit, reply.function | 0x80, self.code)

    def told(self):
        return f", code {self.code}, {self.odds:.0%}"


class Busy(Refused):
    """Code 5 or 6 on half of the requests."""

    name = "busy"

    def choose(self):
        self.code = self.chance.choice((5, 6))
        self.odds = 0.5


class Missing(Fault):
    """Registers that nobody needs can no longer be read, for ever: an exception response or silence to what touches them."""

    name = "missing"
    needs = "unit"

    def choose(self):
        self.code = self.chance.choice((*CODES, None))
        # docs/design/chaos.md: until the unit's reads are cut around them.
        self.lasting_ms = 40000 if self.code is None else 20000
        self.end_ms = EVER_MS
        self.function = self.first = None

    def start(self, world):
        device = world.device(self.unit, self.begin_ms)
        self.function, self.first = self.chance.choice(world.gaps(device) or [(0, 0)])

    def reply(self, reply):
        if reply.unit == self.unit and reply.function == self.function and reply.frame is not None:
            if reply.address <= self.first < reply.address + reply.count:
                if reply.asked_us >= 1000 * self.begin_ms:
                    reply.frame = None
                    if self.code is not None:
                        reply.frame = framed(reply.unit, reply.function | 0x80, self.code)

    def over_ms(self):
        return self.begin_ms + self.lasting_ms

    def told(self):
        return f", register {self.first}, code {self.code}"


class RefusedRead(Fault):
    """What touches one of the registers that are needed is refused for a while."""

    name = "refused-read"
    needs = "unit"

    def choose(self):
        self.code = self.chance.choice(CODES)
        self.function = self.first = None

    def start(self, world):
        device = world.device(self.unit, self.begin_ms)
        self.function, self.first = self.chance.choice(world.addresses(device))

    def spoil(self, reply):
        if (
            reply.function == self.function
            and reply.address <= self.first < reply.address + reply.count
        ):
            reply.frame = framed(reply.unit, reply.function | 0x80, self.code)

    def told(self):
        return f", register {self.first}, code {self.code}"


class ShortReads(Fault):
    """No read of more than some registers is answered, but refused or passed over."""

    name = "short-reads"
    needs = "unit"

    def choose(self):
        self.most = self.chance.choice((1, 2, 4, 10))
        self.code = self.chance.choice((2, 3, 4, None))

    def spoil(self, reply):
        if reply.count > self.most:
            reply.frame = None
            if self.code is not None:
                reply.frame = framed(reply.unit, reply.function | 0x80, self.code)

    def told(self):
        return f", more than {self.most} registers, code {self.code}"


class Reboot(Fault):
    """Silence, then a while in which the registers hold nothing true."""

    name = "reboot"
    needs = "unit"
    longest_ms = 9000

    def choose(self):
        self.fill = self.chance.choice((0, 0, "none", "none", 0xFFFF))
        self.awake_ms = self.end_ms - (self.end_ms - self.begin_ms) // self.chance.choice((2, 5))

    def start(self, world):
        world.device(self.unit, self.begin_ms).spell(self.awake_ms, self.end_ms, self.fill)

    def spoil(self, reply):
        if reply.asked_us < 1000 * self.awake_ms:
            reply.frame = None

    def told(self):
        return f", registers {self.fill}"


class Swap(Fault):
    """After five seconds of silence or more another unit of the same kind answers; of SunSpec, one with other models in front."""

    name = "swap"
    needs = "unit"
    longest_ms = 12000

    def choose(self):
        self.end_ms = max(self.end_ms, self.begin_ms + 5000)

    def start(self, world):
        world.swap(self.unit, self.end_ms, self.chance)

    def spoil(self, reply):
        reply.frame = None


class GarbledFirst(Fault):
    """Silence, and then a first reply with a wrong CRC."""

    name = "garbled-first"
    needs = "unit"
    _garbled_ms = 0

    def reply(self, reply):
        if reply.unit != self.unit or reply.frame is None or reply.asked_us < 1000 * self.begin_ms:
            return
        if reply.asked_us < 1000 * self.end_ms:
            reply.frame = None
        elif not self._garbled_ms:
            self._garbled_ms = reply.asked_us // 1000 + 100
            reply.frame = reply.frame[:-1] + bytes((reply.frame[-1] ^ 0x55,))

    def over_ms(self):
        """A unit that is not asked again is well: then it is the bridge that is slow."""
        return self._garbled_ms or self.end_ms
