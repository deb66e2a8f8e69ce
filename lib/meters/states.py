# SPDX-License-Identifier: MIT
"""What becomes of a unit and of its reads after each request: the two tables that docs/design/reads.md draws.

They name every state and every event, so there is no other step. What a step changes in the list of reads is rare, and meters.adapt's.
"""

import sys

from const import const
from ticks import ticks_add, ticks_diff

# How a request ended, for its unit.
DATA = 0
EXCEPTION = 1
GARBLED = 2  # a reply of this unit with a wrong CRC, or one that broke off
MISSED = 3  # anything else, mostly silence

# A unit is ready; or late: the answer to a read did not come, and still may; or absent: the answer to the probe did not come either;
# or refusing: late, and an exception response has come, to the read or to the probe. The next one is to the probe.
_READY = const(0)
_LATE = const(1)
_ABSENT = const(2)
_REFUSING = const(3)
_UNIT = bytes((
    # DATA, EXCEPTION, GARBLED, MISSED
    _READY, _READY, _LATE, _LATE,  # ready: its reads are asked as they are due
    _READY, _REFUSING, _LATE, _ABSENT,  # late: a probe is asked
    _READY, _READY, _LATE, _ABSENT,  # absent: its reads are asked in turn, and probes
    _READY, _READY, _LATE, _ABSENT,  # refusing: a probe is asked again
))  # fmt: skip

# How a read failed, of a unit that is ready.
_ILLEGAL = const(0)  # exception code 1, 2 or 3: "not these registers"
_LATER = const(1)  # any other code: "not now"
_UNANSWERED = const(2)  # while the unit answered what was asked next

# A read is new: never answered as it is; or known: answered; or unreadable: it failed, and there is nothing less to ask.
NEW = 0
KNOWN = 1
_UNREADABLE = const(2)
# Failures in a row before less is asked instead (meters.adapt.cut); 0: never.
_LIMITS = bytes((
    # ILLEGAL, LATER, UNANSWERED
    1, 5, 3,  # new
    3, 8, 3,  # known: it may be an accident
    0, 0, 0,  # unreadable
))  # fmt: skip

_SOON_MS = const(300)
_UNREADABLE_MS = const(1000)  # and twice as long each time
# Three tries of an absent unit differ in length, so that no answer is taken for another's unless it comes 9.6 s late. An exception
# response has no length: when it is tried again, nothing else is on the way from a unit that answers within 3 s.
_TRIES = const(3)
_AGAIN_MS = const(3200)
_LATEST_MS = const(3000)  # without registers: its exception responses are not about some of them
_NEVER_HAD_MS = const(30000)  # registers that a unit never had, while it has others
_OUTAGE_MS = const(10000)  # this long without registers
_RESTORED_MAX = const(3)  # times that a read is whole again without having been answered
_FAILURES_MAX = const(15)
_HORIZON_MS = const(60000)


def remaining_ms(due_ms, now_ms):
    """How long until then; 0 or less: due. No heap."""
    wait_ms = ticks_diff(due_ms, now_ms)
    return (
        0 if wait_ms > _HORIZON_MS else wait_ms
    )  # so long ago that the ticks have wrapped around


def due(read, now_ms):
    """Is this read asked in the present cycle? No heap."""
    if read.unit.state or read.state == _UNREADABLE:
        return False
    return remaining_ms(read.due_ms, now_ms) <= 0


def next_try(unit):
    """The read of the unit that is tried next between two cycles, or None. No heap."""
    if unit.state:
        return unit.turn
    found = None
    for read in unit.reads:
        if read.failures and (found is None or ticks_diff(found.due_ms, read.due_ms) > 0):
            found = read
    return found


def until_try_ms(read, now_ms):
    """How long until this read is tried. No heap."""
    if read is None:
        return _HORIZON_MS
    return remaining_ms(read.unit.due_ms if read.unit.state else read.due_ms, now_ms)


def probes_next(unit):
    """Is the unit's next request a probe? No heap."""
    return unit.tries > 0 if unit.state == _ABSENT else unit.state > _READY


def all_refused(unit, now_ms):
    """Has the unit sent no registers for a while? No heap."""
    good_ms = unit.at_ms["good_age_ms"]
    return good_ms is None or ticks_diff(now_ms, good_ms) > _LATEST_MS


def after(read, event, now_ms):
    """The next state of the unit after a request in the turn of this read; True if it is back. No heap, unless a read is cut."""
    unit = read.unit
    before = unit.state
    unit.state = _UNIT[4 * before + event]
    if unit.state == _ABSENT:
        unit.tries = (unit.tries + 1) % _TRIES
        unit.due_ms = ticks_add(unit.asked_ms, max(_AGAIN_MS, 2 * unit.timeout_ms))
    elif unit.state:
        unit.tries = 0
        unit.due_ms = ticks_add(now_ms, _SOON_MS)
    if event > EXCEPTION:
        _missed(unit, read, event, now_ms)
    elif unit.state:
        _pass_on(unit, read)  # this exception response may be the answer to what was asked before
    elif before:
        _blame(unit, read)
    return before and not unit.state


