# SPDX-License-Identifier: MIT
"""A read for some registers, and reads of one unit that differ in length.

The planner's, and at run time that of meters.adapt, which is loaded for the moment: as little as it needs.
"""

from const import const
from meters.read import Read
from meters.states import NEW

_LONGER = const(8)  # registers; more of them cost more than what else keeps two reads apart


def in_order(items, key):
    """As sorted(), which keeps the order of equals on CPython only. A plan is the same on every interpreter."""
    ranks = sorted([(key(items[i]), i) for i in range(len(items))])
    return [items[i] for _, i in ranks]


def allowed(unit, start, end):
    """May one read touch the registers start..end-1?"""
    if end - start > unit.registers_per_read:
        return False
    for boundary in unit.boundaries:
        if start < boundary < end:
            return False
    for first, last in unit.unreadable:
        if start <= last and first < end:
            return False
    return True


def read_of(unit, function, registers, slow):
    """One read for these; helpers are decoded first, since a value in the same reply may need them."""
    address = min([r.address for r in registers])
    count = max([r.end for r in registers]) - address
    ordered = in_order(registers, lambda r: (len(r.needed()), r.address))
    return Read(unit, function, address, count, ordered, slow)


def distinct_lengths(reads):
    """Let all reads of one unit differ in length, so that no reply is taken for the answer to another read; and give them their probes.

    A read is made up to _LONGER registers longer for that; where it may not be, it has the `same_length`. Lengths that were answered stay.
    """
    used = {(read.function, size): read for read in reads for size in read.reserved}
    for read in in_order(reads, lambda read: (read.state == NEW, read.slow, read.address)):
        read.same_length = False
        size = read.count
        while (read.function, size) in used:
            size += _step(read)
        if size > read.count and read.state == NEW and not read.no_padding:
            if size - read.count <= _LONGER and _allowed_at(read, size):
                read.padding += size - read.count
                read.count = size
        other = used.setdefault((read.function, read.count), read)
        if other is not read:
            other.same_length = read.same_length = True
    for read in reads:
        _give_probes(read, used)
    return reads


def _give_probes(read, used):
    """Three sizes that no read of the unit has.

    Best are registers that are read anyway, and whole values where all may be of two words: those are answered.
    """
    sizes = [n for n in range(1, 2 * len(used) + 9) if (read.function, n) not in used]
    sizes.sort(key=lambda n: (not _allowed_at(read, n), n % _step(read), n))
    read.probes = bytes(sizes[:3])


def _step(read):
    return 2 - (read.count & 1)


def _allowed_at(read, count):
    return allowed(read.unit, read.address, read.address + count)
