# SPDX-License-Identifier: MIT
"""Registers that are read once, at the first contact: the serial number for info.json, the model number against a wrong profile."""

from meters.read import Read

_BLANK = b"\x00\x20\xff"  # what stands where nobody wrote a number


class Identity(Read):
    """Stands among the reads of its unit until that has answered, or lacks the register. Allocates; runs once.

    equals: [[first, last], ...] of the numbers that the profile expects, and `expects` the same in words; None where
    the register holds the serial number, which is put into serials[device].
    """

    def __init__(self, unit, function, address, count, equals, expects, device, serials=None):
        self.unit = unit
        self.function = function
        self.address = address
        self.count = self._words = count
        self.equals = equals
        self.expects = expects
        self.device = device
        self._serials = serials

    def take(self, buf, data, at_ms):
        number = 0
        filled = False
        for i in range(2 * self._words):
            number = number << 8 | buf[data + i]
            filled = filled or buf[data + i] not in _BLANK
        if self.equals is None:
            if filled:
                self._serials[self.device] = number
        elif not any([low <= number <= high for low, high in self.equals]):
            if self.expects[0] == '"':
                number = bytes(buf[data : data + 2 * self._words])
            told = "model number %s where the profile expects %s"
            self.unit.warning = told % (number, self.expects)
        return ()

    def less(self, now_ms):
        """The unit does not tell: it is done without."""
        return ()
