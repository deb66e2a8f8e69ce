# SPDX-License-Identifier: MIT
"""Changes of a unit's reads while they run: cut, joined, replaced. Rare, so meters.states loads this for the moment.

What takes the place of a read in its own turn comes next in the cycle: `unit.next` counts the reads that had their turn.
"""

from meters import lengths, states


def cut(read, now_ms):
    """Ask less in place of a read that fails."""
    others = less(read, now_ms)
    if others is None:
        states.unreadable(read)
    else:
        replace(read, others, now_ms)


def less(read, now_ms):
    """What to ask in place of a read that fails: [Read], () for nothing more, or None if there is nothing less."""
    if read.padding and read.state == states.NEW:
        _plain(read, now_ms)
        read.no_padding = True
        return [read]
    return _halves(read) if read.registers else read.less(now_ms)


def _halves(read):
    """Two reads in place of one, or None if all its spans are the same registers."""
    spans = lengths.in_order(_spans(read), lambda span: span[:2])
    middle = len(spans) // 2
    while middle and spans[middle][:2] == spans[0][:2]:
        middle += 1
        if middle == len(spans):
            middle = 0
    if not middle:
        if read.count > 1 and not any([r.count > 1 and r.answered for r in read.unit.reads]):
            read.unit.one_register = True
            read.unit.warning = "answers no read of two registers, which its values need"
        return None
    read.cuts = min(read.cuts + 1, 10)
    halves = [_half(read, spans[:middle]), _half(read, spans[middle:])]
    for quantity in read.quantities:
        needed = [one for r in quantity.registers for one in [r] + r.helpers()]
        second = any(one in halves[1].registers for one in needed)
        halves[second].quantities.append(quantity)
    return halves


def _spans(read):
    """[(first address, address behind, registers)] that stay together: a value and those of its helpers that the read has."""
    helpers = [helper for r in read.registers for helper in _close_to(r)]
    found = []
    for register in read.registers:
        if register not in helpers:
            span = [register] + [one for one in _close_to(register) if one in read.registers]
            found.append((min([r.address for r in span]), max([r.end for r in span]), span))
    alone = [r for r in read.registers if r not in [one for span in found for one in span[2]]]
    return found + [(r.address, r.end, [r]) for r in alone]


def _close_to(register):
    return [one for one in register.needed() if one not in register.factors]


def _half(read, spans):
    registers = [register for span in spans for register in span[2]]
    half = lengths.read_of(read.unit, read.function, registers, read.slow)
    half.whole = read
    half.answered = read.answered
    half.no_padding = True  # it was near here that the unit sent the exception response
    return half


def replace(read, others, now_ms):
    """Others in place of one read."""
    unit = read.unit
    at = unit.reads.index(read)
    if others and others[0].alone:
        unit.reads[:] = others
        unit.next = 0
    else:
        unit.reads[at : at + 1] = others
        if unit.next == at + 1:
            unit.next = at
        elif unit.next > at:
            unit.next += len(others) - 1
    for other in others:
        if other is not read:
            other.due_ms = now_ms
    _distinct(unit, now_ms)


def reopen(unit, now_ms):
    """A unit that was silent says again which of its profile's models it is, before anything else is asked."""
    choice = unit.choice
    choice.reopen(unit.reads, now_ms)
    unit.turn = choice
    unit.reads = [choice]
    unit.next = 0
    unit.last_unanswered = None


def join(unit, at, now_ms):
    """One read again in place of its two halves, which stand at `at`."""
    whole = unit.reads[at].whole
    _plain(whole, now_ms)
    whole.failures = 2  # let one silence cut it again
    unit.reads[at : at + 2] = [whole]
    _distinct(unit, now_ms)


def restore(unit, now_ms):
    """What was cut, or lost its padding, since the unit had sent registers last, is as before: it was not these registers."""
    for read in list(unit.reads):
        whole = read
        while whole.whole is not None and states.restorable(whole.whole, now_ms):
            whole = whole.whole
        if whole is not read and read in unit.reads:
            at = unit.reads.index(read)
            before = [one for one in unit.reads[:at] if not _is_of(one, whole)]
            behind = [one for one in unit.reads[at:] if not _is_of(one, whole)]
            unit.reads[:] = before + [whole] + behind
            _plain(whole, now_ms)
        if whole.state != states.KNOWN:
            whole.no_padding = whole.whole is not None
    unit.next = 0
    _distinct(unit, now_ms)


def _is_of(read, whole):
    while read is not None and read is not whole:
        read = read.whole
    return read is whole


def _plain(read, now_ms):
    """As it was planned, but without padding."""
    read.count -= read.padding
    read.padding = read.failures = 0
    read.state = states.NEW
    read.due_ms = now_ms
    read.place()


def _distinct(unit, now_ms):
    lengths.distinct_lengths(unit.reads)
    unit.part(None, now_ms)  # what differed in length before may not now
