# SPDX-License-Identifier: MIT
"""One read request of a unit, and what its reply feeds."""

from modbus.frame import repeats
from ticks import ticks_diff


class Read:
    """registers: in the order in which they are decoded; quantities: put when this reply has come.

    padding: how many of the `count` registers are only read so that no other read of the unit has this length;
    probes: three lengths, at the same address, that no read of the unit has.
    """

    slow = False
    registers = quantities = ()
    probes = b""
    padding = 0
    reserved = ()  # lengths that no read beside it may have
    no_padding = False  # it may have none
    same_length = False  # as another read of the unit
    whole = None  # the read that this one was cut from
    cuts = 0  # how often it was cut since it was answered last
    alone = False  # nothing else of the unit is asked
    # Of meters.states, with the next two.
    state = 0
    failures = 0  # in a row
    due_ms = 0
    answered = False  # were its registers ever read, by this read or one that it was cut from?

    def __init__(self, unit, function, address, count, registers, slow=False):
        self.unit = unit
        self.function = function
        self.address = address
        self.count = count
        if slow:
            self.slow = True
        self.registers = registers
        self.quantities = []
        self.place()

    def place(self):
        """Where each register stands in the reply."""
        for register in self.registers:
            register.offset = 2 * (register.address - self.address)

    def take(self, buf, data, at_ms):
        """Decode a good reply whose registers begin at buf[data]. No heap.

        False if a value cannot be true; of other kinds of reads also a list: the reads that take this one's place.
        """
        if len(self.registers) > 1 and buf[data] == 0xFF:
            if repeats(buf, data, data + 1, 2 * self.count - 1):
                return False  # one -1 may be, but not several at once: the unit has just started
        i = 0
        while i < len(self.registers):
            self.registers[i].read(buf, data, at_ms)
            i += 1
        return self._update()

    def _update(self):
        plausible = True
        for quantity in self.quantities:
            if not quantity.update():
                plausible = False
                self.unit.implausible = quantity
        return plausible

    def missed(self):
        """The unit did not answer."""

    def forget(self, now_ms, long_ms):
        """Ticks wrap around: what is that old would look young again. No heap."""
        for register in self.registers:
            if ticks_diff(now_ms, register.at_ms) > long_ms:
                register.value = None
