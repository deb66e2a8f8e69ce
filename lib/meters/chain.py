# SPDX-License-Identifier: MIT
"""A SunSpec unit's chain of models: where the models in use were found, and whether they still stand there.

A unit may have others after an update, or by its settings.
"""

from meters.read import Read


class Chain(Read):
    """Stands beside the reads of its unit. Each time it reads number and length of another model; if they have changed, all is looked for again.

    bases: addresses where the marker may be; quantities: addresses of their registers count from their model's own number;
    overhead_chars, slow_every: see planning.grouping.reads.
    """

    slow = True
    count = 2
    reserved = (2, 3)  # a search's: a copy of its last reply may still come

    def __init__(self, unit, function, bases, quantities, overhead_chars, slow_every):
        self.unit = unit
        self.function = function
        self.bases = bases
        self.wanted = quantities
        self.overhead_chars = overhead_chars
        self.slow_every = slow_every
        self.heads = ()
        self.base = 0  # of bases, where they were found last
        self._i = 0
        self._left = 0  # heads to be read before the unit's reads are asked again
        self._reads = None

    def search(self):
        """The read that finds the models, and puts others and this one in its place."""
        from meters.sunspec import Search  # loaded for the moment

        self.unit.choice = self._reads = None
        return Search(self)

    def watch(self, heads):
        """heads: [(address, number, length)] of the models in use."""
        self.heads = heads
        self.unit.choice = self
        self._i = -1
        self._turn()

    def reopen(self, reads, now_ms):
        """The unit was silent, and may be another one: all heads are read again, in place of these."""
        self._reads = reads
        self._left = len(self.heads)
        self.unit.choice = None
        self.due_ms = now_ms

    def take(self, buf, data, at_ms):
        """No heap while all is as it was."""
        head = self.heads[self._i]
        number, length = buf[data] << 8 | buf[data + 1], buf[data + 2] << 8 | buf[data + 3]
        if number != head[1] or length != head[2]:
            return [self.search()]
        self._turn()
        if self._reads is None:
            return True
        self._left -= 1
        if self._left:
            return [self]
        reads, self._reads = self._reads, None
        self.unit.choice = self
        return reads

    def less(self, now_ms):
        """A head that cannot be read: the models are somewhere else."""
        return [self.search()]

    def _turn(self):
        self._i = (self._i + 1) % len(self.heads)
        self.address = self.heads[self._i][0]
