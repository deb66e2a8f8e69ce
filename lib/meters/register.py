# SPDX-License-Identifier: MIT
"""Registers and the quantities that they make up.

What runs in each poll has frames of 11 words at most (a `for` takes four of them): larger ones would come from the heap.
"""

from const import const
from meters.decode import MOST, Number
from ticks import ticks_diff

_ABSOLUTE = const(0x40)  # in a register's kind: its sign says nothing
_FACTOR_MS = const(60000)
# Readings in a row that are as doubtful, and agree, before one counts. A counter needs more: some units tell 0, or less, for a moment.
_POWERS = const(2)
_COUNTERS = const(5)
_number = Number()  # the one that is being read


def _times(number, factor):
    """Their product; 0 if the factor is unknown, nothing, or makes it too large to scale with. No heap."""
    return 0 if not factor or abs(number) > MOST // factor else number * factor


class Register:
    """One value in the unit's registers: where it is, how it is read, and its last value in base units."""

    models = ()  # of SunSpec: the address counts from the first of them that the unit has...
    base = 0  # ...and while this is not known, from its own number
    # What gives the value its meaning: ratios, which stand still, and Helpers: a power of ten, a sign. Most have none.
    factors = ()
    exponent = direction = None
    mask = 0xFFFF
    negative = 0
    positive = None  # any value but `negative`
    high = None  # the high word of the same value, where its words lie apart
    mains = None  # volts or hertz of the same meter: while these are 0, too, a 0 is no reading

    def __init__(self, function, address, kind, little, multiply, divide, invalid):
        self.function = function
        self.address = address
        self.kind = kind
        self.little = little
        self.multiply = multiply
        self.divide = divide
        self.invalid = invalid  # raw values as on the wire that mean "no value"
        self.offset = 0  # in the reply that it is read with
        self.value = None
        self.at_ms = 0

    @property
    def end(self):
        """The address behind it."""
        return self.address + (self.kind & 0x0F)

    def helpers(self):
        return [r for r in (self.exponent, self.direction) if r is not None]

    def needed(self):
        """All registers that its value needs."""
        found = list(self.factors) + self.helpers()
        if self.high is not None:
            found.append(self.high)
        if self.mains is not None:
            found += self.mains.needed() + [self.mains]
        return found

    def read(self, buf, data, now_ms):
        """Take the value from a reply whose registers begin at buf[data]. No heap."""
        data += self.offset
        self.at_ms = now_ms
        self.value = None
        if not self._marked(buf, data) and _number.take(buf, data, self.kind & 0x3F, self.little):
            if self.kind & _ABSOLUTE:
                _number.negative = False
            self.value = self._scaled()
            if self.mains is not None and self.value == self.mains.value == 0:
                self.value = None

    def _marked(self, buf, at):
        """Does the unit say that there is no value?"""
        i = len(self.invalid)
        while i:
            i -= 1
            if buf.startswith(self.invalid[i], at):
                return True
        return False

    def _scaled(self):
        multiply = _times(self._signed(self._ratio()), self._tens(1))
        by = _times(self.divide, self._tens(-1))
        return _number.scaled(multiply, by) if multiply and by else None

    def _ratio(self):
        """multiply with all factors; 0 while one of them is unknown, or was not read for long."""
        multiply = self.multiply
        for factor in self.factors:
            old = ticks_diff(self.at_ms, factor.at_ms) > _FACTOR_MS
            multiply = 0 if old else _times(multiply, factor.value)
        return multiply

    def _tens(self, sign):
        """Ten to the power that the exponent holds, if it has this sign, else 1; 0 while it is unknown."""
        if self.exponent is None:
            return 1
        power = self.exponent.value
        if power is None or not -6 <= power <= 6:
            return 0
        return 10 ** (power * sign) if power * sign > 0 else 1

    def _signed(self, multiply):
        """multiply with the sign that the direction gives, which nothing needs; 0 while that is unknown."""
        direction = self.direction
        if direction is None or _number.is_zero():
            return multiply
        if direction.value is None:
            return 0
        way = direction.value & self.mask
        if way == self.negative:
            return -multiply
        return multiply if self.positive is None or way == self.positive else 0


def _confirmed(register):
    """Did its helpers hold the same before, or in the same reply, and behind it? No heap."""
    at_ms = register.at_ms
    return _confirms(register.exponent, at_ms) and _confirms(register.direction, at_ms)


def _confirms(helper, at_ms):
    if helper is None:
        return True
    return ticks_diff(at_ms, helper._held_ms) >= 0 and ticks_diff(helper.at_ms, at_ms) >= 0


class Helper(Register):
    """A power of ten or a direction. Read in another reply than its value, it is read again behind that, before the value counts."""

    _held_ms = 0  # since then it holds what it holds

    def read(self, buf, data, now_ms):
        """No heap."""
        before = self.value
        Register.read(self, buf, data, now_ms)
        if self.value != before:
            self._held_ms = now_ms


class Quantity:
    """The sum of some registers, put into a field of a device when all of them are known."""

    offset = 0  # in base units, added to the sum
    day_of = None  # whose total it is, where the day is counted from it
    refused = None  # the last sum that was not believed, until somebody has told of it

    def __init__(self, device, key, registers, low, high, slow, doubt=None):
        """doubt: W that the site can hardly have, or of a counter Wh between two readings; None: nothing to doubt."""
        self.device = device
        self.key = key
        self.registers = registers
        self.low = low
        self.high = high
        self.slow = slow
        if doubt:
            # Believed at once is what exceeds base by 0 to doubt: of a counter, what it said when it was believed last.
            self.base = None if slow else -doubt
            doubt = doubt if slow else 2 * doubt
            self._before = 0  # what was read last
            self._odd = 0  # doubtful readings in a row that agree
        self.doubt = doubt

    def update(self):
        """Put the sum, with the time of its oldest register; False if it cannot be true, or is to be read again first. No heap."""
        total = self.offset
        at_ms = self.registers[0].at_ms
        for register in self.registers:
            if register.value is None or not _confirmed(register):
                return True
            total += register.value
            if ticks_diff(at_ms, register.at_ms) > 0:
                at_ms = register.at_ms
        if not self.low <= total <= self.high or self.doubt and self._is_doubtful(total):
            self.refused = total
            return False
        self.device.put(self.key, total, at_ms)
        return True

    def _is_doubtful(self, total):
        """Does a power exceed the site, a counter fall or jump, and did not enough readings in a row agree on it? No heap."""
        step = total - self._before
        agrees = 0 <= step <= self.doubt if self.slow else 4 * abs(step) <= abs(total)
        self._before = total
        if self.base is None or 0 <= total - self.base <= self.doubt:
            self._odd = 0
        else:
            self._odd = self._odd + 1 if agrees else 1
        if 0 < self._odd < (_COUNTERS if self.slow else _POWERS):
            return True
        if self.slow:
            self.base = total
        return False
