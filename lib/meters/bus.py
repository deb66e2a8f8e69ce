"""The bus: one link per unit, and the cycle over all reads that are due. One transaction is on the line at a time.

No late answer is ever taken for the answer to a later read. All reads of a unit differ in length (planning.grouping), so that a reply which
comes twice, or after all, is no answer to another read; where two may not differ, some time is left between them. After a time-out, a
garbled reply or a refusal that an answer may follow a link is *suspect*. A suspect unit is first asked a probe, a read of a size that
none of its reads has. Units answer in order, so once the probe is answered every older reply has come and gone. Two sizes of probes
take turns, and waits grow, so that the answer to one probe would have to be _LATEST_MS late to be taken for that to another. After a
longer wait nothing can come any more, and the read itself is asked again. Refusals have no length: a unit that refuses the probe is
left alone that long instead.

While a unit does not answer its reads are tried in turn. One that goes unanswered by a unit which answers others is cut in two like one
that is refused, and its parts become one again when both are granted.
"""

from const import const
from modbus.master import EXCEPTION, GOOD, OUTCOMES, PENDING
from ticks import ticks_add, ticks_diff
from unload import unload

_MAX_REGISTERS = const(125)  # Application Protocol V1.1b3, 6.3
_BACKOFF_MAX_MS = const(30000)
_REFUSALS_MAX_MS = const(4000)  # the like where a unit refuses everything: to ask it costs little
_LONG_AGO_MS = const(100000000)  # ticks wrap: what is longer ago stays this long ago
_IDLE_MS = const(50)  # a cycle in which nothing was due lasts at least this long
# Exceptions that say "not these registers"; after any other the answer may still come.
_REFUSALS = (1, 2, 3)
_SPLIT_AFTER = const(3)  # refusals or silences in a row before a read is cut in two
_LATEST_MS = const(3000)  # no unit answers later than this
_COPY_MS = const(300)  # nor sends a reply once more
# Needed at boot and hardly ever again: their code must not stay.
_PLANNING = ("planning.grouping", "meters.sunspec", "meters.mend")


