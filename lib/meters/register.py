"""What a poll needs at run time: registers, the quantities they make up, and the reads that fetch them.

Made at boot by planning.profile and planning.grouping, which are unloaded afterwards. What runs in each poll has frames of 11 words
at most (a `for` takes four of them): larger ones would come from the heap.
"""

from meters.decode import MOST, Number
from ticks import ticks_diff

_number = Number()  # the one that is being read


def _times(number, factor):
    """Their product; 0 if the factor is unknown, nothing, or makes it too large to scale with. No heap."""
    return 0 if not factor or abs(number) > MOST // factor else number * factor


class Register:
    """One value in the unit's registers: where it is, how it is read, and its last value in base units."""

    models = ()  # of SunSpec: the address counts from the first of them that the unit has...
    base = 0  # ...and while this is not known, from its own number
    # Registers that must be known before this one: ratios, a power of ten, a sign. Most have none.
    factors = ()
    exponent = direction = None
    mask = 0xFFFF
    negative = 0
    positive = None  # any value but `negative`

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
        return list(self.factors) + [r for r in (self.exponent, self.direction) if r is not None]

    def read(self, buf, data, now_ms):
        """Take the value from a reply whose registers begin at buf[data]. No heap."""
        data += self.offset
        self.at_ms = now_ms
        self.value = None
        if not self._marked(buf, data) and _number.take(buf, data, self.kind, self.little):
            self.value = self._scaled()

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
        """multiply with all factors; 0 while one of them is unknown."""
        multiply = self.multiply
        for factor in self.factors:
            multiply = _times(multiply, factor.value)
        return multiply

    def _tens(self, sign):
        """Ten to the power that the exponent holds, if it has this sign, else 1; 0 while it is unknown."""
        if self.exponent is None:
            return 1
        self._grow_old(self.exponent)
        power = self.exponent.value
        if power is None or not -6 <= power <= 6:
            return 0
        return 10 ** (power * sign) if power * sign > 0 else 1

    def _signed(self, multiply):
        """multiply with the sign that the direction gives; 0 while that is unknown."""
        direction = self.direction
        if direction is None:
            return multiply
        self._grow_old(direction)
        if direction.value is None:
            return 0
        way = direction.value & self.mask
        if way == self.negative:
            return -multiply
        return multiply if self.positive is None or way == self.positive else 0

    def _grow_old(self, helper):
        """A value is as old as the register that gives it its meaning."""
        if ticks_diff(self.at_ms, helper.at_ms) > 0:
            self.at_ms = helper.at_ms


class Quantity:
    """The sum of some registers, put into a field of a device when all of them are known."""

    day_of = None  # whose total it is, where the day is counted from it

    def __init__(self, device, key, registers, low, high, slow):
        self.device = device
        self.key = key
        self.registers = registers
        self.low = low
        self.high = high
        self.slow = slow

    def update(self):
        """Put the sum, stamped with its oldest part; False if it cannot be true. No heap."""
        total = 0
        at_ms = self.registers[0].at_ms
        for register in self.registers:
            if register.value is None:
                return True
            total += register.value
            if ticks_diff(at_ms, register.at_ms) > 0:
                at_ms = register.at_ms
        if not self.low <= total <= self.high:
            return False
        self.device.put(self.key, total, at_ms)
        return True


class Transaction:
    """One read request of a link, and what its reply feeds. `probes`: two sizes of reads at the same address."""

    slow = False
    registers = quantities = ()
    again = False  # shall the next request follow at once?
    found = None  # reads to replace this one...
    anew = False  # ...and all others of its link
    asked = False  # was it ever granted?
    asked_ms = 0
    refused = 0  # or not answered by a unit that is there, in a row
    wait_ms = 0  # because of that
    cut = False  # shall others be asked instead?
    whole = None  # the read that this one is a part of
    splits = 0  # how often it was cut since it was last granted
    needed = 0  # registers, where it was made longer to be told from others
    bare = False  # it may not be made longer
    alike = False  # another read of the unit has the same shape

    def __init__(self, link, function, registers, slow):
        self.link = link
        self.function = function
        if slow:
            self.slow = True
        self.quantities = []
        self.cover(registers)

    def cover(self, registers):
        """Read these, helpers first: a value in the same reply may need them (at boot)."""
        self.address = min([r.address for r in registers])
        self.count = max([r.end for r in registers]) - self.address
        self.registers = sorted(registers, key=lambda r: (len(r.helpers()) > 0, r.address))
        for register in registers:
            register.offset = 2 * (register.address - self.address)

    def granted(self):
        """Refusals are forgotten."""
        self.refused = self.wait_ms = self.splits = 0
        self.cut = False

    def missed(self):
        """The unit did not answer."""

    def forget(self, now_ms, long_ms):
        """Ticks wrap around: what is that old would look young again. No heap."""
        for register in self.registers:
            if ticks_diff(now_ms, register.at_ms) > long_ms:
                register.value = None

    def less(self):
        """What to ask instead of a read that is refused; None if that is nothing else. Allocates."""
        if self.needed and not self.asked:
            self.count = self.needed
            self.needed = self.refused = 0
            self.bare = True
            return [self]
        return self.halves()

    def halves(self):
        """Two reads instead of one; None if it holds one register only."""
        if max([register.address for register in self.registers]) == self.address:
            return None

        from planning import grouping  # unloaded after boot

        return grouping.split(self)

    def take(self, buf, data, now_ms):
        """Decode a good reply; False if a value cannot be true. No heap."""
        i = 0
        while i < len(self.registers):
            self.registers[i].read(buf, data, now_ms)
            i += 1
        return self._update()

    def _update(self):
        plausible = True
        for quantity in self.quantities:
            if not quantity.update():
                plausible = False
        return plausible
