"""machine as the firmware sees it on an ESP32: small, strict, odd where the chip is odd."""

import io
import os
import struct
import termios
from time import sleep_ms, sleep_us, ticks_add, ticks_diff, ticks_ms, ticks_us

import host
import waveform

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5

_PINS = bytes.fromhex(os.getenv("BOARD_PINS"))
_INPUTS = bytes.fromhex(os.getenv("BOARD_INPUTS"))
_ADC = bytes.fromhex(os.getenv("BOARD_ADC"))
_UARTS = int(os.getenv("BOARD_UARTS"))
_TICK_MS = 10  # FreeRTOS, 100 Hz
_freq_hz = 160_000_000
_soft = False


def reset():
    host.exit_(host.RESET)


def soft_reset():
    global _soft
    _soft = True
    raise SystemExit


def reset_cause():
    return int(os.getenv("BOARD_RESET_CAUSE"))


def unique_id():
    return b"\x24\x0a\xc4\x00\x00\x01"


def freq(hz=None):
    global _freq_hz
    if hz is None:
        return _freq_hz
    if hz not in (20_000_000, 40_000_000, 80_000_000, 160_000_000, 240_000_000):
        raise ValueError("frequency must be 20MHz, 40MHz, 80Mhz, 160MHz or 240MHz")
    _freq_hz = hz


def idle():
    pass


def disable_irq():
    return 0


def enable_irq(state):
    pass


class Pin:
    IN = 1
    OUT = 3
    OPEN_DRAIN = 7
    PULL_DOWN = 1
    PULL_UP = 2

    def __init__(self, id, mode=-1, pull=-1, *, value=None):
        if isinstance(id, Pin):
            id = id.gpio
        if id not in _PINS:
            raise ValueError("invalid pin")
        self.gpio = id
        self._level = 0
        self._mode = -1
        self._knob = None
        self.init(mode, pull, value=value)

    def init(self, mode=-1, pull=-1, *, value=None):
        if self.gpio in _INPUTS:
            if mode in (Pin.OUT, Pin.OPEN_DRAIN):
                raise ValueError("pin can only be input")
            if pull not in (-1, None):
                raise ValueError("pin has no pull resistor")
        if value is not None:
            self._level = 1 if value else 0
        if mode != -1:
            self._mode = mode
        if self._mode == Pin.IN:
            self._knob = host.Knob("pin" + str(self.gpio), "1" if pull == Pin.PULL_UP else "0")

    def value(self, level=None):
        if level is not None:
            self._level = 1 if level else 0
        elif self._mode == Pin.IN:
            return self._knob.read() & 1
        else:
            return self._level

    def __call__(self, level=None):
        return self.value(level)

    def on(self):
        self._level = 1

    def off(self):
        self._level = 0

    def __repr__(self):
        return f"Pin({self.gpio})"


class ADC:
    """A pin of ADC block 1, which sees the waveform that the virtual board lays in shared memory."""

    ATTN_0DB = 0
    ATTN_2_5DB = 1
    ATTN_6DB = 2
    ATTN_11DB = 3

    _TOP_UV = (950_000, 1_250_000, 1_750_000, 2_450_000)
    _COUNT_UV = (269, 366, 537, 806)
    _DEAD_UV = 100_000
    _READ_US = 40

    def __init__(self, pin, *, atten=ATTN_0DB):
        gpio = pin.gpio if isinstance(pin, Pin) else pin
        if gpio not in _ADC:
            raise ValueError("no pin of ADC block 1, the only one that works beside Wi-Fi")
        self._wave = waveform.load("adc" + str(gpio))
        self._random = 1
        self._read_at = ticks_us()
        self.atten(atten)

    def atten(self, atten):
        self._top_uv = ADC._TOP_UV[atten]
        self._count_uv = ADC._COUNT_UV[atten]

    def read(self):
        # The conversion takes its time on the chip too, and sampling loops count on it.
        while 0 <= ticks_diff(ticks_us(), self._read_at) < ADC._READ_US:
            pass
        self._read_at = ticks_us()
        if self._wave is None:
            return 0
        self._random = (self._random * 171 + 11213) % 53125
        uv = self._wave.at(self._read_at, self._random % 2001 - 1000)
        return 0 if uv < ADC._DEAD_UV else min(uv, self._top_uv) // self._count_uv

    def read_u16(self):
        raw = self.read()
        return raw << 4 | raw >> 8

    def read_uv(self):
        """Whole millivolts, as the calibrated driver gives them. No heap."""
        return (self.read() * self._count_uv + 500) // 1000 * 1000


class RTC:
    def memory(self, data=None):
        if data is None:
            with host.open_state("rtc", "rb") as file:
                return file.read()
        if len(data) > 2048:
            raise ValueError("buffer too long")
        with host.open_state("rtc", "wb") as file:
            file.write(data)


class WDT:
    """SIGALRM is the watchdog: nothing in the interpreter can hold it up."""

    def __init__(self, id=0, timeout=5000):
        if id != 0:
            raise ValueError("id must be 0")
        if timeout <= 0:
            raise ValueError("WDT timeout too short")
        self._set = host.libc.func("i", "setitimer", "ipp")
        self._timer = bytearray(struct.calcsize("llll"))
        struct.pack_into("llll", self._timer, 0, 0, 0, timeout // 1000, timeout % 1000 * 1000)
        self.feed()

    def feed(self):
        self._set(0, self._timer, None)


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
        if not 1 <= id < _UARTS:
            raise ValueError("this UART does not exist or is the console")
        self._count = bytearray(4)
        self._kept = None
        self._kept_at = 0
        self._end_us = ticks_us()
        if UART._fd < 0:
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
    termios.tcsetattr(fd, termios.TCSANOW, line)
    if baudrate not in _SPEEDS:
        # Any rate, as the chip has it: struct termios2, raw, whose last two words are the speeds.
        exact = struct.pack("IIII20xII", 0, 0, flags | _BOTHER, 0, baudrate, baudrate)
        host.ioctl(fd, _TCSETS2, exact)
