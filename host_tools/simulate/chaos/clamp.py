# SPDX-License-Identifier: MIT
"""The ADC of a clamp in virtual time, with a current that is known for every moment, and its faults."""

import math
import random
from bisect import bisect_right

_PERIOD_US = 20000
_SPACING_US = 66
_COUNT = 300
BIAS = 12000  # tenths of a millivolt
_SINE = [math.sin(2 * math.pi * k / 1000) for k in range(1000)]


class Sampler:
    """As firmware.hw.clamp_adc.ClampADC. fault: None, or what the pin does instead, called with the wave's samples."""

    low_uv = 150000
    high_uv = 2440000
    calibrated = True

    def __init__(self, world, seed, end_ms, amps_per_volt, volts=230):
        self.start_us = 0
        self.fault = None
        self._world = world
        self._random = random.Random(seed)
        self._volts_per_watt = 1 / volts / amps_per_volt
        self._times, self._watts = [0], [700]
        steps_ms = self._random.choice(((10000, 15000, 25000), (1500, 4000, 9000)))
        while self._times[-1] < end_ms:
            self._times.append(self._times[-1] + self._random.choice(steps_ms))
            self._watts.append(self._random.choice((0, self._random.randrange(300, 3600))))

    def watts_in(self, begin_ms, end_ms):
        """All that the load took in [begin, end]."""
        first = max(bisect_right(self._times, begin_ms) - 1, 0)
        return self._watts[first : bisect_right(self._times, end_ms)]

    def sample(self, window, length_us):
        world = self._world
        peak = (
            10000
            * math.sqrt(2)
            * self._volts_per_watt
            * self.watts_in(world.now_ms, world.now_ms)[-1]
        )
        begin_us = world.now_ms * 1000
        self.start_us = begin_us & 0x3FFFFFFF
        count = min(_COUNT, length_us // _SPACING_US, window.capacity)
        noise = self._random.randrange(7)
        values = [
            int(
                BIAS
                + peak * _SINE[(begin_us + _SPACING_US * i) % _PERIOD_US // 20]
                + (7 * i + noise) % 13
                - 6
            )
            for i in range(count)
        ]
        if self.fault:
            values = self.fault(values)
        for i, value in enumerate(values):
            window.times_us[i] = _SPACING_US * i
            window.values[i] = min(max(value, 0), 31000)
        world.now_ms += length_us // 1000
        return count
