# SPDX-License-Identifier: MIT
"""socket with lwIP's limits, carried by the PC's TCP: connections, backlog, send buffers, and the memory that they take.

What a chip has no memory for does not arrive: a SYN is dropped by a filter in the kernel, bytes stay unread, what was
sent stays unconfirmed. docs/design/virtual-board.md has the figures and their sources. No heap but for a new socket.
"""

import io
import os
import socket as _native
from socket import *  # noqa: F403
from time import sleep_ms, ticks_add, ticks_diff, ticks_ms

import idf_heap
import kernel_tcp

_SOCKETS = 10
_PCBS = 12
_BACKLOG = 6  # of the mailbox that accept() reads
_SEND_BYTES = 5760
_WRITABLE_BYTES = 2881  # free, before select() tells so
_PCB_BYTES = 450  # with netconn and mailbox
_REQUEST_BYTES = 300  # what came for one that is not accepted yet
_TIME_WAIT_BYTES = 250
_TIME_WAIT_MS = 120_000
_PACKET_BYTES = 1700  # in one piece: without it nothing is received
_TRIP_MS = 10  # over Wi-Fi, until the other side's confirmation is there
_AGAIN_MS = 1500  # until it is sent again

_EAGAIN = 11
_ENFILE = 23
_ETIMEDOUT = 110
_GET_FILENO = 10
_POLLIN = 1
_POLLOUT = 4

_open = []  # sockets that the firmware has
_left = []  # closed by it, but not confirmed by the other side
_time_waits = []  # when each is over
_now_ms = -1


# What a port of a chip is on this PC, where it may be taken or not allowed: "80:8080 53:5353".
_PORTS = dict([pair.split(":") for pair in (os.getenv("BOARD_PORTS") or "").split()])


def getaddrinfo(host, port, *rest):
    return _native.getaddrinfo(host, int(_PORTS.get(str(port), port)), *rest)


