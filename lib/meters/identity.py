"""Registers that are read once, at the first contact: the serial number for info.json, the model number against a wrong profile."""

from meters.read import Read

_BLANK = b"\x00\x20\xff"  # what stands where nobody wrote a number


class Identity(Read):
    """Stands among the reads of its unit until that has answered, or lacks the register. Allocates; runs once.

    equals: the model numbers that the profile expects; None where the register holds the serial number, which is put into
    serials[device].
    """

    def __init__(self, unit, function, address, count, equals, device, serials=None):
        self.unit = unit
        self.function = function
        self.address = address
        self.count = self._words = count
        self.equals = equals
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
        elif number not in self.equals:
            expected = " or ".join([str(one) for one in self.equals])
            self.unit.warning = "model number %d where the profile expects %s" % (number, expected)
        return ()

    def less(self, now_ms):
        """The unit does not tell: it is done without."""
        return ()
