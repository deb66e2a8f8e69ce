# SPDX-License-Identifier: MIT
"""The RS485 pair in virtual time: the port of modbus.master.Master at one end, simulated units at the other.

Every byte arrives when its last bit would. What is on the pair twice at a time is spoilt for everybody who hears it.
"""

import random
import struct
from bisect import bisect_left, bisect_right
from collections import deque

_TABLE = []
for _byte in range(256):
    for _ in range(8):
        _byte = _byte >> 1 ^ 0xA001 if _byte & 1 else _byte >> 1
    _TABLE.append(_byte)


def crc(data):
    """Of a frame without its CRC, as it stands on the line (Modbus over Serial Line V1.02, 6.2.2; table of appendix B)."""
    value = 0xFFFF
    for byte in data:
        value = value >> 8 ^ _TABLE[(value ^ byte) & 0xFF]
    return struct.pack("<H", value)


def framed(*body):
    data = bytes(body)
    return data + crc(data)


def registers_frame(unit, function, words):
    return framed(unit, function, 2 * len(words), *struct.pack(f">{len(words)}H", *words))


class Reply:
    """What a unit is about to send; faults change it. frame None: nothing."""

    def __init__(self, unit, function, address, count, at_us):
        self.unit = unit
        self.function = function
        self.address = address
        self.count = count
        self.asked_us = at_us  # when the request was whole: then the unit takes its values
        self.is_ours = True  # not another master's
        self.frame = None
        self.late_ms = 0
        self.copies_ms = []  # after how long each is sent once more
        self.raw = []  # what stands on the line in front of it


class Wire:
    """faults: objects with `reply(reply)`; units: {address: [(from when in ms, Device)]}."""

    def __init__(self, world, units, baudrate, bits, seed):
        self.units = units
        self.faults = []
        self.character_us = bits * 1000000 // baudrate
        self.requests = 0
        self.echo = False
        self._world = world
        self._random = random.Random(seed)
        self._times_us = []  # of the bytes that the bridge has not taken yet
        self._bytes = bytearray()
        self._busy_us = {
            address: 0 for address in units
        }  # a unit answers one request after the other
        self._sent = None
        self._sent_us = 0
        self._spoilt = False
        self._spans = deque(maxlen=30)  # of what was put on it last
        self._cuts = []  # (from, to) in us: nothing passes
        self._deaf_us = 0  # until then the bridge drives the pair

    # What the master sees.

    def send(self, request):
        assert self._sent is None, "sent while sending"
        assert len(request) == 8 and crc(request[:6]) == bytes(request[6:])
        self._sent = bytes(request)
        self._sent_us = self._world.now_ms * 1000
        end_us = self._sent_us + 8 * self.character_us
        self._spoilt = bool(self._spoil(self._sent_us, end_us))

    def finish(self):
        assert self._sent is not None, "finished twice"
        request, self._sent = self._sent, None
        end_us = self._sent_us + 8 * self.character_us
        assert end_us - self._world.now_ms * 1000 <= 10000, (
            "would hold the loop for more than 10 ms"
        )
        self._world.now_ms = max(self._world.now_ms, -(-end_us // 1000))
        self._deaf_us = max(end_us, self._world.now_ms * 1000 - 1000)
        self.requests += 1
        if self.echo:
            self.put(request, self._sent_us, own=True)
        if not self._spoilt and not self._is_cut(self._sent_us, end_us):
            self.answer(request, end_us)

    def any(self):
        return bisect_right(self._times_us, self._world.now_ms * 1000)

    def readinto(self, buf):
        count = min(self.any(), len(buf))
        buf[:count] = self._bytes[:count]
        del self._bytes[:count], self._times_us[:count]
        return count or None

    # What faults do.

    def cut(self, begin_ms, end_ms):
        self._cuts.append((1000 * begin_ms, 1000 * end_ms))

    def put(self, data, start_us, own=False):
        """Bytes on the pair, the first of them whole a character after start_us. False if something else was there."""
        end_us = start_us + len(data) * self.character_us
        hit = self._spoil(start_us, end_us)
        self._spans.append((start_us, end_us))
        if not own and self._sent is not None:
            if start_us < self._sent_us + 8 * self.character_us and self._sent_us < end_us:
                self._spoilt = hit = True
        for i, byte in enumerate(data):
            at_us = start_us + (i + 1) * self.character_us
            if (at_us <= self._deaf_us and not own) or (self._cuts and self._is_cut(at_us, at_us)):
                continue
            place = bisect_right(self._times_us, at_us)
            self._times_us.insert(place, at_us)
            self._bytes.insert(place, byte ^ self._random.randrange(1, 256) if hit else byte)
        return not hit

    def overheard(self, request, end_us):
        """Another master's request has ended: it is answered, unless the bridge spoke at the same time."""
        start_us = end_us - len(request) * self.character_us
        spans = [*self._spans, (self._sent_us, self._sent_us + 8 * self.character_us)]
        if sum(begin_us < end_us and start_us < till_us for begin_us, till_us in spans) == 1:
            self.answer(request, end_us, False)

    def answer(self, request, end_us, is_ours=True):
        """Let the unit that a request names answer."""
        address, function, first, count = struct.unpack(">BBHH", request[:6])
        device = self._world.device(address, end_us // 1000)
        if device is None:
            return
        reply = Reply(address, function, first, count, end_us)
        reply.is_ours = is_ours
        found = device.read(function, first, count, end_us // 1000)
        if isinstance(found, int):
            reply.frame = framed(address, function | 0x80, found)
        else:
            reply.frame = registers_frame(address, function, found)
        for fault in self.faults:
            fault.reply(reply)
        if reply.frame is not None:
            self._send(reply)

    def _send(self, reply):
        start_us = reply.asked_us + 1000 * self._random.randrange(4, 60)
        start_us = max(start_us + 1000 * reply.late_ms, self._busy_us[reply.unit])
        data = bytes(reply.raw) + reply.frame
        duration_us = (len(data) + 4) * self.character_us
        self._busy_us[reply.unit] = start_us + duration_us
        self._world.later(start_us // 1000, lambda: self.put(data, start_us))
        for copy_ms in reply.copies_ms:
            again_us = start_us + duration_us + 1000 * copy_ms
            self._world.later(again_us // 1000, lambda at=again_us: self.put(reply.frame, at))

    def _spoil(self, start_us, end_us):
        """Change what is on the pair in this time; how many bytes that were."""
        first = bisect_right(self._times_us, start_us)
        last = bisect_left(self._times_us, end_us + self.character_us)
        for i in range(first, last):
            self._bytes[i] ^= self._random.randrange(1, 256)
        return last - first

    def _is_cut(self, start_us, end_us):
        return any(begin_us <= end_us and start_us <= till_us for begin_us, till_us in self._cuts)
