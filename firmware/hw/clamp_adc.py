# SPDX-License-Identifier: MIT
"""The sampler of one clamp: an ADC pin read as fast as the interpreter can for one mains cycle.

ADC block 1 only, at 11 dB. Below low_uv the ESP32's converter is blind, above high_uv it is no
longer straight.
"""

from machine import ADC, Pin

from const import const
from ticks import ticks_us

_MASK = const(0x3FFFFFFF)  # differences of ticks_us, whatever their period


class ClampADC:
    low_uv = 150000
    high_uv = 2440000  # its end is at 2450 mV

    def __init__(self, pin):
        self.start_us = 0  # ticks_us of the last window's start
        adc = ADC(Pin(pin), atten=ADC.ATTN_11DB)
        self.calibrated = True
        self._read_uv = adc.read_uv
        try:
            adc.read_uv()
        except OSError:  # an early ESP32 without a measured reference in its eFuses
            self.calibrated = False
            self._read_uv = _nominal(adc.read_u16)

    def sample(self, window, length_us):  # no heap, holds the loop
        """Fill the window for length_us; how many samples. A fast chip waits, so that they spread
        over the cycle.
        """
        read_uv = self._read_uv
        ticks = ticks_us
        times_us = window.times_us
        values = window.values
        spacing_us = length_us // window.capacity + 1
        count = due_us = 0
        self.start_us = start_us = ticks()
        while True:
            value_uv = read_uv()
            now_us = (ticks() - start_us) & _MASK
            if now_us >= due_us:
                times_us[count] = now_us
                values[count] = value_uv // 100
                count += 1
                due_us += spacing_us
            if now_us >= length_us or count == window.capacity:
                return count


def _nominal(read_u16):
    """A read_uv for the nominal reference of 1100 mV, by ESP-IDF's line for the ESP32 at 11 dB. A
    chip's own reference lies between 1000 and 1200 mV, so this is up to 10 % off.
    """

    def read_uv():
        return 142000 + read_u16() * 5035 // 100

    return read_uv
