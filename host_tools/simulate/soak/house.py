# SPDX-License-Identifier: MIT
"""For MicroPython: what surrounds the bridge in a soak, in virtual time. All of it is preallocated where it lives long."""

import sys

import ticks

EPOCH_S = 3913056000  # 2024-01-01, in seconds since 1900
PERIOD = 1 << 30  # of ticks on a 32-bit board
READABLE, WRITABLE = 1, 4


class Time:
    """ms: since the begin; first: the tick then; utc_s: since 2024 then."""

    ms = first = utc_s = 0

    @classmethod
    def tick(cls):
        return ticks.ticks_add(cls.first, cls.ms % PERIOD)


class Chip:
    """Stands for the modules machine and esp32."""

    HEAP_DATA = 4
    Pin = bitstream = None  # there is no LED
    unfed_ms = fed_ms = 0  # the longest time between two feedings, and when the last one was
    key, kept = None, bytearray(8)  # of the one entry in NVS

    class WDT:
        def __init__(self, timeout):
            pass

        def feed(self):
            Chip.unfed_ms = max(Chip.unfed_ms, Time.ms - Chip.fed_ms)
            Chip.fed_ms = Time.ms

    class NVS:
        def __init__(self, name):
            pass

        def get_blob(self, key, buffer):
            if key != Chip.key:
                raise OSError(-0x1102)
            buffer[:] = Chip.kept
            return len(Chip.kept)

        def set_blob(self, key, value):
            Chip.key = key
            Chip.kept[:] = value

        def commit(self):
            pass

    @staticmethod
    def reset():
        raise SystemExit("reset")

    reset_cause = soft_reset = reset

    @staticmethod
    def idf_heap_info(kind):
        return [(160000, 60000, 40000, 40000)]


class Line:
    """A master's port. words(unit, function, address, count): a list, None for silence, or the code of an exception."""

    def __init__(self, words, frame, baudrate):
        self._words, self._frame = words, frame
        self._character_us = 10000000 // baudrate
        self._request = bytearray(8)
        self._reply = bytearray(256)
        self._length = self._at = 0
        self._due_ms = 0

    def send(self, request):
        self._request[:] = request
        self._length = self._at = 0
        self._sent_ms = Time.ms

    def finish(self):
        end_ms = self._sent_ms + 8 * self._character_us // 1000 + 1
        Time.ms = max(Time.ms, end_ms)
        request, reply = self._request, self._reply
        unit, function, count = request[0], request[1], request[5]
        words = self._words(unit, function, request[2] << 8 | request[3], count)
        if words is None:
            return
        reply[0] = unit
        if isinstance(words, int):
            reply[1], reply[2] = function | 0x80, words
            size = 3
        else:
            reply[1], reply[2] = function, 2 * count
            for i in range(count):
                reply[3 + 2 * i], reply[4 + 2 * i] = words[i] >> 8, words[i] & 0xFF
            size = 3 + 2 * count
        crc = self._frame.crc16(reply, 0, size)
        reply[size], reply[size + 1] = crc & 0xFF, crc >> 8
        self._length = size + 2
        self._due_ms = end_ms + 2

    def any(self):
        return self._length - self._at if Time.ms >= self._due_ms else 0

    def readinto(self, buffer):
        count = min(self.any(), len(buffer))
        if not count:
            return None
        buffer[:count] = self._reply[self._at : self._at + count]
        self._at += count
        return count


class Client:
    """A client's end and the server's in one; incoming: what it sends, b"": it closes, None: nothing."""

    open = 0

    def __init__(self, incoming, takes):
        self.incoming, self.takes = incoming, takes
        self.answer = b""
        self.is_closed = False
        Client.open += 1

    def setblocking(self, flag):
        pass

    def setsockopt(self, level, option, value):
        pass

    def readinto(self, view):
        data = self.incoming
        if data is None:
            return None
        count = min(len(data), len(view))
        view[:count] = data[:count]
        self.incoming = data[count:] or (None if data else data)
        return count

    def write(self, buf, offset, length):
        if not self.takes:
            return None
        self.answer += bytes(memoryview(buf)[offset : offset + length])
        return length

    def close(self):
        assert not self.is_closed
        self.is_closed = True
        Client.open -= 1

    def is_ready(self, events):
        return events & READABLE and self.incoming is not None or events & WRITABLE and self.takes


class Listener:
    def __init__(self):
        self.queue = []

    def accept(self):
        return self.queue.pop(0)

    def is_ready(self, events):
        return events & READABLE and self.queue


class Poller:
    def __init__(self):
        self._masks = {}

    def register(self, stream, mask):
        self._masks[stream] = mask

    modify = register

    def unregister(self, stream):
        del self._masks[stream]

    def ipoll(self, wait_ms):
        if len(self._masks) == 1:
            return self._listening()
        return [(one, mask) for one, mask in list(self._masks.items()) if one.is_ready(mask)]

    def _listening(self):
        """Nobody but the listener: no heap while nobody comes."""
        for one in self._masks:
            return ((one, READABLE),) if one.queue else ()

    def count(self):
        return len(self._masks)


class Net:
    """Stands for the module socket: time servers that tell the truth."""

    AF_INET, SOCK_DGRAM = 2, 1
    open = 0

    class socket:
        def __init__(self, family, kind):
            Net.open += 1
            self._asked = None

        def connect(self, address):
            self._port = address[1]

        def setblocking(self, on):
            pass

        def write(self, request):
            self._asked = bytes(request)

        def readinto(self, buffer):
            asked = self._asked
            if asked is None:
                return None
            self._asked = None
            if self._port == 53:
                reply = asked[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + asked[12:]
                reply += b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\x07"
            else:
                at = (EPOCH_S + Time.utc_s + Time.ms // 1000).to_bytes(4, "big") + bytes(4)
                reply = b"\x24\x02" + bytes(22) + asked[40:] + at + at
            buffer[: len(reply)] = reply
            return len(reply)

        def close(self):
            Net.open -= 1

    @staticmethod
    def getaddrinfo(host, port):
        return [(2, 1, 0, "", (host, port))]


sys.modules["machine"] = sys.modules["esp32"] = Chip
ticks.ticks_ms = Time.tick

import firmware.trial  # noqa: E402  (which wants the chip)

firmware.trial.uptime_s = lambda: Time.ms // 1000
