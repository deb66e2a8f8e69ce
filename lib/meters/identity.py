"""Who is there: registers that are read once, at the first contact, for info.json and against a wrong profile."""

from meters.register import Transaction

_BLANK = b"\x00\x20\xff"  # what stands where nobody wrote a number


class Identity(Transaction):
    """Stands in the plan of the bus until the unit has answered, or lacks the register. Allocates; runs once.

    spec: `model_id` or `serial` of a profile; info: the device's entry of info.json, where a serial number is put.
    """

    def __init__(self, link, spec, info):
        self.link = link
        self.function = spec["function"]
        self.address = spec["address"]
        self.count = self._words = int(spec["type"][1:]) // 16
        equals = spec.get("equals")
        self._equals = [equals] if isinstance(equals, int) else equals
        self._info = info

    def take(self, buf, data, now_ms):
        number = 0
        filled = False
        for i in range(2 * self._words):
            number = number << 8 | buf[data + i]
            filled = filled or buf[data + i] not in _BLANK
        if self._equals is None:
            if filled:
                self._info["serial"] = str(number)
        elif number not in self._equals:
            expected = " or ".join([str(one) for one in self._equals])
            self.link.warning = "model number %d where the profile expects %s" % (number, expected)
        self.found = ()
        return True

    def halves(self):
        """The unit does not tell: it is done without."""
        return ()


def identities(link, description, info):
    """What is to be asked of a unit with this profile (at boot)."""
    found = []
    for name, spec in description.get("identity", {}).items():
        if name == "model_id" or name not in info:
            found.append(Identity(link, spec, info))
    return found
