# SPDX-License-Identifier: MIT
"""machine.UART over a tty, with the semantics of the ESP32's driver."""

import io
import os
import struct
import termios
from time import sleep_ms, sleep_us, ticks_add, ticks_diff, ticks_ms, ticks_us

import host
import idf_heap
from pin import Pin

_UARTS = bytes.fromhex(os.getenv("BOARD_UARTS"))
_DRIVER_BYTES = 2500  # of ESP-IDF's heap: ring buffers, queue and driver
_TICK_MS = 10  # FreeRTOS, 100 Hz

# Rates that Linux numbers (asm-generic/termbits.h).
_SPEEDS = {1200: 9, 2400: 11, 4800: 12, 9600: 13, 19200: 14, 38400: 15, 57600: 4097, 115200: 4098}
_CREAD_CLOCAL = 0x880
_CS7 = 0x20
_CS8 = 0x30
_CSTOPB = 0x40
_PARENB = 0x100
_PARODD = 0x200
_OPEN_FLAGS = 0x902  # O_RDWR | O_NOCTTY | O_NONBLOCK
_BOTHER = 0x1000
_TCSETS2 = 0x402C542B
_FIONREAD = 0x541B
_TCFLSH = 0x540B
_POLL_IN = 1
_POLL_OUT = 4


class UART(io.IOBase):
    """The tty named by --uart, with the semantics of the ESP32's driver.

    Not a byte of heap for any(), readinto() and write(), unless the receive buffer overflows.
    """

    _fd = -1  # one wire leaves the board: a second UART object takes it over, as on the chip

    def __init__(self, id, baudrate=115200, bits=8, parity=None, stop=1, **options):
        if id not in _UARTS:
            raise ValueError("this UART does not exist or is the console")
        self._count = bytearray(4)
        self._kept = None
        self._kept_at = 0
        self._end_us = ticks_us()
        if UART._fd < 0:
            idf_heap.take(_DRIVER_BYTES)
            UART._fd = host.libc.func("i", "open", "si")(os.getenv("BOARD_UART"), _OPEN_FLAGS)
        if UART._fd < 0:
            raise OSError(os.errno())
        self.init(baudrate, bits, parity, stop, **options)

    def init(
        self,
        baudrate=115200,
        bits=8,
        parity=None,
        stop=1,
        *,
        tx=None,
        rx=None,
        rxbuf=256,
        txbuf=256,
        timeout=0,
        timeout_char=0,
    ):
        if tx is None or rx is None:
            raise ValueError("tx= and rx= are not given: the defaults differ between releases")
        Pin(tx, Pin.OUT)
        Pin(rx, Pin.IN)
        if rxbuf < 256 or txbuf < 256:
            raise ValueError("rxbuf and txbuf are at least 256")
        if not Pin.pull[rx]:
            raise ValueError("rx floats: ESP-IDF 5.4.1 and later do not pull it up")
        self._rxbuf = rxbuf
        self._txbuf = txbuf
        self._timeout_ms = timeout // _TICK_MS * _TICK_MS
        self._char_us = (1 + bits + (parity is not None) + stop) * 1_000_000 // baudrate
        _set_line(UART._fd, baudrate, bits, parity, stop)
        host.ioctl(UART._fd, _TCFLSH, 0)

    def deinit(self):
        host.close(UART._fd)
        UART._fd = -1

    def any(self):
        count = self._count
        count[0] = count[1] = 0
        host.ioctl(UART._fd, _FIONREAD, count)
        waiting = count[0] | count[1] << 8
        kept = 0 if self._kept is None else len(self._kept) - self._kept_at
        if kept + waiting > self._rxbuf:
            self._overflow(kept, waiting)
            return self._rxbuf
        return kept + waiting

    def _overflow(self, kept, waiting):
        """Keep what a full receive buffer would hold; the later bytes are lost."""
        room = self._rxbuf - kept
        arrived = bytearray(waiting)
        host.read(UART._fd, arrived, waiting)
        old = b"" if self._kept is None else self._kept[self._kept_at :]
        self._kept = old + arrived[:room]
        self._kept_at = 0
        host.say(
            "the UART's rxbuf of", self._rxbuf, "overflowed,", waiting - room, "bytes are lost"
        )

    def readinto(self, buf, nbytes=None):
        wanted = len(buf) if nbytes is None else min(nbytes, len(buf))
        if self._timeout_ms:
            self._wait(wanted)
        self.any()
        if self._kept is not None:
            return self._take_kept(buf, wanted)
        got = host.read(UART._fd, buf, wanted)
        return got if got > 0 else None

    def _take_kept(self, buf, wanted):
        count = min(wanted, len(self._kept) - self._kept_at)
        for i in range(count):
            buf[i] = self._kept[self._kept_at + i]
        self._kept_at += count
        if self._kept_at == len(self._kept):
            self._kept = None
        return count

    def _wait(self, wanted):
        start = ticks_ms()
        while self.any() < wanted and ticks_diff(ticks_ms(), start) < self._timeout_ms:
            sleep_ms(1)

    def read(self, nbytes=None):
        if nbytes is None:
            nbytes = self._rxbuf
        if self._timeout_ms:
            self._wait(nbytes)
        buf = bytearray(min(nbytes, self.any()))
        count = self.readinto(buf)
        return None if count is None else bytes(buf[:count])

    def write(self, buf):
        size = len(buf)
        while True:
            pending_us = self._pending_us()
            excess_us = pending_us + (size - self._txbuf) * self._char_us
            if excess_us <= 0 or not pending_us:
                break
            sleep_us(min(excess_us, pending_us))
        self._end_us = ticks_add(ticks_us(), pending_us + size * self._char_us)
        # A wire takes bytes whether somebody listens or not, so a full pty counts as sent.
        host.write(UART._fd, buf, size)
        return size

    def _pending_us(self):
        left_us = ticks_diff(self._end_us, ticks_us())
        # An end far ahead is one long past: the ticks have wrapped around.
        return left_us if 0 < left_us < 60_000_000 else 0

    def flush(self):
        sleep_us(self._pending_us())

    def txdone(self):
        return not self._pending_us()

    def ioctl(self, request, arg):
        if request == 3:  # MP_STREAM_POLL
            return (_POLL_OUT | (_POLL_IN if self.any() else 0)) & arg
        return -1


def _set_line(fd, baudrate, bits, parity, stop):
    flags = _CREAD_CLOCAL | {7: _CS7, 8: _CS8}[bits] | {1: 0, 2: _CSTOPB}[stop]
    if parity is not None:
        flags |= _PARENB | {0: 0, 1: _PARODD}[parity]
    termios.setraw(fd)
    line = termios.tcgetattr(fd)
    line[2] = flags
    line[4] = line[5] = _SPEEDS.get(baudrate, _SPEEDS[9600])
    try:
        termios.tcsetattr(fd, termios.TCSANOW, line)
    except OSError:  # a pseudo-terminal has no parity
        line[2] = flags & ~(_PARENB | _PARODD)
        termios.tcsetattr(fd, termios.TCSANOW, line)
    if baudrate not in _SPEEDS:
        # Any rate, as the chip has it: struct termios2, raw, whose last two words are the speeds.
        exact = struct.pack("IIII20xII", 0, 0, flags | _BOTHER, 0, baudrate, baudrate)
        host.ioctl(fd, _TCSETS2, exact)
