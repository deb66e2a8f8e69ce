# SPDX-License-Identifier: MIT
"""A calibration to look at: clamp over meter with the fit, and how far each reading is from it.

The PNG is drawn with Pillow; matplotlib would be thirty times as large for two scatter plots.
"""

import math

from PIL import Image, ImageDraw

_WIDTH, _HEIGHT, _RESIDUAL_HEIGHT = 720, 480, 200
_MARGIN = 56
_INK, _PALE, _POINT, _LINE = "#222222", "#dddddd", "#1f77b4", "#d62728"
_TERMINAL_WIDTH, _TERMINAL_HEIGHT = 64, 16


def save(fit, path, title):
    """Write the PNG."""
    image = Image.new("RGB", (_WIDTH, _HEIGHT + _RESIDUAL_HEIGHT), "white")
    draw = ImageDraw.Draw(image)
    draw.text((_MARGIN, 14), title, _INK)
    top_a = fit.largest_ma() / 1000 * 1.05
    rms_a = max(p.rms_ma for p in fit.points) / 1000 * 1.05
    upper = _Frame(draw, (_MARGIN, 40, _WIDTH - 20, _HEIGHT - 40), (0, rms_a), (0, top_a))
    upper.axes("clamp as it reads now, A", "meter, A")
    upper.points([(p.rms_ma / 1000, p.meter_ma / 1000) for p in fit.points])
    curve = [rms_a * i / 200 for i in range(201)]
    upper.line([(a, fit.current_ma(a * 1000) / 1000) for a in curve])
    worst = max([1.0] + [abs(off) for off in fit.residuals_percent()]) * 1.1
    box = (_MARGIN, _HEIGHT + 10, _WIDTH - 20, _HEIGHT + _RESIDUAL_HEIGHT - 40)
    lower = _Frame(draw, box, (0, top_a), (-worst, worst))
    lower.axes("meter, A", "residual, %")
    lower.line([(0, 0), (top_a, 0)])
    lower.points(_residuals(fit))
    image.save(path)


def text(fit):
    """The same for a terminal: points as dots, the line of a perfect fit as slashes."""
    top = fit.largest_ma() * 1.02
    width, height = _TERMINAL_WIDTH, _TERMINAL_HEIGHT
    grid = [[" "] * width for _ in range(height)]
    for column in range(width):
        grid[height - 1 - column * height // width][column] = "/"
    for p in fit.points:
        column = min(width - 1, int(fit.current_ma(p.rms_ma) / top * width))
        row = min(height - 1, int(p.meter_ma / top * height))
        grid[height - 1 - row][column] = "o"
    rows = ["  |" + "".join(row).rstrip() for row in grid]
    rows.append("  +" + "-" * width)
    rows.insert(0, f"meter, up to {top / 1000:.1f} A")
    rows.append(f"   calibrated clamp, up to {top / 1000:.1f} A")
    return "\n".join(rows)


def _residuals(fit):
    pairs = [(p.meter_ma, fit.current_ma(p.rms_ma)) for p in fit.points]
    return [
        (meter / 1000, 100 * (clamp / meter - 1))
        for meter, clamp in pairs
        if meter >= 0.1 * fit.largest_ma()
    ]


class _Frame:
    """A rectangle of the picture with two scales."""

    def __init__(self, draw, box, x_range, y_range):
        self._draw = draw
        self._box = box
        self._x_range = x_range
        self._y_range = y_range

    def axes(self, x_name, y_name):
        left, top, right, bottom = self._box
        for value in _ticks(*self._x_range):
            x, _ = self._at(value, self._y_range[0])
            self._draw.line((x, top, x, bottom), _PALE)
            self._draw.text((x - 8, bottom + 4), f"{value:g}", _INK)
        for value in _ticks(*self._y_range):
            _, y = self._at(self._x_range[0], value)
            self._draw.line((left, y, right, y), _PALE)
            self._draw.text((left - 36, y - 6), f"{value:g}", _INK)
        self._draw.rectangle(self._box, outline=_INK)
        self._draw.text((right - 8 * len(x_name), bottom + 18), x_name, _INK)
        self._draw.text((left + 6, top + 4), y_name, _INK)

    def points(self, pairs):
        for pair in pairs:
            x, y = self._at(*pair)
            self._draw.ellipse((x - 2, y - 2, x + 2, y + 2), fill=_POINT)

    def line(self, pairs):
        self._draw.line([self._at(*pair) for pair in pairs], _LINE, 1)

    def _at(self, x_value, y_value):
        left, top, right, bottom = self._box
        x = (x_value - self._x_range[0]) / (self._x_range[1] - self._x_range[0])
        y = (y_value - self._y_range[0]) / (self._y_range[1] - self._y_range[0])
        return left + x * (right - left), bottom - y * (bottom - top)


def _ticks(low, high):
    """Some five round values between them."""
    step = 10 ** math.floor(math.log10((high - low) / 4))
    step *= next(m for m in (1, 2, 5, 10) if (high - low) / (step * m) <= 6)
    return [step * i for i in range(math.ceil(low / step), math.floor(high / step) + 1)]