class socket(io.IOBase):
    """Of TCP; of UDP it only passes on."""

    def __init__(self, af=_native.AF_INET, type=_native.SOCK_STREAM, proto=0, sock=None):
        if len(_open) >= _SOCKETS:
            raise OSError(_ENFILE)
        self._sock = sock = sock or _native.socket(af, type)
        self._fd = sock.fileno()
        self.is_tcp = type == _native.SOCK_STREAM
        self.poller = None
        self.wanted = self._granted = 0
        self._timeout_ms = -1  # waits for ever
        self.backlog = -1  # of a listener; then...
        self.waiting = 0  # ...so many connections wait for accept()...
        self._allowed = None  # ...so many may, and without any...
        self._is_shut = False  # ...the kernel drops every SYN
        self.sent = 0  # not confirmed yet: of it...
        self._flying = 0  # ...this was sent first, and is confirmed at...
        self._confirmed_ms = 0
        _open.append(self)
        _count()

    def ioctl(self, request, argument):
        return self._fd if request == _GET_FILENO else -1

    def __getattr__(self, name):
        return getattr(self._sock, name)

    def settimeout(self, seconds):
        self._sock.settimeout(seconds)
        self._timeout_ms = -1 if seconds is None else int(seconds * 1000)

    def setblocking(self, flag):
        self.settimeout(None if flag else 0)

    def listen(self, backlog=2):
        self.backlog = min(backlog, _BACKLOG)
        self._allow()

    def count_waiting(self):
        self.waiting = kernel_tcp.waiting(self._fd)

    def _allow(self):
        """Let the kernel take as many connections as lwIP would."""
        allowed = min(self.backlog, self.waiting + _room())
        if allowed == self._allowed:
            return
        self._allowed = allowed
        is_shut = allowed <= 0
        if is_shut != self._is_shut:
            self._is_shut = is_shut
            kernel_tcp.drop_syns(self._fd, is_shut)
        kernel_tcp.listen(self._fd, max(0, allowed - 1))

    def accept(self):
        """(socket, (address, port)), as on a chip."""
        if len(_open) >= _SOCKETS:
            raise OSError(_ENFILE)
        sock, address = self._sock.accept()
        self.waiting = max(0, self.waiting - 1)
        host_address = ".".join([str(part) for part in address[4:8]])
        return socket(sock=sock), (host_address, address[2] << 8 | address[3])

    def register(self, poller, flags):
        """poller: the PC's own; it is told to look only for what lwIP would tell."""
        self.poller = poller
        self.wanted = self._granted = flags
        self._grant()

    def unregister(self):
        self.poller = None

    def _grant(self):
        flags = self.wanted
        if is_deaf() and self.backlog < 0:
            flags &= ~_POLLIN
        if self.sent > _SEND_BYTES - _WRITABLE_BYTES:
            flags &= ~_POLLOUT
        if flags != self._granted and self.poller:
            self._granted = flags
            self.poller.modify(self, flags)

    def write(self, data, offset=0, length=-1):
        """How many bytes lwIP takes; None: none now."""
        if length < 0:
            length = len(data) - offset
        if not self.is_tcp:
            return self._sock.write(data, offset, length)
        done = 0
        since_ms = ticks_ms()
        while True:
            count = min(length - done, _SEND_BYTES - self.sent, _sendable())
            if count > 0:
                count = self._sock.write(data, offset + done, count) or 0
                self.sent += count
                _count()
                done += count
                if self.wanted:
                    self._grant()
            if done == length or self._timeout_ms == 0:
                return done or None
            if 0 < self._timeout_ms < ticks_diff(ticks_ms(), since_ms):
                raise OSError(_ETIMEDOUT)
            sleep_ms(1)
            step()

    def send(self, data):
        count = self.write(data)
        if count is None:
            raise OSError(_EAGAIN)
        return count

    sendall = write

    def readinto(self, buffer, length=-1):
        if self._is_mute():
            return None
        return self._sock.readinto(buffer) if length < 0 else self._sock.readinto(buffer, length)

    def read(self, length=-1):
        if self._is_mute():
            return None
        return self._sock.read() if length < 0 else self._sock.read(length)

    def recv(self, length):
        if self._is_mute():
            raise OSError(_EAGAIN)
        return self._sock.recv(length)

    def _is_mute(self):
        """Can nothing arrive? Who blocks waits until it can."""
        while self.is_tcp and is_deaf():
            if self._timeout_ms == 0:
                return True
            sleep_ms(1)
            step()
        return False

    def taken(self):
        """Bytes: what was sent lies in lwIP's buffers and in Wi-Fi's."""
        return _PCB_BYTES + 2 * self.sent

    def settle(self, now_ms):
        """Let what was sent be confirmed, if time has come and the other side has it."""
        if self.sent:
            if is_deaf():
                # Its confirmation is lost, and what was sent goes out again later.
                self._confirmed_ms = ticks_add(now_ms, _AGAIN_MS)
            elif not self._flying:
                self._flying = self.sent
                self._confirmed_ms = ticks_add(now_ms, _TRIP_MS)
            elif ticks_diff(now_ms, self._confirmed_ms) >= 0:
                kept = max(self.sent - self._flying, kernel_tcp.unconfirmed(self._fd))
                if kept < self.sent:
                    self.sent = kept
                    _count()
                self._flying = 0
        if self.wanted:
            self._grant()
        if self.backlog >= 0:
            self._allow()

    def close(self):
        if self not in _open:
            return
        _open.remove(self)
        self.wanted = 0
        if not self.is_tcp or self.backlog >= 0:
            self._sock.close()
        elif self.sent and self._is_wanted():
            kernel_tcp.shutdown(self._fd, 1)
            _left.append(self)  # goes on sending by itself
        else:
            self.end()
        _count()

    def _is_wanted(self):
        """Does the other side wait for what is on its way? When it has closed it has all of it."""
        if kernel_tcp.unread(self._fd):
            return False
        return kernel_tcp.is_ours_to_end(self._fd) or kernel_tcp.unconfirmed(self._fd)

    def end(self):
        """Nothing is on its way any more."""
        self.sent = 0
        if kernel_tcp.is_ours_to_end(self._fd) and not kernel_tcp.unread(self._fd):
            # We close first: who does keeps the pair of addresses.
            _time_waits.append(ticks_add(ticks_ms(), _TIME_WAIT_MS))
        self._sock.close()


def _sendable():
    """Bytes that there is memory for."""
    return idf_heap.free() // 2


def is_deaf():
    """Is there too little memory to receive?"""
    return idf_heap.largest() < _PACKET_BYTES


def _connections():
    """How many there are, but for those in TIME_WAIT."""
    count = len(_left)
    for one in _open:
        if one.is_tcp:
            count += one.waiting if one.backlog >= 0 else 1
    return count


def _room():
    """How many more there can be: lwIP ends the oldest in TIME_WAIT for one."""
    return -_PCBS if is_deaf() else _PCBS - _connections()


def step():
    """What lwIP does by itself; to be called often."""
    global _now_ms
    now_ms = ticks_ms()
    if now_ms == _now_ms:
        return
    _now_ms = now_ms
    for one in _open:
        if one.backlog >= 0:
            one.count_waiting()
    _end_time_waits(now_ms)
    _count()
    for one in _open:
        if one.is_tcp:
            one.settle(now_ms)
    for one in _left:
        one.settle(now_ms)
        if not one.sent:
            _left.remove(one)
            one.end()
            _count()
            return  # the list is another one now


def _end_time_waits(now_ms):
    while _time_waits:
        is_over = ticks_diff(now_ms, _time_waits[0]) >= 0
        if not is_over and _connections() + len(_time_waits) < _PCBS:
            return
        _time_waits.pop(0)


def _count():
    """Note the bytes that all of this takes now."""
    count = _TIME_WAIT_BYTES * len(_time_waits)
    for one in _open:
        count += one.taken() + one.waiting * (_PCB_BYTES + _REQUEST_BYTES)
    for one in _left:
        count += one.taken()
    idf_heap.State.network = count
