"""Who is there: registers that are read once, at the first contact, for info.json and against a wrong profile."""

from meters.register import Transaction

_BLANK = b"\x00\x20\xff"  # what stands where nobody wrote a number


class Identity(Transaction):
    """Stands among the reads of a unit until it has answered, or lacks the register. Allocates; runs once.

    equals: the model numbers that the profile expects; None where the register holds the serial number, which is put into
    serials[device].
    """

    def __init__(self, link, function, address, count, equals, device, serials=None):
        self.link = link
        self.function = function
        self.address = address
        self.count = self._words = count
        self.equals = equals
        self.device = device
        self._serials = serials

    def take(self, buf, data, now_ms):
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
            self.link.warning = "model number %d where the profile expects %s" % (number, expected)
        self.found = ()
        return True

    def halves(self):
        """The unit does not tell: it is done without."""
        return ()
