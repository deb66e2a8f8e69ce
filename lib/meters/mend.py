"""Changes of the plan while it runs. As rare as planning itself, so the bus loads this when it needs it, and forgets it again."""

from planning import grouping

# Before parts are read as one again; twice as many each time that it was in vain.
_MERGE_CYCLES = 64


def replace(reads, index, others, free_ms):
    """Others instead of reads[index], or none; its place, which may be another where all other reads of the link had to go."""
    read = reads[index]
    if read.anew:
        reads[:] = [one for one in reads if one.link is not read.link or one is read]
        index = reads.index(read)
    reads[index : index + 1] = others
    if others:
        read.link.turn = others[0]
        if len(others) > 1 or read.bare:
            _shape(reads, read.link, free_ms)
    return index


def merge(reads, cycles, free_ms):
    """Let two parts of what was cut be one read again, where both are granted."""
    i = len(reads) - 1
    while i > 0:
        part, other = reads[i - 1], reads[i]
        whole = part.whole
        if whole is not None and whole is other.whole and _well(part) and _well(other):
            if not cycles & ((_MERGE_CYCLES << (whole.splits - 1)) - 1):
                whole.cover(whole.registers)
                whole.needed = whole.refused = whole.wait_ms = 0
                whole.asked = whole.cut = False
                reads[i - 1 : i + 1] = [whole]
                _shape(reads, part.link, free_ms)
        i -= 1


def _well(part):
    return part.asked and not part.refused and not part.link.failures


def _shape(reads, link, free_ms):
    grouping.shaped([one for one in reads if one.link is link])
    link.twin = link  # what was not alike may be now
    link.twin_ms = free_ms