def _missed(unit, read, event, now_ms):
    """The turn is the next read's, after two probes of this one."""
    read.missed()
    if not unit.probing:
        unit.last_unanswered = read
        read.due_ms = now_ms
    if not unit.probing or event == GARBLED:
        _pass_on(unit, read)


def _pass_on(unit, read):
    """The turn is that of the next read which is not unreadable: one that is never answered keeps no other from its turn."""
    reads = unit.reads
    i = start = reads.index(read)
    while True:
        i += 1
        if i == len(reads):
            i = 0
        if i == start or reads[i].state != _UNREADABLE:
            unit.turn = reads[i]
            return


def _blame(unit, read):
    """The unit is there: it was the read that went unanswered, not the unit. Its wait counts from then."""
    last = unit.last_unanswered
    unit.last_unanswered = None
    if last is not None and (unit.probing or last is not read):
        _failed(last, _UNANSWERED, last.due_ms)


def answered(read, due_ms):
    """The read got its registers: what failed before is forgotten. No heap."""
    if read.state == _UNREADABLE:
        _afresh(read.unit, read.unit.asked_ms)
    read.state = KNOWN
    read.answered = True
    read.failures = read.cuts = 0
    read.due_ms = due_ms
    if read.unit.one_register and read.count > 1:
        read.unit.one_register, read.unit.warning = False, None


def _afresh(unit, due_ms):
    """What was unreadable is asked in the cycle again: one try after the other would take seconds."""
    for read in unit.reads:
        if read.state == _UNREADABLE:
            read.state = NEW
            read.failures = 0
            read.due_ms = due_ms


def refused(read, code, now_ms):
    """An exception response. No heap, unless the read is cut."""
    unit = read.unit
    unit.exceptions[code if code < len(unit.exceptions) else 0] += 1
    if not unit.probing:
        _failed(read, _ILLEGAL if 1 <= code <= 3 else _LATER, now_ms)


def _failed(read, event, now_ms):
    read.failures = min(read.failures + 1, _FAILURES_MAX)
    wait_ms = 0 if event == _UNANSWERED else _SOON_MS
    if read.state == _UNREADABLE:
        wait_ms = min(_UNREADABLE_MS << (read.failures - 2), _longest_ms(read, event, now_ms))
    read.due_ms = ticks_add(now_ms, wait_ms)
    limit = _LIMITS[3 * read.state + event]
    if limit and read.failures >= limit:
        adapt("cut", read, now_ms)


def _longest_ms(read, event, now_ms):
    if not (read.answered or all_refused(read.unit, now_ms)):
        return _NEVER_HAD_MS
    return _UNREADABLE_MS if event == _LATER else _AGAIN_MS


def unreadable(read):
    """There is nothing less to ask: this read is tried now and then."""
    read.state = _UNREADABLE
    read.failures = 1


def reopen(unit, now_ms):
    """Registers again after a while without any. A unit that says which it is, is asked that first: it may be another one."""
    if unit.choice is None or not all_refused(unit, now_ms):
        return False
    adapt("reopen", unit, now_ms)
    return True


def revive(unit, now_ms):
    """Registers again after a while without any: what failed meanwhile starts over, and is whole again."""
    good_ms = unit.at_ms["good_age_ms"]
    outage = good_ms is None or ticks_diff(now_ms, good_ms) > _OUTAGE_MS
    changed = False
    if outage:
        _afresh(unit, now_ms)
    for read in unit.reads:
        if read.no_padding and read.state != KNOWN:
            changed = changed or read.whole is None or restorable(read.whole, now_ms)
    if changed:
        adapt("restore", unit, now_ms)


def restorable(whole, now_ms):
    """Was it cut since the unit had sent registers last? Then it was not these registers. What was cut a moment ago, was so for them."""
    if whole.cuts > _RESTORED_MAX or ticks_diff(now_ms, whole.due_ms) < _LATEST_MS:
        return False
    good_ms = whole.unit.at_ms["good_age_ms"]
    return good_ms is None or ticks_diff(whole.due_ms, good_ms) > 0


def replace(read, others, now_ms):
    """A read asks for others in its place, or for itself once more, at once."""
    if others and others[0] is read:
        read.unit.next = 0
    else:
        adapt("replace", read, others, now_ms)


def join(unit, turn, now_ms):
    """Let two halves that are answered be one read again. turn: counts the calls; after each cut half as many are taken."""
    i = len(unit.reads) - 1
    while i > 0:
        whole = unit.reads[i].whole
        if whole is not None and whole is unit.reads[i - 1].whole:
            if not turn & ((1 << (whole.cuts - 1)) - 1) and _well(unit, i - 1) and _well(unit, i):
                adapt("join", unit, i - 1, now_ms)
        i -= 1


def _well(unit, i):
    return not unit.state and unit.reads[i].state == KNOWN and not unit.reads[i].failures


def adapt(name, *arguments):
    """Call a function of meters.adapt, which is loaded for the moment: it is rarely needed, and code lies on the heap."""
    from meters import adapt

    try:
        getattr(adapt, name)(*arguments)
    finally:
        for loaded in ("meters.adapt", "meters.lengths", "meters.sunspec", "planning.grouping"):
            if loaded in sys.modules:
                del sys.modules[loaded]
                package, _, module = loaded.partition(".")
                delattr(sys.modules[package], module)
