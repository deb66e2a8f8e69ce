# SPDX-License-Identifier: MIT
"""SunSpec: where a unit keeps its models is found out by asking, at the first contact.

Source: SunSpec Device Information Model Specification, "Device Modbus Map": the marker "SunS", then the models, each with
its number and its length; the number 0xFFFF ends them.
"""

from const import const
from meters import states
from meters.read import Read
from ticks import ticks_add

_MARKER = (0x5375, 0x6E53)
_END = const(0xFFFF)
_MODELS_MAX = const(60)  # more than any unit has; a chain that never ends is none
_AGAIN_MS = const(30000)
_SOON_AGAIN_MS = const(1600)


class Search(Read):
    """Stands alone among the reads of its unit until the models of its meters.chain.Chain are found. Allocates; runs once."""

    alone = True
    probes = b"\1\4\5"  # lengths that it never asks for itself

    def __init__(self, chain):
        self.unit = chain.unit
        self.function = chain.function
        self._chain = chain
        self._forget()
        self._begin(chain.base)

    def take(self, buf, data, at_ms):
        """The marker, or number and length of a model; [self] asks on at once."""
        data += 2 * self._lead
        first = buf[data] << 8 | buf[data + 1]
        second = buf[data + 2] << 8 | buf[data + 3]
        if self._seen == 0:
            if (first, second) != _MARKER:
                return self._next_base(at_ms)
            return self._step(2)
        if first == _END or self._seen > _MODELS_MAX or self._at + 4 + second > 0xFFFF:
            return self._close(at_ms)
        if self._place(first, second):
            return self._close(at_ms)
        return self._step(2 + second)

    def missed(self):
        """Some units are silent where they have nothing."""
        if self._seen == 0 and (self.unit.tries or not self._chain.heads):
            self._begin((self._base + 1) % len(self._chain.bases))

    def less(self, now_ms):
        """Nothing is readable here. The chain of some units has no end: an exception response comes instead."""
        return self._close(now_ms) if self._seen > 1 else self._next_base(now_ms)

    def _begin(self, base):
        """A round through all bases, from this one on."""
        self._first = base
        self._start(base)

    def _start(self, base):
        self._base = base
        self._heads = []  # of the models that are wanted
        self._at = self._chain.bases[base]
        self._seen = 0  # the marker and the models behind it
        self._ask()

    def _step(self, registers):
        self._at += registers
        self._seen += 1
        return self._ask()

    def _ask(self):
        """Numbers in turn with and without the register before them: the reply to one is not taken for that to the next."""
        self._lead = self._seen & 1
        self.address = self._at - self._lead
        self.count = 2 + self._lead
        self.padding = self.failures = 0
        self.state = states.NEW  # one exception response is enough
        return [self]

    def _next_base(self, now_ms):
        base = (self._base + 1) % len(self._chain.bases)
        if base == self._first:
            return self._give_up("no SunSpec marker", now_ms)
        self._start(base)
        return [self]

    def _place(self, model, length):
        """Give the registers of this model their addresses; are all found now?"""
        missing = 0
        for register in self._registers():
            if model in register.models and not register.base:
                register.base = self._at
                register.address += self._at
                if (self._at, model, length) not in self._heads:
                    self._heads.append((self._at, model, length))
            missing += len(register.models) if not register.base else 0
        return not missing

    def _registers(self, quantities=None):
        found = []
        for quantity in quantities or self._chain.wanted:
            for register in quantity.registers:
                found += [register] + register.needed()
        return found

    def _close(self, now_ms):
        """The chain has ended, or all that was looked for is found: the reads."""
        there = []
        warning = None
        for quantity in self._chain.wanted:
            models = [r.models for r in self._registers([quantity]) if r.models and not r.base]
            if models:
                warning = "no SunSpec model of %s" % models[0]
            else:
                there.append(quantity)
        if not there:
            return self._give_up(warning, now_ms)
        from planning import grouping  # loaded for the moment

        chain = self._chain
        self.unit.warning = warning
        chain.base = self._base
        chain.watch(self._heads)
        reads = grouping.reads(self.unit, there, chain.overhead_chars, chain.slow_every)
        return reads + [chain]

    def _give_up(self, warning, now_ms):
        """Look again after a while."""
        self.unit.warning = warning
        self._forget()
        self._begin(self._chain.base)
        # To search a whole chain takes seconds of the line; but a unit that had the models is just starting.
        is_soon = self._chain.heads or states.all_refused(self.unit, now_ms)
        self.due_ms = ticks_add(now_ms, _SOON_AGAIN_MS if is_soon else _AGAIN_MS)
        return [self]

    def _forget(self):
        """As before the models were found."""
        for register in self._registers():
            register.address -= register.base
            register.base = 0
            register.value = None
