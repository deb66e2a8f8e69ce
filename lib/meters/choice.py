# SPDX-License-Identifier: MIT
"""Which of its profile's models a unit is: asked at the first contact and after each silence, since a unit may be swapped."""

from const import const
from meters import states
from meters.read import Read
from ticks import ticks_add

_AGAIN_MS = const(30000)


class Choice(Read):
    """Stands for all reads of a unit until it has said which model it is. Allocates; runs seldom.

    row: of plan.json, which holds those of all models: all are dropped when one is chosen. restart(reason): for a unit that has become
    another model; make(row, *rest): the reads of one.
    """

    no_padding = True

    def __init__(self, unit, row, restart, make, rest):
        of = row.pop("choice")
        Read.__init__(self, unit, of["function"], of["address"], of["count"], ())
        self.probes = bytes([self.count + i for i in range(1, 4)])
        self._little = of["little"]
        self._owner = of["owner"]  # the one that config.json names, or None
        self._numbers = [one["numbers"] for one in of["sets"]]
        self._rows = [one["set"] or row for one in of["sets"]]
        self._make = make
        self._rest = rest
        self._chosen = None
        self._restart = restart
        self._reads = None  # of the chosen one, while it is asked again

    def reopen(self, reads, now_ms):
        """The unit was silent: it is asked again, in place of these."""
        self._reads = reads
        self.unit.choice = None
        self.state = states.NEW
        self.failures = 0
        self.due_ms = now_ms

    def take(self, buf, data, at_ms):
        number = 0
        for i in range(self.count):
            at = data + 2 * (self.count - 1 - i if self._little else i)
            number = number << 16 | buf[at] << 8 | buf[at + 1]
        found = [i for i in range(len(self._numbers)) if _within(number, self._numbers[i])]
        if not found and self._owner is None:
            problem = "says %d, which none of its profile's models says" % number
        elif not found:
            return self._choose(self._owner)
        elif self._owner not in (None, found[0]):
            problem = "says %d, which is not the variant of config.json" % number
        elif self._chosen not in (None, found[0]):
            problem = "has become another model"
            if self._restart:
                self._restart("unit %d has become another model" % self.unit.address)
        else:
            return self._choose(found[0])
        self.unit.warning = problem
        states.unreadable(self)  # nothing of the unit is served meanwhile
        self.due_ms = ticks_add(at_ms, _AGAIN_MS)
        return True

    def less(self, now_ms):
        """The unit does not tell."""
        if self._owner is None:
            self.unit.warning = (
                'does not say which model it is: choose its "variant" in config.json'
            )
            return None
        return self._choose(self._owner)

    def _choose(self, index):
        if self._chosen is None:
            self._reads = self._make(self._rows[index], *self._rest)
            self._rows = self._rest = None
            self._chosen = index
        reads, self._reads = self._reads, None
        self.unit.warning = None
        self.unit.choice = self
        return reads


def _within(number, ranges):
    return any([low <= number <= high for low, high in ranges])
