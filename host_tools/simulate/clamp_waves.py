# SPDX-License-Identifier: MIT
"""Currents as loads draw them, seen through a clamp and an ESP32's ADC: for tests and the
benchmark.

A wave is a function of the turn (0 to 1 is one mains cycle) with an RMS of exactly 1 by the
formula beside it, nothing having been measured. No library, so that it runs on MicroPython too.
"""

import math

_TURN = 2 * math.pi


def harmonics(parts):
    """Sum of (order, amplitude, phase in turns); RMS by Parseval."""
    rms = math.sqrt(sum(a * a for _, a, _ in parts) / 2)

    def wave(turn):
        return sum(a * math.sin(_TURN * (n * turn + p)) for n, a, p in parts) / rms

    return wave


def half_wave(turn):
    """A diode before the load; a current transformer passes no DC. Mean 1/pi, mean square 1/4 of a
    peak of 1.
    """
    rms = math.sqrt(1 / 4 - 1 / math.pi**2)
    return (max(math.sin(_TURN * turn), 0) - 1 / math.pi) / rms


def phase_cut(start):
    """A leading-edge dimmer that conducts from `start` (0 to 0.5 turns) to the end of each half
    wave.
    """
    alpha = _TURN * start
    rms = math.sqrt((math.pi - alpha + math.sin(2 * alpha) / 2) / (2 * math.pi))

    def wave(turn):
        return math.sin(_TURN * turn) / rms if turn % 0.5 >= start else 0.0

    return wave


def burst(on, of):
    """A heater that is switched with whole cycles: `on` of `of` are let through, each with an RMS of 1."""
    return lambda turn: math.sqrt(2) * math.sin(_TURN * turn) if int(turn) % of < on else 0.0


WAVES = {
    "sine": harmonics([(1, 1, 0)]),
    "charger": harmonics([(1, 1, 0), (3, 0.75, 0.5), (5, 0.5, 0), (7, 0.25, 0.5)]),
    "third": harmonics([(1, 1, 0.1), (3, 0.3, 0.3), (5, 0.1, 0.7), (7, 0.05, 0.2)]),
    "dimmer": phase_cut(0.25),
    "half wave": half_wave,
}


class Random:
    """The same numbers on every interpreter: a 31-bit linear congruential generator (constants of
    Park and Miller).
    """

    def __init__(self, seed):
        self._state = seed % 2147483646 + 1

    def uniform(self):
        self._state = self._state * 48271 % 2147483647
        return self._state / 2147483647

    def normal(self):
        """Twelve uniform numbers have a variance of one."""
        return sum(self.uniform() for _ in range(12)) - 6


class Input:
    """An ADC pin with a clamp on it, in virtual time. rms_mv is exact; reads take spacing_us
    (shortest, longest).
    """

    chance = Random

    def __init__(self, wave, rms_mv, **settings):
        self.wave = wave
        self.rms_mv = rms_mv
        self.frequency_hz = settings.pop("frequency_hz", 50)
        self.noise_mv = settings.pop("noise_mv", 0)
        self.bias_mv = settings.pop("bias_mv", 1200)
        self.drift_mv_per_s = settings.pop("drift_mv_per_s", 0)
        self.spacing_us = settings.pop("spacing_us", (40, 80))
        self.step_uv = settings.pop("step_uv", 1000)  # read_uv() counts whole millivolts
        self.lsb_mv = settings.pop("lsb_mv", 3200 / 4096)
        self._random = self.chance(settings.pop("seed", 1))
        self.now_us = settings.pop("start_us", 0)
        assert not settings, settings
        self.reads = 0

    def millivolts(self, at_us):
        turn = at_us * 1e-6 * self.frequency_hz
        value = self.bias_mv + self.drift_mv_per_s * at_us * 1e-6 + self.rms_mv * self.wave(turn)
        return value + (self.noise_mv * self._random.normal() if self.noise_mv else 0)

    def read_uv(self):
        """The value is taken 10 to 12 us before the reading ends."""
        shortest, longest = self.spacing_us
        self.now_us += shortest + int((longest - shortest + 1) * self._random.uniform())
        self.reads += 1
        millivolts = self.millivolts(self.now_us - 10 - int(3 * self._random.uniform()))
        millivolts = max(0, min(4095, math.floor(millivolts / self.lsb_mv))) * self.lsb_mv
        return math.floor(millivolts * 1000 / self.step_uv + 0.5) * self.step_uv

    def ticks_us(self):
        return self.now_us & 0x3FFFFFFF
