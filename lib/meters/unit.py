# SPDX-License-Identifier: MIT
"""One unit (slave) on the line: its limits, its reads, its state and its counters."""

from const import const
from modbus.master import EXCEPTION, GOOD, OUTCOMES
from ticks import ticks_add, ticks_diff

_COPY_MS = const(300)  # a unit that sends a reply twice mostly does so within this time
_LISTEN_MS = const(100)
_LISTEN_MORE_MS = const(20)
_LONG_AGO_MS = const(100000000)  # ticks wrap: what is longer ago stays this long ago


class Unit:
    """address: 1 to 247; registers_per_read: up to 125 (Application Protocol V1.1b3, 6.3).

    boundaries: addresses that no read runs across; unreadable: [(first, last)] registers that no read may touch.
    """

    reads = ()  # a list, once they are planned
    next = 0  # how many of them had their turn in this cycle
    # Of meters.states.
    state = 0
    due_ms = 0  # when it is tried again, unless it is ready...
    turn = None  # ...and in the turn of which read
    tries = (
        0  # while it is absent, since its last read: the next one is a read, or one of two probes
    )
    last_unanswered = None  # the last read without an answer, until the unit answers anything
    choice = None  # of meters.choice, once it is known which of its profile's models the unit is
    feeds = b"[]"  # JSON of the devices that it feeds
    one_register = False  # it answered no read of more, which the warning says
    asked_ms = 0  # its last request...
    probing = False  # ...was a probe
    _copied = None
    _copied_ms = 0

    def __init__(
        self,
        address,
        timeout_ms=500,
        pause_ms=0,
        registers_per_read=125,
        boundaries=(),
        unreadable=(),
    ):
        self.address = address
        self.timeout_ms = timeout_ms
        self.pause_ms = pause_ms
        self.registers_per_read = registers_per_read
        self.boundaries = boundaries
        self.unreadable = unreadable
        self.exceptions = [0] * 12  # by exception code; 0: any other
        self.warning = None  # what its owner should know
        self.implausible = None  # the quantity of which a value was refused last
        self.stats = {name: 0 for name in OUTCOMES[1:]}
        for name in ("requests", "echo", "late", "implausible"):
            self.stats[name] = 0
        for name in ("reply_min_ms", "reply_mean_ms", "reply_max_ms"):
            self.stats[name] = None  # until it has answered
        self.at_ms = {"good_age_ms": None}
        self._mean = 0  # of the reply time, in eighths of a millisecond

    def length(self, read):
        """Registers in its next request: of the read, or of a probe. No heap."""
        self.stats["requests"] += 1
        return read.probes[self.tries] if self.probing else read.count

    def part(self, read, now_ms):
        """From now on a copy of this read's reply may come, or (None) of any. No heap."""
        self._copied = read
        self._copied_ms = now_ms

    def copy_ms(self, read, now_ms):
        """How much longer a copy of another read's reply may come. No heap."""
        past_ms = ticks_diff(now_ms, self._copied_ms)
        return _COPY_MS - past_ms if self._copied is not read and past_ms >= 0 else 0

    def listen_ms(self):
        """How long its answer may take, judged by those that came. No heap."""
        return max(_LISTEN_MS, (self.stats["reply_max_ms"] or 0) + _LISTEN_MORE_MS)

    def count(self, outcome, line, now_ms):
        """No heap."""
        stats = self.stats
        stats[OUTCOMES[outcome]] += 1
        stats["echo"] += line.echo
        if outcome == GOOD or outcome == EXCEPTION:
            self._count_reply(stats, line.reply_ms)
        good_ms = self.at_ms["good_age_ms"]
        if outcome == GOOD:
            self.at_ms["good_age_ms"] = now_ms
        elif good_ms is not None and ticks_diff(now_ms, good_ms) > _LONG_AGO_MS:
            self.at_ms["good_age_ms"] = ticks_add(now_ms, -_LONG_AGO_MS)

    def _count_reply(self, stats, reply_ms):
        if stats["good"] + stats["exception"] == 1:
            stats["reply_min_ms"] = stats["reply_mean_ms"] = stats["reply_max_ms"] = reply_ms
            self._mean = 8 * reply_ms
        stats["reply_min_ms"] = min(stats["reply_min_ms"], reply_ms)
        stats["reply_max_ms"] = max(stats["reply_max_ms"], reply_ms)
        self._mean += reply_ms - stats["reply_mean_ms"]
        stats["reply_mean_ms"] = self._mean >> 3
