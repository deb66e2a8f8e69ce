# SPDX-License-Identifier: MIT
"""The RS485 line: two pseudo terminals with a wire between them that takes its time.

    with Line(baudrate=9600) as line:
        bridge opens line.bridge_tty, the meters open line.meter_tty

Every byte arrives when its last bit would have arrived on copper, and a reply starts no sooner than
`turnaround_ms` after the request's last bit. Both ends may be opened, closed and opened again. Bytes that
are in the air at the same time in both directions spoil each other, as they do on a shared pair.
"""

import contextlib
import os
import pty
import queue
import select
import threading
import time
import tty
from collections import deque

from host_tools.simulate.site.bits import Setting, read

_READ_BYTES = 4096
_SILENCE_BYTES = 3.5  # Modbus over serial line 1.02, 2.5.1.1
_LONGEST_REST_S = 0.5
_FINEST_REST_S = 0.0004  # faster bytes arrive in small groups, the last one on time


class _Lane:
    """One direction: bytes under way from `source` to `target` (file descriptors)."""

    def __init__(self, source, target):
        self.source = source
        self.target = target
        self.in_air = deque()  # (arrives_s, byte)
        self.quiet_from_s = 0.0
        self.byte_count = 0


class Line:
    def __init__(self, baudrate=9600, parity="none", stop_bits=1, turnaround_ms=20, echo=False):
        self.setting = Setting(baudrate, parity, stop_bits)
        self.byte_s = self.setting.bits / baudrate
        self.turnaround_ms = turnaround_ms  # of the next reply; may be set at any time before it
        self.echo = echo  # the bridge hears itself, as with a transceiver that always listens
        self.idle_level = 1  # 0: A and B are swapped, against the bias
        self.collisions = 0
        self.request_bytes = 0  # arrived at the meters since the line was last silent
        self._looked_s = 0.0
        self._others: queue.SimpleQueue = queue.SimpleQueue()

    def __enter__(self):
        bridge, bridge_slave = _raw_pty()
        meter, meter_slave = _raw_pty()
        self._wake, self._waker = os.pipe()
        self._open = (bridge, bridge_slave, meter, meter_slave, self._wake, self._waker)
        self.bridge_tty = os.ttyname(bridge_slave)
        self.meter_tty = os.ttyname(meter_slave)
        self._requests = _Lane(bridge, meter)
        self._replies = _Lane(meter, bridge)
        self._thread = threading.Thread(target=self._run, name="line", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        os.write(self._waker, b"x")
        self._thread.join()
        for descriptor in self._open:
            os.close(descriptor)

    def put(self, data):
        """Bytes of somebody else on the pair, a second master or a disturbance: both ends hear them. From any thread."""
        self._others.put(data)
        os.write(self._waker, b"o")

    @property
    def byte_counts(self):
        """Bytes that have left the bridge and the meters so far."""
        return self._requests.byte_count, self._replies.byte_count

    def _run(self):
        bridge, meter = self._requests.source, self._replies.source
        while True:
            ready, _, _ = select.select((bridge, meter, self._wake), (), (), self._rest_s())
            now_s = self._looked_s = time.monotonic()
            if self._wake in ready and b"x" in os.read(self._wake, _READ_BYTES):
                return
            while not self._others.empty():
                self._put_others(self._others.get(), now_s)
            if bridge in ready:
                self._take(self._requests, now_s)
            if meter in ready:
                earliest_s = self._requests.quiet_from_s + self.turnaround_ms / 1000
                self._take(self._replies, max(now_s, earliest_s))
            if self._requests.quiet_from_s <= now_s:
                self._deliver(self._requests, now_s)
            self._deliver(self._replies, now_s)

    def _rest_s(self):
        """How long nothing is due."""
        due_s = []
        if self._requests.in_air:  # handed over as a whole: before its end nobody may answer it
            due_s.append(self._requests.quiet_from_s)
        if self._replies.in_air:
            due_s.append(max(self._replies.in_air[0][0], self._looked_s + _FINEST_REST_S))
        return max(min(due_s) - time.monotonic(), 0) if due_s else _LONGEST_REST_S

    def _take(self, lane, start_s):
        """Put what was written at one end on the wire, from `start_s` on or behind what is under way."""
        data = os.read(lane.source, _READ_BYTES)
        if lane is self._requests:
            self._count(len(data), start_s)
        start_s = max(start_s, lane.quiet_from_s)
        data = self._spoilt(data, lane, start_s)
        if self.echo and lane is self._requests:
            self._put(self._replies, data, start_s)
        self._put(lane, data, start_s)
        if lane is self._requests and not self.idle_level:  # its driver's 1 ends in a 0 that stays
            self._put(self._replies, read([(0, 2 * self.byte_s)], self.setting), lane.quiet_from_s)

    def _put_others(self, data, start_s):
        self._count(len(data), start_s)
        for lane in (self._requests, self._replies):
            begin_s = max(start_s, lane.quiet_from_s)
            self._put(lane, self._spoilt(data, lane, begin_s), begin_s)

    def _count(self, size, start_s):
        silent = start_s - self._requests.quiet_from_s > _SILENCE_BYTES * self.byte_s
        self.request_bytes = size + (0 if silent else self.request_bytes)

    def _put(self, lane, data, start_s):
        for byte in data:
            start_s += self.byte_s
            lane.in_air.append((start_s, byte))
        lane.quiet_from_s = start_s
        lane.byte_count += len(data)

    def _spoilt(self, data, lane, start_s):
        """Two that speak at once: what is on the wire is neither's."""
        other = self._replies if lane is self._requests else self._requests
        end_s = start_s + len(data) * self.byte_s
        hit = [start_s < due_s and due_s - self.byte_s < end_s for due_s, _ in other.in_air]
        if self.echo or not any(hit):
            return data
        self.collisions += 1
        other.in_air = deque((due_s, byte ^ 0xA5) for due_s, byte in other.in_air)
        return bytes(byte ^ 0x5A for byte in data)

    def _deliver(self, lane, now_s):
        due = bytearray()
        while lane.in_air and lane.in_air[0][0] <= now_s:
            due.append(lane.in_air.popleft()[1])
        if due:
            with contextlib.suppress(BlockingIOError):  # nobody reads: lost, as in a full UART
                os.write(lane.target, due)


def _raw_pty():
    """A pty pair; its far end stays open here, so that hanging up there ends nothing."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    return master, slave
