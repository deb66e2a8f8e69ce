"""One Modbus RTU transaction at a time, without waiting: begin() a request, then step() until it has an outcome.

The port is a small object over the UART: `send(buf)` starts sending, `finish()` returns when the last stop bit is out and
the line is turned round, `any()` tells how many bytes wait, `readinto(buf)` takes them.

A frame is believed only if unit, function, byte count and CRC answer the open request. Everything else on the line
(leading zeros of a turning transceiver, the echo of our own request, other units, late replies) is stepped over until the
time-out. Nothing here allocates after __init__.
"""

from modbus.frame import MAX_ADU_SIZE, REPLY_OVERHEAD, REQUEST_SIZE, crc16, write_request
from ticks import ticks_add, ticks_diff

# Outcomes of a transaction.
PENDING = 0
GOOD = 1
SILENT = 2  # not one byte before the time-out
BAD_CRC = 3  # the right head and length, the wrong CRC
EXCEPTION = 4  # the unit refused; see Master.exception
WRONG_UNIT = 5  # a whole frame, but another unit's
SHORT = 6  # the right head, but the frame broke off
NOISE = 7  # bytes that make no frame
OUTCOMES = ("pending", "good", "silent", "crc", "exception", "wrong_unit", "short", "noise")

_EXCEPTION_SIZE = 5
_BLOCK_MS = 9  # finish() may hold the loop this long, no longer: 8 bytes at 9600 Bd fit
_GAP_MS = 20  # silence after which a frame with a bad CRC is given up; replies in two parts pause for less
_TAIL_MS = 50  # a reply that has begun in time may pause this long altogether


def _frame_from_other(buf, at, end, unit):
    """Does a whole read reply or exception of another unit stand at buf[at]? No heap."""
    if end - at < _EXCEPTION_SIZE or buf[at] == unit or not 0 < buf[at] < 248:
        return False
    size = _EXCEPTION_SIZE if buf[at + 1] & 0x80 else REPLY_OVERHEAD + buf[at + 2]
    return at + size <= end and crc16(buf, at, at + size) == 0


