# SPDX-License-Identifier: MIT
"""Asks all units for what is due, one request at a time.

A cycle asks the reads of all units that are ready. What failed is tried again between two cycles, longest due first: reads that failed,
and units that are late or absent (meters.states). One such try is made even where cycles follow each other without a pause; tries and
requests without an answer together get at most half of the line's time.

The line is what modbus.master.Master is:

    silence_ms                                  between two frames
    select(unit, function, timeout_ms)          whom the next request goes to
    listen(listen_ms)                           for a second answer to it, which makes both of them void
    begin(address, count, now_ms)               send a read request
    step(now_ms)                                its outcome, or PENDING
    delay_ms(now_ms)                            until step() has something to do
    buffer, data, ended_ms, reply_ms, exception, echo, late_unit     of the last outcome
"""

from const import const
from meters import states
from modbus.master import PENDING
from ticks import ticks_add, ticks_diff

_LONG_AGO_MS = const(100000000)  # ticks wrap: what is longer ago stays this long ago
_IDLE_MS = const(50)  # a cycle in which nothing was due lasts at least this long
_TRIED_MS = const(300)  # what a try has just read is not due in the cycle that may follow at once
_JOIN_CYCLES = const(64)
# What each outcome (modbus.master.OUTCOMES) is for the unit; PENDING is none.
_EVENTS = (
    None, states.DATA, states.MISSED, states.GARBLED, states.EXCEPTION, states.MISSED, states.GARBLED, states.MISSED
)  # fmt: skip


