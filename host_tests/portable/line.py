# SPDX-License-Identifier: MIT
"""The far end of an RS485 line on a virtual clock: units that answer reads, and faults. Written apart from lib/."""

import struct


def crc(data):
    """Modbus CRC, bit by bit (Modbus over Serial Line V1.02, 6.2.2)."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return struct.pack("<H", value)


def adu(*parts):
    body = b"".join([p if isinstance(p, bytes) else bytes((p,)) for p in parts])
    return body + crc(body)


class Forgetful(list):
    """For requests that nobody looks at, on the small heap of a board."""

    def append(self, request):
        pass


class Line:
    """Port of a master and clock of the test. units: {unit: {(function, address): word}}."""

    def __init__(self, units, baudrate=9600, turnaround_ms=10):
        self.units = units
        self.now_ms = 1000
        self.turnaround_ms = turnaround_ms
        self.character_us = 10000000 // baudrate
        self.requests = []
        self.silent = set()
        self.late_ms = {}
        self.garble = None  # called with each reply, returns what goes on the line
        self._sent = None
        self._due = []  # (us, byte)
        self._finished = True

    # What the master sees.

    def send(self, request):
        assert self._finished, "sent while sending"
        assert len(request) == 8 and crc(bytes(request[:6])) == bytes(request[6:])
        self._sent = bytes(request)
        self._sent_us = self.now_ms * 1000
        self._finished = False

    def finish(self):
        assert not self._finished, "finished twice"
        end_us = self._sent_us + 8 * self.character_us
        assert end_us - self.now_ms * 1000 <= 10000, "would hold the loop for more than 10 ms"
        self.now_ms = max(self.now_ms, -(-end_us // 1000))
        self._finished = True
        self._answer(end_us)

    def any(self):
        count = 0
        for at_us, _ in self._due:
            count += at_us <= self.now_ms * 1000
        return count

    def readinto(self, buf):
        count = min(self.any(), len(buf))
        for i in range(count):
            buf[i] = self._due.pop(0)[1]
        return count or None

    # What the test does.

    def arrive(self, data, in_ms=0):
        """Bytes on the line, the first after in_ms and a character."""
        at_us = self.now_ms * 1000 + in_ms * 1000
        for byte in data:
            at_us += self.character_us
            self._due.append((at_us, byte))
        self._due.sort(key=lambda item: item[0])

    def run(self, part, until_ms):
        """Step a part through virtual time."""
        while self.now_ms < until_ms:
            self.now_ms += max(1, part.step(self.now_ms))

    def _answer(self, end_us):
        unit, function, address, count = struct.unpack(">BBHH", self._sent[:6])
        self.requests.append((self.now_ms, unit, function, address, count))
        if unit not in self.units or unit in self.silent:
            return
        registers = self.units[unit]
        words = [registers.get((function, a)) for a in range(address, address + count)]
        if None in words:
            reply = adu(unit, function | 0x80, 2)
        else:
            reply = adu(unit, function, 2 * count, b"".join([struct.pack(">H", w) for w in words]))
        if self.garble:
            reply = self.garble(reply)
        delay_ms = self.late_ms.get(unit, self.turnaround_ms)
        self.arrive(reply, delay_ms - self.now_ms + end_us // 1000)
