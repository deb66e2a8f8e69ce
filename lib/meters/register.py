"""What a poll needs at run time: registers, the quantities they make up, and the reads that fetch them.

Made at boot by meters.profile and meters.plan, which are unloaded afterwards.
"""

from meters import decode
from ticks import ticks_diff


class Register:
    """One value in the unit's registers: where it is, how it is read, and its last value in base units."""

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
        # Registers that must be known before this one: ratios, a power of ten, a sign.
        self.factors = ()
        self.exponent = None
        self.direction = None
        self.negative = 0

    @property
    def end(self):
        """The address behind it."""
        return self.address + (self.kind & 0x0F)

    def helpers(self):
        return list(self.factors) + [r for r in (self.exponent, self.direction) if r is not None]

    def read(self, buf, data, now_ms):
        """Take the value from a reply whose registers begin at buf[data]. No heap."""
        at = data + self.offset
        self.at_ms = now_ms
        self.value = None
        for pattern in self.invalid:
            if buf.startswith(pattern, at):
                return
        multiply, by = self.multiply, self.divide
        for factor in self.factors:
            if factor.value is None:
                return
            multiply *= factor.value
        exponent = self.exponent
        if exponent is not None:
            if exponent.value is None or not -9 <= exponent.value <= 9:
                return
            if exponent.value < 0:
                by *= 10**-exponent.value
            else:
                multiply *= 10**exponent.value
        direction = self.direction
        if direction is not None:
            if direction.value is None:
                return
            if ticks_diff(now_ms, direction.at_ms) > 0:
                self.at_ms = direction.at_ms
            if direction.value == self.negative:
                multiply = -multiply
        self.value = decode.scaled(buf, at, self.kind, self.little, multiply, by)


class Quantity:
    """The sum of some registers, put into a field of a device when all of them are known."""

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
    """One read request of a link, and what its reply feeds."""

    def __init__(self, link, function, registers, slow):
        self.link = link
        self.function = function
        self.slow = slow
        self.quantities = []
        self.asked_ms = 0
        self.asked = False
        self.refused = 0
        self.cover(registers)

    def cover(self, registers):
        """Read these, helpers first: a value in the same reply may need them (at boot)."""
        self.address = min([r.address for r in registers])
        self.count = max([r.end for r in registers]) - self.address
        self.registers = sorted(registers, key=lambda r: (len(r.helpers()) > 0, r.address))
        for register in registers:
            register.offset = 2 * (register.address - self.address)

    def take(self, buf, data, now_ms):
        """Decode a good reply; False if a value cannot be true. No heap."""
        for register in self.registers:
            register.read(buf, data, now_ms)
        plausible = True
        for quantity in self.quantities:
            if not quantity.update():
                plausible = False
        return plausible
