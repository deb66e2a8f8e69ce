# SPDX-License-Identifier: MIT
"""One Modbus RTU request at a time, without waiting: select() a unit, begin() a request, then step() until it has an outcome.

The port is a small object over the UART: `send(buf)` starts sending, not before 3.5 characters of silence; `finish()` returns when the
last stop bit is out and the bus is released; `any()` tells how many bytes wait; `readinto(buf)` takes them.

A frame is accepted only if unit, function, byte count and CRC answer the open request, and no other master has asked in between. Nor is
anything asked while another master waits for its answer. Everything else on the line (zeros that a transceiver adds, the echo of our
own request, other units, late replies) is stepped over until the time-out. Nothing here allocates after __init__, and no frame on the
way has more than 11 words: larger ones would come from the heap.
"""

from const import const
from modbus import frame
from modbus.frame import EXCEPTION_SIZE, REPLY_OVERHEAD, REQUEST_SIZE, crc16
from ticks import ticks_add, ticks_diff

# Outcomes of a request.
PENDING = 0
GOOD = 1
_SILENT = const(2)  # not one byte before the time-out
_BAD_CRC = const(3)  # the right header and length, the wrong CRC
EXCEPTION = 4  # an exception response: see Master.exception
_WRONG_UNIT = const(5)  # a whole frame, but another unit's
_SHORT = const(6)  # the right header, but the frame broke off
_NOISE = const(7)  # bytes that make no frame
OUTCOMES = ("pending", "good", "silent", "crc", "exception", "wrong_unit", "short", "noise")

# finish() holds the loop about this long: sooner than any unit may answer, whatever else the loop does.
_BLOCK_MS = const(4)
# Silence after which a frame with a bad CRC is given up; replies in two parts pause for less.
_GAP_MS = const(20)
_STRAY = const(3)  # bytes that a turning transceiver may add in front of an answer
_TAIL_MS = const(50)  # a reply that has begun in time may pause this long altogether


