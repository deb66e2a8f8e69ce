"""Changes of a unit's reads while they run: cut, joined, replaced. Rare, so meters.states loads this for the moment.

What takes the place of a read in its own turn comes next in the cycle: `unit.next` counts the reads that had their turn.
"""

from meters import states
from planning import grouping


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
    """Two reads in place of one, or None if all its values stand at one address."""
    registers = grouping.in_order(read.registers, lambda r: r.address)
    middle = len(registers) // 2
    while middle and registers[middle].address == registers[0].address:
        middle += 1
        if middle == len(registers):
            return None
    if not middle:
        return None
    read.cuts = min(read.cuts + 1, 10)
    halves = [_half(read, registers[:middle]), _half(read, registers[middle:])]
    for quantity in read.quantities:
        second = any(r in halves[1].registers for r in quantity.registers)
        halves[second].quantities.append(quantity)
    return halves


def _half(read, registers):
    half = grouping.read_of(read.unit, read.function, registers, read.slow)
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


def join(unit, at, now_ms):
    """One read again in place of its two halves, which stand at `at`."""
    whole = unit.reads[at].whole
    _plain(whole, now_ms)
    whole.failures = 2  # let one silence cut it again
    unit.reads[at : at + 2] = [whole]
    _distinct(unit, now_ms)


def restore(unit, now_ms):
    """What was cut, or lost its padding, since the unit had sent registers last, is as before: it was not these registers."""
    reads = unit.reads
    i = 0
    while i < len(reads):
        whole = reads[i]
        while whole.whole is not None and states.restorable(whole.whole, now_ms):
            whole = whole.whole
        if whole is not reads[i]:
            reads[i:] = [whole] + [one for one in reads[i:] if not _is_of(one, whole)]
            _plain(whole, now_ms)
        if whole.state != states.KNOWN:
            whole.no_padding = whole.whole is not None
        i += 1
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
    grouping.distinct_lengths(unit.reads)
    unit.part(None, now_ms)  # what differed in length before may not now
