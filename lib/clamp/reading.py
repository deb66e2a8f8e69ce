"""One clamp: turns its windows into a kept result and the device's field. Integers only, no heap.

Currents are unsigned and powers apparent: a clamp alone knows neither the direction nor the
voltage.
"""

from array import array

from const import const
from ticks import ticks_add, ticks_diff

from .rms import DEAD, REASONS, scaled_root

_WINDOWS = const(4)  # averaged while the load rests; a step of the load starts anew
_QUIET_SQUARE = const(300 * 300)  # below 30 mV the slope of the wave is lost in the noise
_LOUD_SQUARE = const(50 * 50)  # from 5 mV on a phase can be trusted
_NOMINAL_ERROR_PERMILLE = const(100)  # of an unmeasured voltage: EN 50160
_FREQUENCY = REASONS.index("frequency")


class Clamp:
    """A clamp that puts its watts as `key` of `device`. voltage_dv(): tenths of a volt just
    measured, or None.

    sampler: sample(window, length_us) -> samples; start_us, low_uv, high_uv (firmware.clamp_adc).
    """

    def __init__(self, name, sampler, scale, device=None, key="sl_power_w", voltage_dv=None):
        self.name = name
        self.sampler = sampler
        self.scale = scale
        self.measured_ms = None  # when the last good window ended; None: never
        self.rejected = {reason: 0 for reason in REASONS if reason}
        self.result = {
            "current_ma": None,
            "power_w": None,
            "error_w": None,
            "rms_ma": None,  # before the noise is subtracted: what calibration wants
            "voltage_dv": scale.nominal_dv,
            "voltage_measured": 0,
            "frequency_mhz": None,
            "samples": 0,
            "clipped_permille": 0,
            "offset_mv": None,
            "noise_ma": None,
            "windows": 0,
            "gain_ua": scale.gain_ua,
            "rejected": self.rejected,
        }
        self._device = device
        self._key = key
        self._voltage_dv = voltage_dv
        self._squares = array("i", bytes(4 * _WINDOWS))
        self._averaged = 0
        self._square = 0  # their mean
        self._noise_square = 0
        self._noise_windows = 0
        self._start_us = 0
        self._phase = -1

    def take(self, window, mains, ended_ms):  # no heap
        """A window was worked through: renew the reading, or count why not."""
        result = self.result
        result["samples"] = window.count
        result["clipped_permille"] = window.clipped_permille
        if window.reason >= DEAD:
            self._phase = (
                -1
            )  # this may last: what comes after is not compared with what was before
        reason = window.reason or self._listen(window, mains)
        if reason:
            self.rejected[REASONS[reason]] += 1
        else:
            result["windows"] += 1
            self._average(window)
            self._publish(ended_ms)

    def _listen(self, window, mains):
        """Tell the mains where its fundamental stood; a reason if the window's length was wrong."""
        result = self.result
        result["offset_mv"] = window.mean // 10
        if window.mean_square - window.noise_square < _LOUD_SQUARE:
            return 0
        start_us = ticks_add(self.sampler.start_us, window.times_us[0])
        if self._phase >= 0:
            advance = window.phase - self._phase & 4095
            mains.note(ticks_diff(start_us, self._start_us), advance)
        self._start_us = start_us
        self._phase = window.phase
        result["frequency_mhz"] = mains.frequency_mhz
        if not mains.lost:
            return 0
        self._averaged = 0  # the windows before were as wrong
        return _FREQUENCY

    def _average(self, window):
        square = window.mean_square
        if abs(square - self._square) * 8 > self._square + 4 * self._noise_square:
            self._averaged = 0
        self._squares[self._averaged % _WINDOWS] = square
        self._averaged += 1
        if self._averaged == 2 * _WINDOWS:
            self._averaged = _WINDOWS
        self._square = self._mean_square()
        if square < _QUIET_SQUARE:
            self._noise_windows = min(self._noise_windows + 1, 2 * _WINDOWS)
            self._noise_square += (window.noise_square - self._noise_square) // self._noise_windows

    def _mean_square(self):
        count = min(self._averaged, _WINDOWS)
        total = 0
        for i in range(count):
            total += self._squares[i]
        return total // count

    def _noise(self):
        """The noise floor squared, in tenths of a millivolt: as calibrated, else as seen."""
        floor_ma = self.scale.noise_floor_ma
        if floor_ma is None:
            return self._noise_square
        floor = floor_ma * 1000 // self.scale.gain_ua
        return floor * floor

    def _publish(self, ended_ms):
        scale = self.scale
        gain_ua = scale.gain_ua
        noise = self._noise()
        square = max(self._square - noise, 0)
        current_ma = (scaled_root(square, gain_ua) + 500) // 1000
        # the floor itself is known to about half its square: all of the error near zero, nothing
        # of it far above
        error_ma = scaled_root(square + noise // 2, gain_ua) // 1000 - current_ma
        error_ma += current_ma * scale.error_permille // 1000
        result = self.result
        result["current_ma"] = current_ma
        result["rms_ma"] = scaled_root(self._square, gain_ua) // 1000
        if scale.noise_floor_ma is not None or self._noise_windows:
            result["noise_ma"] = scaled_root(noise, gain_ua) // 1000
        voltage_dv = self._volts()
        power_w = self._watts(current_ma, voltage_dv)
        result["power_w"] = power_w
        result["error_w"] = self._watts(error_ma, voltage_dv) + self._voltage_error_w(power_w) + 1
        self.measured_ms = ended_ms
        if self._device is not None:
            self._device.put(self._key, power_w, ended_ms)

    def _volts(self):
        result = self.result
        voltage_dv = None if self._voltage_dv is None else self._voltage_dv()
        result["voltage_measured"] = 0 if voltage_dv is None else 1
        if voltage_dv is None:
            voltage_dv = self.scale.nominal_dv
        result["voltage_dv"] = voltage_dv
        return voltage_dv

    def _watts(self, current_ma, voltage_dv):
        tenths = voltage_dv * current_ma // 1000
        return (tenths * self.scale.power_factor_permille + 5000) // 10000

    def _voltage_error_w(self, power_w):
        return 0 if self.result["voltage_measured"] else power_w * _NOMINAL_ERROR_PERMILLE // 1000


class PhaseSum:
    """The device that clamps on several phases share: their powers added, as old as the oldest of
    them.

    Each clamp has it as its device and its own name as the key.
    """

    def __init__(self, device, key, names):
        self._device = device
        self._key = key
        self._powers_w = {name: None for name in names}
        self._ended_ms = {name: 0 for name in names}

    def put(self, name, power_w, ended_ms):  # no heap
        self._powers_w[name] = power_w
        self._ended_ms[name] = ended_ms
        total_w = 0
        oldest_ms = ended_ms
        for name in self._powers_w:
            if self._powers_w[name] is None:
                return
            total_w += self._powers_w[name]
            if ticks_diff(self._ended_ms[name], oldest_ms) < 0:
                oldest_ms = self._ended_ms[name]
        self._device.put(self._key, total_w, oldest_ms)