class Master:
    """Master(port, baudrate, bits): bits per character on the line, start, parity and stop bits included."""

    def __init__(self, port, baudrate, bits=10):
        self._port = port
        self._baudrate = baudrate
        self._bits = bits
        self._request = bytearray(REQUEST_SIZE)
        self._chunk = bytearray(32)
        self._unit = 0
        self._function = 0
        self._sending = False
        self._held = False  # until another master has its answer
        self._expected = 0
        self._at = 0
        self._done = 0  # what is behind it in the buffer was not looked at
        self._end_ms = 0  # of the request, as far as we know
        self._whole_ms = 0  # the reply cannot have been before that
        self._byte_ms = 0
        self._timeout_ms = 0
        self._deadline_ms = 0
        self._crc_failed = False
        self._listen_ms = 0  # a second answer counts against the first
        self._accepted = False  # the first one is here
        # Of the 3.5 characters the whole milliseconds: the port knows the rest.
        self.silence_ms = 1 if baudrate > 19200 else 3500 * bits // baudrate
        self.buffer = bytearray(frame.MAX_ADU_SIZE + 8)  # room for some noise in front
        self.length = 0
        self.data = 0  # where the registers of a good reply begin in buffer
        self.exception = 0
        self.late_unit = 0  # whose answer was dropped by the last begin()
        self.echo = False  # did the line give our own request back?
        self.ended_ms = 0  # when the reply had come
        self.reply_ms = 0  # from the end of the request to then
        self.stats = {"noise": 0, "late": 0, "foreign": 0}  # what belongs to no request

    def wire_ms(self, characters):
        """Milliseconds that so many characters take on the line, rounded up."""
        return (characters * self._bits * 1000 + self._baudrate - 1) // self._baudrate

    def listen(self, listen_ms):
        """Let the next request have one answer: two different ones within this time are none. No heap."""
        self._listen_ms = listen_ms

    def select(self, unit, function, timeout_ms):
        """Whom the next request goes to. No heap."""
        self._listen_ms = 0
        self._unit = unit
        self._function = function
        self._timeout_ms = timeout_ms

    def begin(self, address, count, now_ms):
        """Send a read request. What waits in the receiver answers nothing that is open and is dropped. No heap."""
        self._keep(now_ms)
        self.late_unit = self.exception = self._done = 0
        self._crc_failed = self.echo = self._accepted = False
        frame.write_request(self._request, self._unit, self._function, address, count)
        self._expected = REPLY_OVERHEAD + 2 * count
        self._end_ms = now_ms
        self._deadline_ms = ticks_add(now_ms, self._timeout_ms)
        self._held = self._drain(now_ms)
        if not self._held:
            self._send(now_ms)

    def step(self, now_ms):
        """Take what has arrived; the outcome, or PENDING. No heap."""
        if self._sending:
            if ticks_diff(self._end_ms, now_ms) <= _BLOCK_MS:
                self._release(now_ms)
            return PENDING
        if self._held:
            return self._hold(now_ms)
        if self._receive(now_ms):
            outcome = self._match(now_ms)
            if outcome:
                return outcome
        if self._accepted:
            return self._hear_on(now_ms)
        if ticks_diff(now_ms, self._whole_ms) > 0:
            self._whole_ms = now_ms
        return self._give_up(now_ms)

    def delay_ms(self, now_ms):
        """How long until step() has something to do. No heap."""
        if self._sending:
            return max(0, ticks_diff(self._end_ms, now_ms) - _BLOCK_MS)
        if self._held:
            return _BLOCK_MS
        missing = self._at + self._expected - self.length
        if self.length < 3 or missing <= 0:
            return 1
        # All but the last characters can be left in the receiver: the end is what counts.
        return min(self.wire_ms(missing) - 2, _GAP_MS // 2) if missing > 3 else 0

    def _send(self, now_ms):
        self._at = self.length = 0
        self._port.send(self._request)
        self._sending = True
        self._end_ms = ticks_add(now_ms, self.wire_ms(REQUEST_SIZE))

    def _hold(self, now_ms):
        """Another master has asked: send when it has its answer. If that does not come in time nothing is asked."""
        if self._receive(now_ms) and not self._open():
            self._held = False
            self._send(now_ms)
        elif ticks_diff(now_ms, self._deadline_ms) >= 0:
            self._held = False
            self.length = 0  # it is not waited for again
            return _NOISE
        return PENDING

    def _release(self, now_ms):
        self._port.finish()
        self._sending = False
        self._whole_ms = ticks_add(self._end_ms, self.wire_ms(self._expected))
        if ticks_diff(now_ms, self._end_ms) > 0:
            self._end_ms = now_ms
        self._byte_ms = self._end_ms
        self._deadline_ms = ticks_add(self._end_ms, self._timeout_ms)

    def _receive(self, now_ms):
        """Move waiting bytes into the buffer; were there any?"""
        before = self.length
        while self._port.any():
            count = self._port.readinto(self._chunk)
            if not count:
                break
            self._append(count)
        if self.length == before:
            return False
        # What began in time may end: the time-out counts to the first byte.
        self._deadline_ms = ticks_add(self._end_ms, self._timeout_ms)
        self._deadline_ms = ticks_add(self._deadline_ms, self.wire_ms(self._expected) + _TAIL_MS)
        self._byte_ms = now_ms
        return True

    def _append(self, count):
        buf, chunk, length = self.buffer, self._chunk, self.length
        i = 0
        while i < count and length < len(buf):
            buf[length] = chunk[i]
            length += 1
            i += 1
        self.length = length

    def _match(self, now_ms):
        """Look for the answer from where the last look ended."""
        if self._at == 0 and self._echo():
            return PENDING
        while self._at + EXCEPTION_SIZE <= self.length:
            size = frame.answer_at(self.buffer, self._at, self._request, self._expected)
            if size:
                if self._at + size > self.length:
                    break
                outcome = self._weigh(size, now_ms)
                if outcome:
                    return outcome
            self._at += 1
        return PENDING

    def _weigh(self, size, now_ms):
        """What looks like the answer is whole."""
        if self._accepted:  # already: then one of two different answers is to another request
            if not frame.repeats(self.buffer, self.data - 3, self._at, size):
                return _NOISE
        elif crc16(self.buffer, self._at, self._at + size):
            self._crc_failed = True
            return PENDING
        else:
            outcome = self._accept(size, now_ms)
            if outcome != GOOD or not self._listen_ms:
                return outcome
        self._at += size - 1
        self._done = self._at + 1
        return PENDING

    def _hear_on(self, now_ms):
        """The answer is here. May it be the copy of another one? That is seen when its own comes."""
        if ticks_diff(now_ms, self._end_ms) < self._listen_ms:
            return PENDING
        if self._at + EXCEPTION_SIZE > self.length:
            return GOOD
        return _NOISE if ticks_diff(now_ms, self._byte_ms) >= _GAP_MS else PENDING

    def _echo(self):
        """Step over our own request; True while it may be one that is not whole yet."""
        same = frame.same_bytes(self.buffer, 0, self.length, self._request)
        if same == REQUEST_SIZE:
            self._at = REQUEST_SIZE
            self.echo = True
        return same < REQUEST_SIZE and same == self.length

    def _accept(self, size, now_ms):
        if frame.foreign_request(self.buffer, self._at, self._request):
            self.stats["foreign"] += 1
            return _NOISE  # the answer may be to the other master's request
        if self._listen_ms and self._at > (REQUEST_SIZE if self.echo else 0) + _STRAY:
            return _NOISE  # the answer may be what was spoilt in front of this
        self._accepted = True
        self._date(now_ms)
        self.data = self._at + 3
        self._done = self._at + size
        if size == EXCEPTION_SIZE:
            self.exception = self.buffer[self._at + 2]
            return EXCEPTION
        return GOOD

    def _date(self, now_ms):
        """When did the reply end? Now, unless the loop was held since the last look: then as early as can be."""
        held = ticks_diff(now_ms, self._whole_ms) > _GAP_MS
        self.ended_ms = self._whole_ms if held else now_ms
        self.reply_ms = max(0, ticks_diff(self.ended_ms, self._end_ms))

    def _open(self):
        """Where the request of another master ends that has no answer yet, or 0."""
        return frame.open_request(self.buffer, self.length, self._request)

    def _give_up(self, now_ms):
        if self._crc_failed and ticks_diff(now_ms, self._byte_ms) >= _GAP_MS:
            return _BAD_CRC
        if ticks_diff(now_ms, self._deadline_ms) < 0:
            return PENDING
        if self.length == 0 or (self.length == REQUEST_SIZE and self.echo):
            return _SILENT
        return _BAD_CRC if self._crc_failed else self._classify()

    def _classify(self):
        """Name what came instead of the answer. Only where it begins: to look for a frame at each byte of noise takes some 10 ms."""
        buf, at = self.buffer, REQUEST_SIZE if self.echo else 0
        while at < self.length and not buf[at]:
            at += 1
        if buf[at] != self._request[0] and frame.reply_at(buf, at, self.length):
            return _WRONG_UNIT
        at = self._at
        if at + 1 < self.length and buf[at] == self._request[0]:
            if buf[at + 1] & 0x7F == self._request[1]:
                return _SHORT
        if frame.foreign_request(buf, self.length, self._request):
            self.stats["foreign"] += 1
        return _NOISE

    def _keep(self, now_ms):
        """Leave in the buffer what may be another master's request, or its first bytes. That one waits no longer than we do."""
        start = self.length
        if start > self._done and ticks_diff(now_ms, self._byte_ms) < self._timeout_ms:
            behind = self._open()
            begun = max(start - REQUEST_SIZE + 1, self._done)
            start = behind - REQUEST_SIZE if behind > self._done else begun
        self.length = frame.to_front(self.buffer, start, self.length)

    def _drain(self, now_ms):
        """Drop what arrived while nothing was asked: a late reply, noise, or another master's traffic. True if that master waits."""
        kept = self.length
        waits = self._open() > 0
        if not self._receive(now_ms):
            return waits
        if frame.foreign_request(self.buffer, self.length, self._request):
            self.stats["foreign"] += not waits
            return self._open() > 0
        if frame.reply_at(self.buffer, kept, self.length):
            self.late_unit = self.buffer[kept]
            self.stats["late"] += 1
        else:
            self.stats["noise"] += 1
        return False
