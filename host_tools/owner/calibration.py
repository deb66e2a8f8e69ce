# SPDX-License-Identifier: MIT
"""The mathematics of calibrating a clamp: from readings to a gain and a noise floor, or a refusal.

Model: noise adds in quadrature. A clamp that tells `rms_ma` (before any noise is subtracted) sees
truly gain * sqrt(rms_ma^2 - noise_ma^2), so the squares of what the meter says lie on a straight
line over the squares of what the clamp says: slope gain^2, crossing zero at noise_ma^2.
"""

import math
from dataclasses import dataclass, field
from statistics import median

METER_ERROR_PERCENT = 1.0  # class 1, what DIN-rail meters for sub-metering are

_FEWEST_POINTS = 20
_FEWEST_LEVELS = 3
_LEVEL_STEP = 1.25  # loads that differ by less count as one level
_SPAN = 3  # largest load over smallest
_LEAST_LOAD_MA = 1000
_WORST_MEDIAN_PERCENT = 5
_STEADY = 0.03
_NOISE_SEEN = 6  # times the noise floor at most must the smallest load be
_ABOVE_NOISE = 3  # then a tenth off in the noise floor is a hundredth off in the gain
_METER_STEP_MA = 30  # a meter's own resolution and the time between the two readings
_ROUNDS = 30


class Refused(ValueError):
    """These readings do not make a calibration; the text says why and what to do."""


@dataclass
class Point:
    """One pair of readings of one moment: the clamp's RMS with its noise, and the meter's current."""

    rms_ma: float
    meter_ma: float


@dataclass
class Fit:
    """gain: factor on amps_per_volt; noise_ma as the clamp tells it today, None: not seen."""

    gain: float
    noise_ma: float | None
    points: list = field(default_factory=list)

    def current_ma(self, rms_ma: float) -> float:
        return self.gain * math.sqrt(max(rms_ma**2 - (self.noise_ma or 0) ** 2, 0))

    def residuals_percent(self) -> list[float]:
        """How far the calibrated clamp is from the meter, for loads that can tell."""
        return [
            100 * (self.current_ma(p.rms_ma) / p.meter_ma - 1)
            for p in self.points
            if p.meter_ma >= 0.1 * self.largest_ma()
        ]

    def largest_ma(self) -> float:
        return max((p.meter_ma for p in self.points), default=0)

    def error_percent(self) -> float:
        """What 19 of 20 readings stay within, and the meter's own class."""
        offs = sorted(abs(off) for off in self.residuals_percent())
        within = offs[math.ceil(0.95 * len(offs)) - 1] if offs else 0
        return math.ceil(10 * (within + METER_ERROR_PERCENT) - 1e-6) / 10


def zero(rms_ma: list[float]) -> float:
    """The noise floor from readings on no conductor: their mean square, a stray load refused."""
    if len(rms_ma) < 5:
        raise Refused(f"only {len(rms_ma)} readings: five are needed")
    middle = median(rms_ma)
    if max(rms_ma) > 3 * middle + 20:
        raise Refused(
            "the readings jump: take the clamp off every conductor and its cable from them"
        )
    return math.sqrt(sum(ma * ma for ma in rms_ma) / len(rms_ma))


def one_load(rms_ma: list[float], noise_ma: float, known_ma: float) -> Fit:
    """A fit through the noise floor and one known load."""
    seen_ma = median(rms_ma)
    if seen_ma < _ABOVE_NOISE * noise_ma:
        raise Refused(
            f"the load reads {seen_ma:.0f} mA, too near the noise floor of {noise_ma:.0f} mA: "
            "take a larger one, such as a kettle"
        )
    if max(rms_ma) - min(rms_ma) > _STEADY * seen_ma:
        raise Refused("the load is not steady: take a kettle, an iron at full heat or an oven")
    points = [Point(ma, known_ma) for ma in rms_ma]
    return Fit(known_ma / math.sqrt(seen_ma**2 - noise_ma**2), noise_ma, points)