class Master:
    """Master(port, baudrate, bits): bits per character on the line, start, parity and stop bits included."""

    def __init__(self, port, baudrate, bits=10):
        self._port = port
        self._baudrate = baudrate
        self._bits = bits
        self._request = bytearray(REQUEST_SIZE)
        self._chunk = bytearray(32)
        self._sending = False
        self._expected = 0
        self._at = 0
        self._finish_ms = 0
        self._byte_ms = 0
        self._timeout_ms = 0
        self._deadline_ms = 0
        self._crc_failed = False
        # 3.5 characters; above 19200 Bd the specification fixes it at 1.75 ms.
        self.silence_ms = 2 if baudrate > 19200 else self.wire_ms(4)
        self.buffer = bytearray(MAX_ADU_SIZE + 8)  # room for some noise in front
        self.length = 0
        self.data = 0  # where the registers of a good reply begin in buffer
        self.exception = 0
        self.reply_ms = 0  # from the end of the request to the end of the reply
        self.stats = {"echo": 0, "noise": 0, "late": 0, "foreign": 0}

    def wire_ms(self, characters):
        """Milliseconds that so many characters take on the line, rounded up."""
        return (characters * self._bits * 1000 + self._baudrate - 1) // self._baudrate

    def begin(self, unit, function, address, count, timeout_ms, now_ms):
        """Send a read request. What waits in the receiver answers nothing that is open and is dropped. No heap."""
        self._drain()
        write_request(self._request, unit, function, address, count)
        self._expected = REPLY_OVERHEAD + 2 * count
        self._at = 0
        self._crc_failed = False
        self._timeout_ms = timeout_ms
        self.length = 0
        self.exception = 0
        self._port.send(self._request)
        self._sending = True
        self._finish_ms = ticks_add(now_ms, max(0, self.wire_ms(REQUEST_SIZE) - _BLOCK_MS))

    def step(self, now_ms):
        """Take what has arrived; the outcome, or PENDING. No heap."""
        if self._sending:
            if ticks_diff(now_ms, self._finish_ms) >= 0:
                self._turn_round(now_ms)
            return PENDING
        if self._receive(now_ms):
            outcome = self._match(now_ms)
            if outcome:
                return outcome
        return self._give_up(now_ms)

    def delay_ms(self, now_ms):
        """How long until step() has something to do."""
        if self._sending:
            return max(0, ticks_diff(self._finish_ms, now_ms))
        return 1

    def _turn_round(self, now_ms):
        self._port.finish()
        self._sending = False
        # finish() has just blocked: the request ended at most _BLOCK_MS after now_ms.
        self._finish_ms = ticks_add(now_ms, min(_BLOCK_MS, self.wire_ms(REQUEST_SIZE)))
        self._byte_ms = self._finish_ms
        self._deadline_ms = ticks_add(self._finish_ms, self._timeout_ms)

    def _receive(self, now_ms):
        """Move waiting bytes into the buffer; were there any?"""
        port, chunk, buf = self._port, self._chunk, self.buffer
        length = self.length
        got = 0
        while port.any():
            count = port.readinto(chunk)
            if not count:
                break
            got += count
            for i in range(min(count, len(buf) - length)):
                buf[length] = chunk[i]
                length += 1
        if got:
            # What began in time may end: the time-out counts to the first byte.
            last_ms = self._timeout_ms + self.wire_ms(self._expected) + _TAIL_MS
            self._deadline_ms = ticks_add(self._finish_ms, last_ms)
            self.length = length
            self._byte_ms = now_ms
        return got

    def _match(self, now_ms):
        """Look for the answer from where the last look ended."""
        buf, length, request = self.buffer, self.length, self._request
        unit, function, expected = request[0], request[1], self._expected
        if self._at == 0:
            same = self._same_as_request()
            if same == REQUEST_SIZE:
                self._at = REQUEST_SIZE
                self.stats["echo"] += 1
            elif same == length:
                return PENDING  # an echo perhaps, once it is whole
        at = self._at
        while at + _EXCEPTION_SIZE <= length:
            size = 0
            if buf[at] == unit:
                if buf[at + 1] == function and buf[at + 2] == expected - REPLY_OVERHEAD:
                    size = expected
                elif buf[at + 1] == function | 0x80:
                    size = _EXCEPTION_SIZE
            if size:
                if at + size > length:
                    break
                if crc16(buf, at, at + size) == 0:
                    return self._believe(at, size, now_ms)
                self._crc_failed = True
            at += 1
        self._at = at
        return PENDING

    def _same_as_request(self):
        """How many bytes from the first on are those of the request?"""
        same = 0
        limit = min(self.length, REQUEST_SIZE)
        while same < limit and self.buffer[same] == self._request[same]:
            same += 1
        return same

    def _believe(self, at, size, now_ms):
        self.reply_ms = max(0, ticks_diff(now_ms, self._finish_ms))
        self.data = at + 3
        if size == _EXCEPTION_SIZE:
            self.exception = self.buffer[at + 2]
            return EXCEPTION
        return GOOD

    def _give_up(self, now_ms):
        if self._crc_failed and ticks_diff(now_ms, self._byte_ms) >= _GAP_MS:
            return BAD_CRC
        if ticks_diff(now_ms, self._deadline_ms) < 0:
            return PENDING
        if self.length == 0:
            return SILENT
        return BAD_CRC if self._crc_failed else self._classify()

    def _classify(self):
        """Name what came instead of the answer."""
        buf, length = self.buffer, self.length
        request = self._request
        for at in range(length):
            if _frame_from_other(buf, at, length, request[0]):
                return WRONG_UNIT
        at = self._at
        if at + 1 < length and buf[at] == request[0] and buf[at + 1] & 0x7F == request[1]:
            return SHORT
        self.stats["noise"] += 1
        return NOISE

    def _drain(self):
        """Drop what arrived while nothing was asked: a late reply, noise, or somebody else's traffic."""
        buf, chunk, port = self.buffer, self._chunk, self._port
        length = 0
        while port.any():
            count = port.readinto(chunk)
            if not count:
                break
            for i in range(min(count, len(buf) - length)):
                buf[length] = chunk[i]
                length += 1
        if not length:
            return
        if length >= REQUEST_SIZE and crc16(buf, 0, REQUEST_SIZE) == 0:
            self.stats["foreign"] += 1  # a request that is not ours: a second master
        elif length >= _EXCEPTION_SIZE and buf[0] == self._request[0]:
            self.stats["late"] += 1
        else:
            self.stats["noise"] += 1
