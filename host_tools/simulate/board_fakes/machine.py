# SPDX-License-Identifier: MIT
"""machine as the firmware sees it on an ESP32: small, strict, odd where the chip is odd."""

import os
import struct
from time import ticks_diff

import host
import waveform
from pin import Pin
from sampling import now_us
from uart import UART  # noqa: F401

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5

_ADC = bytes.fromhex(os.getenv("BOARD_ADC"))
_note = host.Knob("note", "0")
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


def bitstream(pin, encoding, timing, data):
    """The data goes nowhere."""
    if encoding != 0 or len(timing) != 4:
        raise ValueError("encoding")
    if pin._mode != Pin.OUT:
        raise ValueError("the pin is no output")
    memoryview(data)


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
        self._read_at = now_us()
        self.atten(atten)

    def atten(self, atten):
        self._top_uv = ADC._TOP_UV[atten]
        self._count_uv = ADC._COUNT_UV[atten]

    def read(self):
        # The conversion takes its time on the chip too, and sampling loops count on it.
        while 0 <= ticks_diff(now_us(), self._read_at) < ADC._READ_US:
            pass
        self._read_at = now_us()
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
    """SIGALRM is the watchdog: nothing in the interpreter can hold it up.

    Whoever measures the firmware's heap and names has them noted at the next feed(), by another first byte in the control
    file `note`.
    """

    armed = False
    noted = _note.read()

    def __init__(self, id=0, timeout=5000):
        if id != 0:
            raise ValueError("id must be 0")
        if timeout <= 0:
            raise ValueError("WDT timeout too short")
        self._set = host.libc.func("i", "setitimer", "ipp")
        WDT.armed = True
        self._timer = bytearray(struct.calcsize("llll"))
        struct.pack_into("llll", self._timer, 0, 0, 0, timeout // 1000, timeout % 1000 * 1000)
        self.feed()

    def feed(self):
        self._set(0, self._timer, None)
        if _note.read() != WDT.noted:
            WDT.noted = _note.read()
            host.note_names()