def steady(points: list[Point]) -> list[Point]:
    """Those whose load was the same as in the readings before and after: both saw the same."""
    kept = []
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        if all(
            _close(here.rms_ma, p.rms_ma) and _close(here.meter_ma, p.meter_ma)
            for p in (before, after)
        ):
            kept.append(here)
    return kept


def against_meter(points: list[Point]) -> Fit:
    """The fit of clamp to meter over loads that varied. Outliers lose their weight (Huber)."""
    points = [p for p in points if p.meter_ma > _METER_STEP_MA]
    _check_span(points)
    weights = [1.0] * len(points)
    for _ in range(_ROUNDS):
        slope, noise_square = _line(points, weights)
        fit = _fit(slope, noise_square, points)
        weights = _weights(fit, points)
    _check_fit(fit)
    return fit


def _close(a, b):
    return abs(a - b) <= _STEADY * max(a, b) + _METER_STEP_MA


def _check_span(points):
    if len(points) < _FEWEST_POINTS:
        raise Refused(
            f"only {len(points)} steady readings under load: {_FEWEST_POINTS} are needed"
        )
    loads = sorted(p.meter_ma for p in points)
    low, high = loads[len(loads) // 20], loads[-1 - len(loads) // 20]
    if high < _LEAST_LOAD_MA:
        raise Refused(f"the load never rose above {high / 1000:.2f} A: switch something large on")
    if high < _SPAN * low:
        raise Refused(
            f"the load never varied enough: {low / 1000:.2f} to {high / 1000:.2f} A, "
            f"and the largest must be {_SPAN} times the smallest"
        )
    levels, last = 0, 0
    for load in loads:
        if load > last * _LEVEL_STEP:
            levels, last = levels + 1, load
    if levels < _FEWEST_LEVELS:
        raise Refused(f"only {levels} different loads were seen: {_FEWEST_LEVELS} are needed")


def _check_fit(fit):
    off = median(abs(r) for r in fit.residuals_percent())
    if off > _WORST_MEDIAN_PERCENT:
        raise Refused(
            f"clamp and meter do not agree (half of the readings are off by more than {off:.0f} %): "
            "do both see the same conductor, and only that?"
        )


def _line(points, weights):
    """Weighted least squares of meter^2 on rms^2: (slope, where it crosses zero)."""
    total = sum(weights)
    x_mean = sum(w * p.rms_ma**2 for w, p in zip(weights, points, strict=True)) / total
    y_mean = sum(w * p.meter_ma**2 for w, p in zip(weights, points, strict=True)) / total
    xy = xx = 0.0
    for w, p in zip(weights, points, strict=True):
        x = p.rms_ma**2 - x_mean
        xy += w * x * (p.meter_ma**2 - y_mean)
        xx += w * x * x
    if xy <= 0:
        raise Refused("the clamp falls while the meter rises: do both see the same conductor?")
    slope = xy / xx
    return slope, x_mean - y_mean / slope


def _fit(slope, noise_square, points):
    """Without small loads the noise floor is a guess: then it is left alone."""
    smallest = min(p.rms_ma for p in points)
    seen = smallest < _NOISE_SEEN * math.sqrt(max(noise_square, 0))
    return Fit(math.sqrt(slope), math.sqrt(noise_square) if seen else None, points)


def _weights(fit, points):
    """Of the squares: by how well a meter knows them, less for those far off the line."""
    offs = [fit.current_ma(p.rms_ma) - p.meter_ma for p in points]
    sizes = [0.01 * p.meter_ma + _METER_STEP_MA for p in points]
    scores = [off / size for off, size in zip(offs, sizes, strict=True)]
    limit = 2 * max(1.4826 * median(abs(s) for s in scores), 1e-6)
    return [
        min(1, limit / max(abs(score), 1e-9)) / (2 * p.meter_ma * size) ** 2
        for score, size, p in zip(scores, sizes, points, strict=True)
    ]
