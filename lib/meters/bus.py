"""The bus: one link per unit, and the cycle over all reads that are due. One transaction is on the line at a time.

No late answer is ever taken for the answer to a later read. After a time-out or a garbled reply a link is *suspect*: the answer may
still come. A suspect unit is first asked a probe, a read of another size than the one that got no answer. Units answer in order, so
once the probe is answered every older reply has come and gone, and a late one in between has the wrong length. Two sizes of probes
take turns, and waits grow, so that the answer to one probe would have to be _LATEST_MS late to be taken for that to another. After a
longer wait nothing can come any more, and the read itself is asked again. Refusals have no length: a unit that refuses the probe is
left alone that long instead.
"""

import sys

from const import const
from modbus.master import EXCEPTION, GOOD, OUTCOMES, PENDING
from ticks import ticks_add, ticks_diff

_MAX_REGISTERS = const(125)  # Application Protocol V1.1b3, 6.3
_BACKOFF_MAX_MS = const(30000)
_LONG_AGO_MS = const(100000000)  # ticks wrap: what is longer ago stays this long ago
_IDLE_MS = const(50)  # a cycle in which nothing was due lasts at least this long
_REFUSALS = (1, 2, 3)  # exceptions that say "not these registers"
_SPLIT_AFTER = const(3)  # refusals or silences in a row before a read is cut in two
_LATEST_MS = const(3000)  # no unit answers later than this


class Link:
    """One unit on the line: its limits, its state, its counters."""

    def __init__(self, unit, limits, timeout_ms=None, pause_ms=None):
        self.unit = unit
        self.timeout_ms = timeout_ms or limits.get("timeout_ms", 500)
        self.pause_ms = limits.get("pause_ms", 0) if pause_ms is None else pause_ms
        self.registers_per_read = min(
            limits.get("registers_per_read", _MAX_REGISTERS), _MAX_REGISTERS
        )
        self.walls = limits.get("walls", ())
        self.holes = limits.get("holes", ())
        self.suspect = False  # the answer to an older request may still come
        self.size = 0  # of its last read
        self.probe = 0  # of its last probe
        self.failures = 0
        self.retry_ms = 0
        self.missed_cycle = 0
        self.exceptions = [0] * 12  # by exception code; 0: any other
        self.warning = None  # what its owner should know
        self.stats = {name: 0 for name in OUTCOMES[1:]}
        for name in ("requests", "echo", "late", "implausible"):
            self.stats[name] = 0
        for name in ("reply_min_ms", "reply_mean_ms", "reply_max_ms"):
            self.stats[name] = 0
        self.at_ms = {"good_age_ms": None}
        self._mean = 0  # of the reply time, in eighths of a millisecond

    def next_probe(self, sizes):
        """One of three sizes, but neither that of the read without an answer nor that of the last probe. No heap."""
        i = 0
        while sizes[i] == self.size or sizes[i] == self.probe:
            i += 1
        self.probe = sizes[i]
        return self.probe

    def due(self, now_ms, cycle):
        """Is the unit alive, or is it time to probe it? One missed answer costs the rest of its cycle only. No heap."""
        if self.failures == 1:
            return self.missed_cycle != cycle
        return not self.failures or ticks_diff(now_ms, self.retry_ms) >= 0

    def count(self, outcome, now_ms):
        """No heap."""
        self.stats[OUTCOMES[outcome]] += 1
        good_ms = self.at_ms["good_age_ms"]
        if outcome == GOOD:
            self.at_ms["good_age_ms"] = now_ms
        elif good_ms is not None and ticks_diff(now_ms, good_ms) > _LONG_AGO_MS:
            self.at_ms["good_age_ms"] = ticks_add(now_ms, -_LONG_AGO_MS)

    def answered(self, reply_ms):
        """No heap."""
        self.failures = 0
        stats = self.stats
        if stats["good"] + stats["exception"] == 1:
            stats["reply_min_ms"] = stats["reply_mean_ms"] = reply_ms
            self._mean = 8 * reply_ms
        stats["reply_min_ms"] = min(stats["reply_min_ms"], reply_ms)
        stats["reply_max_ms"] = max(stats["reply_max_ms"], reply_ms)
        self._mean += reply_ms - stats["reply_mean_ms"]
        stats["reply_mean_ms"] = self._mean >> 3

    def leave_alone(self, wait_ms, now_ms):
        """After that long nothing is on the way any more."""
        self.suspect = False
        self.failures = 2
        self.retry_ms = ticks_add(now_ms, wait_ms)

    def failed(self, now_ms, cycle):
        """No answer: the unit is left alone until the next cycle, after that for 1 s, 2 s ... 30 s. No heap."""
        self.missed_cycle = cycle
        self.failures = min(self.failures + 1, 10)
        wait_ms = min(_BACKOFF_MAX_MS, 500 << (self.failures - 1))
        self.retry_ms = ticks_add(now_ms, wait_ms)
        self.suspect = wait_ms <= _LATEST_MS


def _forget_planner():
    """Planning is needed at boot and hardly ever again: its code must not stay."""
    if sys.modules.pop("meters.plan", None):
        delattr(sys.modules["meters"], "plan")


