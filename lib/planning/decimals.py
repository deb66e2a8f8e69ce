# SPDX-License-Identifier: MIT
"""Exact decimal numbers, as JSON writes them: a chip's floats have 24 bits, and the same config must give the same plan everywhere."""

_MOST_PLACES = 12


class Decimal:
    """digits / 10**places, for a number that is not written as a whole one."""

    def __init__(self, digits, places):
        self.digits = digits
        self.places = places

    def __str__(self):
        text = str(abs(self.digits))
        if self.places > 0:
            text = "0" * (self.places + 1 - len(text)) + text
            text = text[: -self.places] + "." + text[-self.places :]
        else:
            text += "0" * -self.places
        return "-" + text if self.digits < 0 else text

    __repr__ = __str__


def parse(text):
    """A Decimal from "-0.5" or "1.25E-2"; ValueError beyond what a setting can be."""
    number, _, exponent = text.lower().partition("e")
    whole, _, fraction = number.partition(".")
    places = len(fraction) - int(exponent or "0")
    if places < -_MOST_PLACES:
        raise ValueError("too large a number")
    if places > 2 * _MOST_PLACES:
        raise ValueError("a number of too many places")
    return Decimal(int(whole + fraction), places)


def scaled(value, places):
    """value * 10**places as a whole number, rounded half away from zero. value: an int or a Decimal."""
    if isinstance(value, int):
        return value * 10**places
    shift = places - value.places
    if shift >= 0:
        return value.digits * 10**shift
    return divided(value.digits, 10**-shift)


def divided(number, by):
    """number / by, rounded half away from zero; by > 0."""
    half = (2 * abs(number) + by) // (2 * by)
    return -half if number < 0 else half