class Poller:
    """A component: step(now_ms). units: in their order, each with its reads."""

    def __init__(self, line, units, poll_interval_ms=1000, slow_interval_ms=2000):
        self.line = line
        self.units = units
        self.cycles = 0
        self.stats = {"cycles": 0, "cycle_ms": 0}
        self.quiet = True  # nothing is on the line
        self._interval_ms = poll_interval_ms
        # Half a cycle of grace: a reply ends some time after its cycle began.
        self._slow_ms = slow_interval_ms - poll_interval_ms // 2
        self._at = -1  # of the unit whose turn it is in the cycle; -1: between two cycles
        self._cycle_ms = None  # when the next cycle begins, or the present one should have
        self._begun_ms = self._ended_ms = 0  # the last cycle
        self._asked = False  # was anything due in this cycle?
        self._read = None  # the one that was asked last, itself or by a probe
        self._may_try = True  # now, though the next cycle be due
        self._try_ms = 0  # but not before this
        self._free_ms = 0  # when the last frame ended

    def step(self, now_ms):
        """Do what is due; milliseconds until the next call. No heap."""
        if self._cycle_ms is None:
            self._start(now_ms)
        if self.quiet:
            return self._next(now_ms)
        outcome = self.line.step(now_ms)
        if outcome == PENDING:
            return self.line.delay_ms(now_ms)
        self.quiet = True
        self._free_ms = now_ms
        self._close(self._read, outcome, now_ms)
        return 0

    def _start(self, now_ms):
        self._cycle_ms = self._free_ms = self._try_ms = now_ms
        for unit in self.units:
            for read in unit.reads:
                read.due_ms = now_ms

    def _next(self, now_ms):
        while 0 <= self._at < len(self.units):
            unit = self.units[self._at]
            if unit.next == len(unit.reads):
                self._at += 1
            elif states.due(unit.reads[unit.next], now_ms):
                self._asked = True
                return self._ask(unit.reads[unit.next], now_ms)
            else:
                unit.next += 1
        if self._at >= 0:
            self._end_cycle(now_ms)
        return self._between(now_ms)

    def _between(self, now_ms):
        """Between two cycles: try what failed."""
        wait_ms = ticks_diff(self._cycle_ms, now_ms)
        if wait_ms > 0 or self._may_try:
            read = self._longest_due(now_ms)
            until_ms = max(states.until_try_ms(read, now_ms), ticks_diff(self._try_ms, now_ms))
            if until_ms <= 0 and self._fits(read.unit, wait_ms, until_ms, now_ms):
                return self._ask(read, now_ms)
            if wait_ms > 0:
                return min(wait_ms, until_ms) if until_ms > 0 else wait_ms
        self._begin_cycle(now_ms)
        return 0

    def _fits(self, unit, wait_ms, until_ms, now_ms):
        """A unit that may stay silent is tried right behind a cycle, or later if its time-out ends before the next one."""
        if not unit.state or wait_ms >= unit.timeout_ms:
            return True
        return until_ms + ticks_diff(now_ms, self._ended_ms) <= 0

    def _longest_due(self, now_ms):
        found, i = None, len(self.units)
        while i:
            i -= 1
            read = states.next_try(self.units[i])
            if states.until_try_ms(read, now_ms) < states.until_try_ms(found, now_ms):
                found = read
        return found

    def _ask(self, read, now_ms):
        """Begin a request once the line has been silent for long enough; how long to wait."""
        unit = read.unit
        wait_ms = max(self.line.silence_ms, unit.pause_ms) - ticks_diff(now_ms, self._free_ms)
        if read.same_length:
            wait_ms = max(wait_ms, unit.copy_ms(read, now_ms))
        if wait_ms <= 0:
            self._begin(read, now_ms)
            wait_ms = self.line.delay_ms(now_ms)
        return wait_ms

    def _begin(self, read, now_ms):
        unit = read.unit
        self.quiet = False
        self._read = read
        unit.asked_ms = now_ms
        unit.probing = states.probes_next(unit)
        self.line.select(unit.address, read.function, unit.timeout_ms)
        if read.same_length and not unit.probing:
            self.line.listen(unit.listen_ms())
        self.line.begin(read.address, unit.length(read), now_ms)
        if self.line.late_unit:
            self._count_late(self.line.late_unit)

    def _count_late(self, address):
        for unit in self.units:
            if unit.address == address:
                unit.stats["late"] += 1

    def _close(self, read, outcome, now_ms):
        """A request has ended."""
        unit, event = read.unit, _EVENTS[outcome]
        self._account(unit, event, now_ms)
        if states.after(read, event, now_ms):
            self._cycle_ms = now_ms  # the unit is back: its reads follow at once
            unit.part(None, now_ms)
        if read.same_length and event <= states.EXCEPTION:
            unit.part(read, self.line.ended_ms)
        if event == states.EXCEPTION:
            states.refused(read, self.line.exception, now_ms)
        elif event == states.DATA and not states.reopen(unit, now_ms) and not unit.probing:
            self._take(read, now_ms)
        if event == states.DATA and states.all_refused(unit, now_ms):
            states.revive(unit, now_ms)
        unit.count(outcome, self.line, now_ms)

    def _account(self, unit, event, now_ms):
        """What comes next in the cycle, and how long no try is made: tries and requests without an answer get half of the time."""
        if self._at >= 0:
            unit.next += 1
            if event <= states.EXCEPTION:
                return
        self._may_try = self._at >= 0
        if ticks_diff(self._try_ms, unit.asked_ms) < 0:
            self._try_ms = unit.asked_ms
        self._try_ms = ticks_add(self._try_ms, 2 * ticks_diff(now_ms, unit.asked_ms))

    def _take(self, read, now_ms):
        states.answered(read, self._next_ms(read, now_ms))
        result = self._decode(read)
        if result is False:
            read.unit.stats["implausible"] += 1
        elif result is not True:
            states.replace(read, result, now_ms)

    def _decode(self, read):
        line = self.line
        return read.take(line.buffer, line.data, line.ended_ms)

    def _next_ms(self, read, now_ms):
        """When it is due again: a fast one in the next cycle."""
        if read.slow:
            return ticks_add(now_ms, self._slow_ms)
        return ticks_add(now_ms, _TRIED_MS) if self._at < 0 else now_ms

    def _begin_cycle(self, now_ms):
        self._begun_ms = now_ms
        self._at = 0
        for unit in self.units:
            unit.next = 0

    def _end_cycle(self, now_ms):
        self._at = -1
        self._ended_ms = now_ms
        self.cycles = (self.cycles + 1) & 0x3FFFFFFF  # stays a small integer
        self.stats["cycles"] = self.cycles
        self.stats["cycle_ms"] = ticks_diff(now_ms, self._begun_ms)
        self._may_try = True
        if ticks_diff(self._try_ms, now_ms) < 0:
            self._try_ms = now_ms  # ticks wrap
        self._tidy(now_ms)
        self._cycle_ms = ticks_add(self._cycle_ms, self._interval_ms)
        floor_ms = 1 if self._asked else _IDLE_MS
        self._asked = False
        if ticks_diff(self._cycle_ms, now_ms) < floor_ms:
            self._cycle_ms = ticks_add(now_ms, floor_ms)

    def _tidy(self, now_ms):
        i = len(self.units)
        while i:
            i -= 1
            reads = self.units[i].reads
            if reads:
                reads[self.cycles % len(reads)].forget(now_ms, _LONG_AGO_MS)
            if not self.cycles % _JOIN_CYCLES:
                states.join(self.units[i], self.cycles // _JOIN_CYCLES, now_ms)