class Bus:
    """A part: step(now_ms). plan: the transactions of all links in their order."""

    def __init__(self, master, transactions, poll_interval_ms=1000, slow_interval_ms=2000):
        self.master = master
        self.plan = transactions
        self.poll_interval_ms = poll_interval_ms
        self.slow_interval_ms = slow_interval_ms
        self.cycles = 0
        self.stats = {"cycles": 0, "cycle_ms": 0}
        self.quiet = True  # nothing is on the line
        self._probing = False
        self._index = 0
        self._started = False
        self._asked = False  # was anything due in this cycle?
        self._cycle_ms = 0
        self._free_ms = 0  # when the last frame ended

    def step(self, now_ms):
        """Do what is due; milliseconds until the next call. No heap."""
        if not self._started:
            self._started = True
            self._cycle_ms = self._free_ms = now_ms
        if self.quiet:
            return self._next(now_ms)
        outcome = self.master.step(now_ms)
        if outcome == PENDING:
            return self.master.delay_ms(now_ms)
        self.quiet = True
        self._free_ms = now_ms
        self._close(self.plan[self._index], outcome, now_ms)
        return 0

    def _next(self, now_ms):
        if self._index == 0 and ticks_diff(now_ms, self._cycle_ms) < 0:
            return ticks_diff(self._cycle_ms, now_ms)
        while self._index < len(self.plan):
            transaction = self.plan[self._index]
            if transaction.link.due(now_ms, self.cycles) and self._wants(transaction, now_ms):
                silence_ms = max(self.master.silence_ms, transaction.link.pause_ms)
                wait_ms = silence_ms - ticks_diff(now_ms, self._free_ms)
                if wait_ms > 0:
                    return wait_ms
                self._begin(transaction, now_ms)
                return self.master.delay_ms(now_ms)
            self._index += 1
        return self._end_cycle(now_ms)

    def _wants(self, transaction, now_ms):
        """Is this read due in this cycle?"""
        if not transaction.asked:
            return True
        age_ms = ticks_diff(now_ms, transaction.asked_ms)
        if age_ms < 0:
            return True  # so long ago that the ticks have wrapped around
        if transaction.refused >= _SPLIT_AFTER:  # one register that the unit lacks
            longer = min(transaction.refused - _SPLIT_AFTER, 5)
            return age_ms >= min(1000 << longer, _BACKOFF_MAX_MS)
        # Half a cycle of grace: a reply ends some time after its cycle began.
        return not transaction.slow or age_ms + self.poll_interval_ms // 2 >= self.slow_interval_ms

    def _begin(self, transaction, now_ms):
        link = transaction.link
        self._asked = True
        self._probing = link.suspect
        if link.suspect:
            count = link.next_probe(transaction.probes)
        else:
            count = link.size = transaction.count
        link.stats["requests"] += 1
        self.quiet = False
        self.master.select(link.unit, transaction.function, link.timeout_ms)
        self.master.begin(transaction.address, count, now_ms)
        if self.master.late_unit:
            self._count_late(self.master.late_unit)

    def _count_late(self, unit):
        i = 0
        while i < len(self.plan):
            if self.plan[i].link.unit == unit:
                self.plan[i].link.stats["late"] += 1
                return
            i += 1

    def _close(self, transaction, outcome, now_ms):
        link, master = transaction.link, self.master
        link.count(outcome, now_ms)
        link.stats["echo"] += master.echo
        if outcome == EXCEPTION:
            link.exceptions[master.exception if master.exception < 12 else 0] += 1
        if outcome == GOOD or outcome == EXCEPTION:
            link.answered(master.reply_ms)
        else:
            link.failed(now_ms, self.cycles)
        if self._probing:
            self._close_probe(link, outcome, now_ms)
            return
        if outcome == GOOD:
            self._take(transaction, now_ms)
        else:
            self._refuse(transaction, outcome, now_ms)
        self._index += 1

    def _close_probe(self, link, outcome, now_ms):
        if outcome == GOOD:
            link.suspect = False  # and the read itself follows at once
            return
        if outcome == EXCEPTION:
            link.leave_alone(_LATEST_MS, now_ms)
        self._index += 1

    def _take(self, transaction, now_ms):
        transaction.asked = True
        transaction.asked_ms = now_ms
        transaction.refused = 0
        if not transaction.take(self.master.buffer, self.master.data, now_ms):
            transaction.link.stats["implausible"] += 1
        if transaction.found is not None:
            self._replace(transaction.found)
        elif transaction.again:
            self._index -= 1

    def _refuse(self, transaction, outcome, now_ms):
        """Perhaps the unit lacks a register: cut the read in two, so that the others still come. Allocates then, and is rare."""
        enough = _SPLIT_AFTER
        if outcome == EXCEPTION:
            if self.master.exception not in _REFUSALS:
                return
            if not transaction.asked:
                enough = 1  # it was never granted: no accident
        elif not transaction.link.suspect:
            return  # long gone, whatever it is asked
        transaction.refused += 1
        if transaction.refused < enough:
            return
        halves = transaction.halves()
        if halves is not None:
            self._replace(halves)
        else:
            transaction.asked = True
            transaction.asked_ms = now_ms

    def _replace(self, reads):
        """Others instead of the present read, or none; the next one follows at once."""
        self.plan[self._index : self._index + 1] = reads
        self._index -= 1
        _forget_planner()

    def _end_cycle(self, now_ms):
        self.cycles = (self.cycles + 1) & 0x3FFFFFFF  # stays a small integer
        self.stats["cycles"] = self.cycles
        self.stats["cycle_ms"] = max(0, ticks_diff(now_ms, self._cycle_ms))
        self._index = 0
        due_ms = ticks_add(self._cycle_ms, self.poll_interval_ms)
        floor_ms = 1 if self._asked else _IDLE_MS
        self._asked = False
        if ticks_diff(due_ms, now_ms) < floor_ms:
            due_ms = ticks_add(now_ms, floor_ms)
        self._cycle_ms = due_ms
        return ticks_diff(self._cycle_ms, now_ms)
