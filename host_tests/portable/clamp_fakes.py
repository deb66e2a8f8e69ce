# SPDX-License-Identifier: MIT
"""A sampler and a device in virtual time, for the tests of clamps."""

import sys

from clamp.component import Clamps
from clamp.reading import Clamp
from planning.clamp_models import scale


class Machine:
    """Stands for the module `machine` while firmware.hw.clamp_adc is imported."""

    class ADC:
        ATTN_11DB = 3

        def __init__(self, pin, atten):
            assert atten == 3
            self.read_uv = pin.input.read_uv
            self.read_u16 = getattr(pin.input, "read_u16", None)

    class Pin:
        def __init__(self, number):
            self.input = number


def clamp_adc():
    """The module firmware.hw.clamp_adc on fake hardware: its pins are host_tools.simulate.clamp_waves.Input
    objects.
    """
    real = sys.modules.get("machine")
    sys.modules["machine"] = Machine
    sys.modules.pop("firmware.hw.clamp_adc", None)
    try:
        import firmware.hw.clamp_adc

        return firmware.hw.clamp_adc
    finally:
        del sys.modules["machine"]
        if real:
            sys.modules["machine"] = real


class Device:
    """Keeps what was put."""

    def __init__(self):
        self.puts = []

    def put(self, key, value, now_ms):
        self.puts.append((key, value, now_ms))


class Bench:
    """One clamp (30 A/V unless `entry` says otherwise) on an input, run in the input's own time."""

    def __init__(self, source, entry=None, nominal_hz=50, voltage_dv=None, may_hold=None):
        self.source = source
        self.device = Device()
        self.longest_hold_us = 0
        module = clamp_adc()
        module.ticks_us = source.ticks_us
        self.adc = module.ClampADC(source)
        made = scale(entry or {"amps_per_volt": 30}, {})
        self.clamp = Clamp("ct1", self.adc, made, self.device, "sl_power_w", voltage_dv)
        self.part = Clamps([self.clamp], nominal_hz, may_hold)

    def step(self):
        before_us = self.source.now_us
        delay_ms = self.part.step(before_us // 1000 & 0x3FFFFFFF)
        self.longest_hold_us = max(self.longest_hold_us, self.source.now_us - before_us)
        self.source.now_us += 1000 * delay_ms + 50
        return delay_ms

    def run(self, windows):
        """Until that many more windows were worked through, good or not. The result."""
        wanted = self.seen() + windows
        for _ in range(200 * windows):
            self.step()
            if self.seen() == wanted:
                return self.clamp.result
        raise AssertionError("no window came to an end")

    def seen(self):
        return self.clamp.result["windows"] + sum(self.clamp.rejected.values())