class Link:
    """One unit on the line: its limits, its state, its counters."""

    turn = None  # the read that is tried next while the unit does not answer
    blamed = None  # the last read that went unanswered, while the unit has answered nothing since
    twin = None  # whose reply may come twice: the last read that is alike with another, answered at...
    twin_ms = 0

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
        self.probe = 0  # size of its last probe
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
        """One of two sizes, but not that of the last probe. No heap."""
        self.probe = sizes[1] if sizes[0] == self.probe else sizes[0]
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

    def barren(self, now_ms):
        """Was nothing granted for a while? No heap."""
        good_ms = self.at_ms["good_age_ms"]
        return good_ms is None or ticks_diff(now_ms, good_ms) > _LATEST_MS

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
        self._parts = False  # was a read ever cut?
        self._cycle_ms = 0
        self._free_ms = 0  # when the last frame ended

    def units(self):
        """All links, in the order of the plan."""
        found = []
        for transaction in self.plan:
            if transaction.link not in found:
                found.append(transaction.link)
        return found

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
            if self._due(transaction, now_ms):
                if not transaction.cut:
                    wait_ms = self._silence_ms(transaction, now_ms)
                    if wait_ms <= 0:
                        self._begin(transaction, now_ms)
                        wait_ms = self.master.delay_ms(now_ms)
                    return wait_ms
                if self._cut(transaction):
                    continue
            self._index += 1
        return self._end_cycle(now_ms)

    def _due(self, transaction, now_ms):
        link = transaction.link
        if link.failures:
            return transaction is link.turn and link.due(now_ms, self.cycles)
        return self._wants(transaction, now_ms)

    def _wants(self, transaction, now_ms):
        """Is this read due in this cycle?"""
        age_ms = ticks_diff(now_ms, transaction.asked_ms)
        if transaction.cut or age_ms < 0:
            return True  # so long ago that the ticks have wrapped around
        if transaction.wait_ms:
            return age_ms >= transaction.wait_ms
        if not (transaction.slow and transaction.asked):
            return True
        # Half a cycle of grace: a reply ends some time after its cycle began.
        return age_ms + self.poll_interval_ms // 2 >= self.slow_interval_ms

    def _silence_ms(self, transaction, now_ms):
        """How much longer the line has to be silent before this read."""
        link = transaction.link
        wait_ms = max(self.master.silence_ms, link.pause_ms) - ticks_diff(now_ms, self._free_ms)
        if transaction.alike and link.twin is not None and link.twin is not transaction:
            copy_ms = _COPY_MS - ticks_diff(now_ms, link.twin_ms)
            if wait_ms < copy_ms <= _COPY_MS:
                return copy_ms
        return wait_ms

    def _begin(self, transaction, now_ms):
        link = transaction.link
        self._asked = True
        self._probing = link.suspect
        count = link.next_probe(transaction.probes) if link.suspect else transaction.count
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
        link = transaction.link
        link.count(outcome, now_ms)
        link.stats["echo"] += self.master.echo
        if outcome != GOOD and outcome != EXCEPTION:
            self._miss(transaction, now_ms)
            return
        link.answered(self.master.reply_ms)
        if link.blamed is not None:  # the unit is there: it was the read
            self._refuse(link.blamed, True, now_ms)
            link.blamed = None
        if outcome == EXCEPTION:
            self._take_exception(transaction, now_ms)
        elif self._probing:
            link.suspect = False  # and the read itself follows at once
            link.twin = link  # none: the late reply to any of them may have come
            link.twin_ms = now_ms
        else:
            self._take(transaction, now_ms)

    def _miss(self, transaction, now_ms):
        """No answer. The next try is another read's: one that is never answered must not keep the others from their turn."""
        link = transaction.link
        link.failed(now_ms, self.cycles)
        if not self._probing:
            link.blamed = transaction
        transaction.missed()
        self._pass_on(link)
        self._index += 1

    def _pass_on(self, link):
        """The turn goes to the next read of the link that was not in vain before, or stays."""
        i = self._index
        while True:
            i += 1
            if i == len(self.plan):
                i = 0
            transaction = self.plan[i]
            if transaction.link is link:
                if transaction.refused < _SPLIT_AFTER or i == self._index:
                    break
        link.turn = transaction

    def _take_exception(self, transaction, now_ms):
        link, code = transaction.link, self.master.exception
        link.exceptions[code if code < 12 else 0] += 1
        refusal = code in _REFUSALS
        if not refusal:
            link.suspect = True
        if self._probing:
            link.leave_alone(_LATEST_MS, now_ms)
            self._pass_on(link)
        elif refusal:
            self._refuse(transaction, False, now_ms)
            if transaction.cut:
                return  # what is asked instead follows at once
        self._index += 1

    def _take(self, transaction, now_ms):
        link = transaction.link
        transaction.asked = True
        transaction.asked_ms = now_ms
        if transaction.refused or transaction.splits:
            transaction.granted()
        if transaction.alike:
            link.twin = transaction
            link.twin_ms = now_ms
        if not transaction.take(self.master.buffer, self.master.data, self.master.ended_ms):
            link.stats["implausible"] += 1
        if transaction.found is not None:
            self._replace(transaction.found)
        elif not transaction.again:
            self._index += 1

    def _refuse(self, transaction, silent, now_ms):
        """Perhaps the unit lacks a register; of a read that was granted before it may be an accident."""
        refused = transaction.refused = min(transaction.refused + 1, 10)
        transaction.asked_ms = now_ms
        if refused >= _SPLIT_AFTER:
            longest_ms = _REFUSALS_MAX_MS if transaction.link.barren(now_ms) else _BACKOFF_MAX_MS
            transaction.wait_ms = min(1000 << (refused - _SPLIT_AFTER), longest_ms)
            transaction.cut = True
        elif not transaction.asked and (transaction.splits or not silent):
            transaction.cut = True

    def _cut(self, transaction):
        """Ask less, so that the other registers still come; False if there is nothing less. Allocates, and is rare."""
        transaction.cut = False
        reads = transaction.less()
        if reads is None:
            return False
        transaction.splits = min(transaction.splits + 1, 10)
        self._parts = True
        self._replace(reads)
        return True

    def _replace(self, reads):
        """Others instead of the present read, or none; the next one follows at once."""
        from meters import mend

        self._index = mend.replace(self.plan, self._index, reads, self._free_ms)
        unload(*_PLANNING)

    def _merge(self):
        from meters import mend

        mend.merge(self.plan, self.cycles, self._free_ms)
        unload(*_PLANNING)

    def _end_cycle(self, now_ms):
        self.cycles = (self.cycles + 1) & 0x3FFFFFFF  # stays a small integer
        self.stats["cycles"] = self.cycles
        self.stats["cycle_ms"] = max(0, ticks_diff(now_ms, self._cycle_ms))
        self._index = 0
        if self.plan:
            self.plan[self.cycles % len(self.plan)].forget(now_ms, _LONG_AGO_MS)
        if self._parts and not self.cycles & 63:
            self._merge()
        due_ms = ticks_add(self._cycle_ms, self.poll_interval_ms)
        floor_ms = 1 if self._asked else _IDLE_MS
        self._asked = False
        if ticks_diff(due_ms, now_ms) < floor_ms:
            due_ms = ticks_add(now_ms, floor_ms)
        self._cycle_ms = due_ms
        return ticks_diff(self._cycle_ms, now_ms)
