"""SunSpec: where a unit keeps its models is found out by asking, at the first contact.

Source: SunSpec Device Information Model Specification, "Device Modbus Map": the marker "SunS", then the models, each with
its number and its length; the number 0xFFFF ends them.
"""

from const import const
from meters.register import Transaction

_MARKER = (0x5375, 0x6E53)
_END = const(0xFFFF)
_MODELS_MAX = const(60)  # more than any unit has; a chain that never ends is none
_AGAIN = const(9)  # refusals: as with a register that a unit lacks...
_AGAIN_MS = const(30000)  # ...try again in a while


class Search(Transaction):
    """Stands in the plan of the bus for the reads of a unit until its models are found. Allocates; runs once.

    `bases`: addresses where the marker may be; `quantities`: their registers count from a model's own number.
    """

    def __init__(self, link, function, bases, quantities, master, slow_every):
        self.link = link
        self.function = function
        self._bases = bases
        self._quantities = quantities
        self._master = master
        self._slow_every = slow_every
        self.probes = b"\1\4"  # sizes that it never asks for itself
        for register in self._registers():  # as before they were found
            register.address -= register.base
            register.base = 0
            register.value = None
        self._start(0)

    def _start(self, base):
        self._base = base
        self._heads = []  # of the models that are wanted
        self._at = self._bases[base]
        self._seen = 0  # the marker and the models behind it
        self._ask()

    def _ask(self):
        """Heads in turn with and without the register before them: the reply to one does not pass for that to the next."""
        self._lead = self._seen & 1
        self.address = self._at - self._lead
        self.count = 2 + self._lead
        self.refused = self.wait_ms = 0
        self.asked = False  # one refusal is enough

    def take(self, buf, data, now_ms):
        """The marker, or the head of a model."""
        data += 2 * self._lead
        first = buf[data] << 8 | buf[data + 1]
        second = buf[data + 2] << 8 | buf[data + 3]
        self.again = True
        if self._seen == 0:
            if (first, second) == _MARKER:
                self._seen = 1
                self._at += 2
            else:
                self._next_base()
        elif first == _END or self._seen > _MODELS_MAX or self._at + 4 + second > 0xFFFF:
            self._close()
        else:
            self._place(first, second)
            self._at += 2 + second
        if self.again:
            self._ask()
        return True

    def missed(self):
        """Some units are silent where they have nothing."""
        if self._seen == 0:
            self._start((self._base + 1) % len(self._bases))

    def halves(self):
        """Nothing is readable here. The chain of some units has no end, but a wall."""
        if self._seen > 1:
            self._close()
        else:
            self._next_base()
        return self.found or (None if self.refused else [self])

    def _place(self, model, length):
        self._seen += 1
        missing = 0
        for register in self._registers():
            if model in register.models and not register.base:
                register.base = self._at
                register.address += self._at
                if (self._at, model, length) not in self._heads:
                    self._heads.append((self._at, model, length))
            missing += len(register.models) if not register.base else 0
        if not missing:
            self._close()

    def _registers(self):
        found = []
        for quantity in self._quantities:
            for register in quantity.registers:
                found += [register] + register.helpers()
        return found

    def _next_base(self):
        if self._base + 1 < len(self._bases):
            self._start(self._base + 1)
        else:
            self._give_up("no SunSpec marker")

    def _close(self):
        """The chain has ended, or all that was looked for is found."""
        there = []
        warning = None
        for quantity in self._quantities:
            models = [
                r.models
                for one in quantity.registers
                for r in [one] + one.helpers()
                if r.models and not r.base
            ]
            if models:
                warning = "no SunSpec model of %s" % models[0]
            else:
                there.append(quantity)
        if not there:
            self._give_up(warning)
            return
        from meters.chain import Chain
        from planning import grouping  # unloaded after boot

        self.link.warning = warning
        self.again = False
        of = (
            self.link,
            self.function,
            self._bases,
            self._quantities,
            self._master,
            self._slow_every,
        )
        self.found = grouping.transactions(self.link, there, self._master, self._slow_every)
        self.found.append(Chain(self._heads, of))

    def _give_up(self, warning):
        self.link.warning = warning
        for register in self._registers():
            register.address -= register.base
            register.base = 0
        self._start(0)
        self.again = False
        self.refused = _AGAIN
        self.wait_ms = _AGAIN_MS
