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

    def __init__(self, unit, function, bases, quantities, overhead_chars, slow_every):
        self.unit = unit
        self.function = function
        self.bases = bases
        self.wanted = quantities
        self.overhead_chars = overhead_chars
        self.slow_every = slow_every
        self._heads = ()
        self._i = 0

    def search(self):
        """The read that finds the models, and puts others and this one in its place."""
        from meters.sunspec import Search  # loaded for the moment

        return Search(self)

    def watch(self, heads):
        """heads: [(address, number, length)] of the models in use."""
        self._heads = heads
        self._i = -1
        self._turn()

    def take(self, buf, data, at_ms):
        """No heap while all is as it was."""
        head = self._heads[self._i]
        number, length = buf[data] << 8 | buf[data + 1], buf[data + 2] << 8 | buf[data + 3]
        if number != head[1] or length != head[2]:
            return [self.search()]
        self._turn()
        return True

    def less(self, now_ms):
        return None

    def _turn(self):
        self._i = (self._i + 1) % len(self._heads)
        self.address = self._heads[self._i][0]
