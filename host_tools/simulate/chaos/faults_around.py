# SPDX-License-Identifier: MIT
"""What goes wrong on the line, in the loop, at clients and clamps."""

from host_tools.simulate.chaos.fault import Fault
from host_tools.simulate.chaos.wire import crc, framed, registers_frame


class Cut(Fault):
    """The pair is broken: bytes are lost from one moment to another, in the midst of a frame too."""

    name = "cut"
    longest_ms = 12000

    def start(self, world):
        at_ms = self.begin_ms
        while at_ms < self.end_ms:
            until_ms = min(at_ms + self.chance.choice((3, 30, 400, 5000)), self.end_ms)
            world.wire.cut(at_ms, until_ms)
            at_ms = until_ms + self.chance.choice((20, 200, 1500))


class Noise(Fault):
    """Bytes that nobody sent."""

    name = "noise"
    lasting_ms = 50

    def start(self, world):
        at_ms = self.begin_ms
        while at_ms < self.end_ms:
            data = self.chance.randbytes(self.chance.choice((1, 1, 3, 12, 40)))
            world.later(at_ms, lambda at=at_ms, data=data: world.wire.put(data, 1000 * at))
            at_ms += self.chance.choice((15, 60, 300, 900))


class Flips(Fault):
    """Bits of a reply, but as many as CRC-16 finds."""

    name = "flips"

    def choose(self):
        self.odds = self.chance.choice((1, 0.5, 0.2))

    def spoil(self, reply):
        frame = bytearray(reply.frame)
        for _ in range(self.chance.choice((1, 1, 2, 9))):
            frame[self.chance.randrange(len(frame))] ^= 1 << self.chance.randrange(8)
        if crc(frame[:-2]) == frame[-2:]:
            frame[-1] ^= 0x10
        reply.frame = bytes(frame)


class Truncated(Fault):
    """A reply breaks off."""

    name = "truncated"

    def spoil(self, reply):
        reply.frame = reply.frame[: self.chance.randrange(1, len(reply.frame))]


class Echo(Fault):
    """The bridge hears itself."""

    name = "echo"

    def start(self, world):
        world.wire.echo = True
        world.later(self.end_ms, lambda: setattr(world.wire, "echo", False))


class OtherUnits(Fault):
    """Units that are not ours answer somebody else, and ours under another's address."""

    name = "other-units"
    lasting_ms = 200

    def choose(self):
        self.odds = self.chance.choice((0, 0.3, 1))

    def spoil(self, reply):
        reply.frame = framed(reply.unit ^ 0x10, *reply.frame[1:-2])

    def start(self, world):
        at_ms = self.begin_ms
        while at_ms < self.end_ms:
            words = [
                self.chance.randrange(65536) for _ in range(self.chance.choice((1, 2, 2, 20)))
            ]
            frame = registers_frame(99, self.chance.choice((3, 4)), words)
            world.later(at_ms, lambda at=at_ms, frame=frame: world.wire.put(frame, 1000 * at))
            at_ms += self.chance.choice((40, 200, 700, 2000))


class SecondMaster(Fault):
    """Somebody else asks our units for registers of theirs, whenever he likes."""

    name = "second-master"
    lasting_ms = 1500

    def start(self, world):
        at_ms = self.begin_ms
        while at_ms < self.end_ms:
            world.later(at_ms, lambda at=at_ms: self._ask(world, at))
            at_ms += self.chance.choice((60, 250, 1000, 1700)) + self.chance.randrange(40)

    def _ask(self, world, at_ms):
        unit = self.chance.choice(list(world.wire.units))
        device = world.device(unit, at_ms)
        if device is None:
            return
        function, address = self.chance.choice(world.addresses(device))
        count = self.chance.choice((1, 2, 2, 4, 10, 20))
        request = framed(unit, function, address >> 8, address & 0xFF, 0, count)
        if world.wire.put(request, 1000 * at_ms):
            end_us = 1000 * at_ms + 8 * world.wire.character_us
            world.later(-(-end_us // 1000), lambda: world.wire.overheard(request, end_us))


class Held(Fault):
    """The loop stands still now and then, as while the heap is collected or the flash written."""

    name = "held"
    longest_ms = 12000

    def start(self, world):
        at_ms = self.begin_ms
        while at_ms < self.end_ms:
            for_ms = self.chance.choice((15, 40, 120, 400))
            world.later(at_ms, lambda ms=for_ms: world.hold(ms))
            at_ms += self.chance.choice((300, 900, 2500))


class SlowReader(Fault):
    """Clients take their answers in small pieces."""

    name = "slow-reader"

    def start(self, world):
        world.slow = True
        world.later(self.end_ms, lambda: setattr(world, "slow", False))


class ClampFault(Fault):
    needs = "clamp"

    def start(self, world):
        world.sampler.fault = self.samples
        world.later(self.end_ms, lambda: setattr(world.sampler, "fault", None))

    def samples(self, values):
        return values


class ClampStuck(ClampFault):
    """The pin rests at one of its ends."""

    name = "clamp-stuck"

    def choose(self):
        self.level = self.chance.choice((0, 1400, 30000))

    def samples(self, values):
        return [self.level] * len(values)


class ClampClipped(ClampFault):
    """The wave leaves the range."""

    name = "clamp-clipped"

    def samples(self, values):
        return [min(max(12000 + 40 * (value - 12000), 0), 31000) for value in values]


class ClampUnplugged(ClampFault):
    """Neither clamp nor bias: the pin lies below what the ADC sees."""

    name = "clamp-unplugged"

    def samples(self, values):
        return [300 + value % 5 for value in values]
