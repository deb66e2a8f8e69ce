"""Whether the models of a SunSpec unit still stand where they were found: a unit may have others after an update, or by its settings."""

from meters.register import Transaction


class Chain(Transaction):
    """Stands in the plan beside the reads of a unit. Each time it reads the head of another model, and if that has changed all is looked for anew.

    heads: [(address, number, length)]; search: what meters.sunspec.Search is made with.
    """

    slow = True
    count = 2

    def __init__(self, heads, search):
        self.link, self.function = search[:2]
        self._heads = heads
        self._search = search
        self._i = 0
        self.address = heads[0][0]

    def take(self, buf, data, now_ms):
        """No heap while all is as it was."""
        head = self._heads[self._i]
        number = buf[data] << 8 | buf[data + 1]
        if number != head[1] or buf[data + 2] << 8 | buf[data + 3] != head[2]:
            self._begin_anew()
            return True
        self._i += 1
        if self._i == len(self._heads):
            self._i = 0
        self.address = self._heads[self._i][0]
        return True

    def halves(self):
        return None

    def _begin_anew(self):
        from meters import sunspec  # unloaded after boot

        self.anew = True
        self.found = [sunspec.Search(*self._search)]
