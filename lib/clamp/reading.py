# SPDX-License-Identifier: MIT
"""One clamp: turns its windows into a kept result and the device's field. Integers only, no heap.

Currents are unsigned and powers apparent: a clamp alone knows neither the direction nor the
voltage.
"""

from const import const
from ticks import ticks_add, ticks_diff

from .rms import DEAD, REASONS, scaled_root

# While the load rests, each window moves the average by an eighth of what it differs: as good as the mean of fifteen.
_WINDOWS = const(8)
# Jumps with less than _WINDOWS from one to the next: a load that is switched all the time, as a burst-fired heater.
_RESTLESS = const(3)
_ROUNDING = const(
    25
)  # half a step of the ADC squared: what a pin without noise hides or looks like
_QUIET_SQUARE = const(300 * 300)  # below 30 mV the slope of the wave is lost in the noise
_LOUD_SQUARE = const(20 * 20)  # from 2 mV on a phase can be trusted, later where noise is stronger
_NOMINAL_ERROR_PERMILLE = const(100)  # of an unmeasured voltage: EN 50160
_FREQUENCY = REASONS.index("frequency")


class Clamp:
    """A clamp that puts its watts as `key` of `device`. voltage_dv(): tenths of a volt just
    measured, or None.

    sampler: sample(window, length_us) -> samples; start_us, low_uv, high_uv, calibrated
    (firmware.hw.clamp_adc). figures: of the plan: gain_ua, microamps of 0.1 mV; error_permille of the reading, and
    uncalibrated_permille where the ADC is not calibrated; noise_square, that of the noise floor in tenths of a
    millivolt, None: found from the samples; nominal_dv; power_factor_permille.
    """

    def __init__(self, name, sampler, figures, device=None, key="sl_power_w", voltage_dv=None):
        self.name = name
        self.sampler = sampler
        self._gain_ua = figures["gain_ua"]
        error = "error_permille" if sampler.calibrated else "uncalibrated_permille"
        self._error_permille = figures[error]
        self._known_noise_square = figures["noise_square"]
        self._nominal_dv = figures["nominal_dv"]
        self._power_factor_permille = figures["power_factor_permille"]
        self.measured_ms = None  # when the last good window ended; None: never
        self.rejected = {reason: 0 for reason in REASONS if reason}
        self.result = {
            "current_ma": None,
            "power_w": None,
            "error_w": None,
            "rms_ma": None,  # before the noise is subtracted: what calibration wants
            "voltage_dv": self._nominal_dv,
            "voltage_measured": 0,
            "frequency_mhz": None,
            "samples": 0,
            "clipped_permille": 0,
            "offset_mv": None,
            "noise_ma": None,
            "windows": 0,
            "gain_ua": self._gain_ua,
            "rejected": self.rejected,
        }
        self._device = device
        self._key = key
        self._voltage_dv = voltage_dv
        self._averaged = 0  # windows, up to _WINDOWS
        self._square = 0  # their mean
        self._last = 0  # of the newest window
        self._calm = _WINDOWS  # windows since the load jumped last
        self._jumps = 0  # ...with less than _WINDOWS between one and the next
        self._noise_square = 0  # the noise in it
        self._uncertainty = 0  # how far the mean may be off
        self._start_us = 0
        self._phase = -1

    def take(self, window, mains, ended_ms):  # no heap
        """A window was worked through: renew the reading, or count why not."""
        result = self.result
        result["samples"] = window.count
        result["clipped_permille"] = window.clipped_permille
        if window.reason >= DEAD:
            # This may last: what comes after is not compared with what was before.
            self._phase = -1
        reason = window.reason or self._listen(window, mains)
        if reason:
            self.rejected[REASONS[reason]] += 1
        else:
            result["windows"] += 1
            self._average(window)
            self._publish(ended_ms)
        self._last = window.mean_square

    def _listen(self, window, mains):
        """Tell the mains where its fundamental stood; a reason if the window's length was wrong."""
        result = self.result
        result["offset_mv"] = window.mean // 10
        if window.mean_square - window.noise_square * 3 // 2 < _LOUD_SQUARE:
            return 0
        start_us = ticks_add(self.sampler.start_us, window.times_us[0])
        # The phase of a window in which the load was switched is not that of the mains.
        if self._phase >= 0 and abs(window.mean_square - self._last) < window.mean_square:
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
        """Take a window into the average; one that cannot be of the same load starts it again."""
        square = window.mean_square
        if self._has_jumped(square, self._spread(window.count)) and self._jumps < _RESTLESS:
            self._averaged = 0
        is_restless = self._jumps == _RESTLESS
        self._averaged = count = min(self._averaged + 1, 2 * _WINDOWS if is_restless else _WINDOWS)
        if is_restless:
            # Its mean power is that of the mean current, not of the mean square.
            root = scaled_root(self._square, 1)
            root += (scaled_root(square, 1) - root + count // 2) // count
            self._square = root * root
        else:
            self._square += (square - self._square + count // 2) // count
        self._noise_square += (window.noise_square - self._noise_square + count // 2) // count
        # After a change too small to start again the newest window is nearer to the truth.
        off = abs(square - self._square) + self._spread(window.count) + window.edge_square
        self._uncertainty = max(off, self._uncertainty * 7 // 8) if is_restless else off

    def _has_jumped(self, square, spread):
        """Can the window not be of the same load as those that were averaged? Of a restless one: as the window before."""
        before = self._square if self._jumps < _RESTLESS else self._last
        # Five standard deviations, and what two edges of a dimmer between samples may do.
        if self._averaged and abs(square - before) * 2 > 5 * spread + before // 16:
            self._jumps = min(self._jumps + 1, _RESTLESS) if self._calm < _WINDOWS else 1
            self._calm = 0
            return True
        self._calm += 1
        if self._calm < _WINDOWS or self._jumps < _RESTLESS:
            return False
        self._jumps = 0  # it has come to rest
        return True

    def _spread(self, samples):
        """Two standard deviations of one window's mean square: 2 * sqrt((4 * signal + 2 * noise) * noise / samples)."""
        noise = self._noise_square + _ROUNDING
        sixteenths = scaled_root(noise * 256 // samples, 1)
        return (sixteenths * scaled_root(self._square - noise // 2, 1) >> 2) + _ROUNDING

    def _publish(self, ended_ms):
        gain_ua = self._gain_ua
        known_noise = self._known_noise_square
        noise = self._noise_square
        uncertainty = self._uncertainty
        if known_noise is None:
            # neighbours do not tell noise that lasts longer than a sample
            uncertainty += noise // 2
        else:
            noise = known_noise
            uncertainty += abs(noise - self._noise_square)
        square = max(self._square - noise, 0)
        current_ma = (scaled_root(square, gain_ua) + 500) // 1000
        low_ma = scaled_root(square - uncertainty, gain_ua) // 1000
        high_ma = scaled_root(square + uncertainty, gain_ua) // 1000
        error_ma = max(current_ma - low_ma, high_ma - current_ma)
        result = self.result
        result["current_ma"] = current_ma
        result["rms_ma"] = scaled_root(self._square, gain_ua) // 1000
        if known_noise is not None or self._square < _QUIET_SQUARE:
            result["noise_ma"] = scaled_root(noise, gain_ua) // 1000
        self._power(current_ma, error_ma + (current_ma * self._error_permille + gain_ua) // 1000)
        self.measured_ms = ended_ms
        if self._device is not None:
            self._device.put(self._key, result["power_w"], ended_ms)

    def _power(self, current_ma, error_ma):
        result = self.result
        voltage_dv = None if self._voltage_dv is None else self._voltage_dv()
        result["voltage_measured"] = 0 if voltage_dv is None else 1
        if voltage_dv is None:
            voltage_dv = self._nominal_dv
            error_ma += current_ma * _NOMINAL_ERROR_PERMILLE // 1000
        result["voltage_dv"] = voltage_dv
        power_w = voltage_dv * current_ma // 1000 * self._power_factor_permille
        error_w = voltage_dv * error_ma // 1000 * self._power_factor_permille
        result["power_w"] = (power_w + 5000) // 10000
        result["error_w"] = (error_w + 5000) // 10000 + 1


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
