"""Which registers are read together: the fewest milliseconds on the wire, not the fewest requests. Runs at boot."""

from const import const
from meters.register import Transaction
from modbus.frame import REPLY_OVERHEAD, REQUEST_SIZE

TURNAROUND_MS = 20  # a usual meter's, where nothing else is known
_LONGER = const(8)  # registers; more of them cost more than what else keeps two reads apart


def _allowed(link, start, end):
    """May one read touch the registers start..end-1?"""
    if end - start > link.registers_per_read:
        return False
    for wall in link.walls:
        if start < wall < end:
            return False
    for first, last in link.holes:
        if start <= last and first < end:
            return False
    return True


def _spans(register, link):
    """[(first address, address behind, registers)] that must be read at once: a value with its power of ten and its direction."""
    registers = [register] + [r for r in (register.exponent, register.direction) if r is not None]
    start = min([r.address for r in registers])
    end = max([r.end for r in registers])
    if _allowed(link, start, end):
        return [(start, end, registers)]
    return [(r.address, r.end, [r]) for r in registers]


def blocks(spans, link, overhead_chars):
    """Cut spans of one function into reads: [[register, ...], ...] with the least characters on the wire."""
    spans = sorted(spans, key=lambda span: span[0])
    best = [(0, 0)]  # (cost of the first i spans, where the last block begins)
    for end in range(1, len(spans) + 1):
        choice = None
        last = 0
        for begin in range(end - 1, -1, -1):
            start = spans[begin][0]
            last = max(last, spans[begin][1])
            if begin < end - 1 and not _allowed(link, start, last):
                break
            cost = best[begin][0] + overhead_chars + 2 * (last - start)
            if choice is None or cost < choice[0]:
                choice = (cost, begin)
        best.append(choice)
    found = []
    end = len(spans)
    while end:
        begin = best[end][1]
        found.insert(0, [r for span in spans[begin:end] for r in span[2]])
        end = begin
    return found


def overhead_chars(link, master):
    """What a further request costs, in characters: both heads, the silences, the unit's turnaround."""
    idle_ms = TURNAROUND_MS + max(link.pause_ms, master.silence_ms)
    return REQUEST_SIZE + REPLY_OVERHEAD + idle_ms * 1000 // master.wire_ms(1000)


def transactions(link, quantities, master, slow_every):
    """All reads of a link for its quantities; slow ones are asked each slow_every-th cycle only."""
    if any([r.models and not r.base for quantity in quantities for r in quantity.registers]):
        raise ValueError("addresses of SunSpec models are not known before they are looked for")
    overhead = overhead_chars(link, master)
    fast, slow = [], []
    for quantity in quantities:
        for register in quantity.registers:
            (slow if quantity.slow else fast).extend(_spans(register, link))
            # Ratios stand still.
            slow.extend([(r.address, r.end, [r]) for r in register.factors])
    plan = []
    for group, is_slow in ((fast, False), (slow, True)):
        rest = [s for s in group if not (is_slow and _joins(plan, s, overhead, slow_every))]
        for function in sorted({span[2][0].function for span in rest}):
            spans = [span for span in rest if span[2][0].function == function]
            for block in blocks(spans, link, overhead):
                plan.append(Transaction(link, function, block, is_slow))
    plan = _helpers_first(plan)
    for quantity in quantities:
        needed = quantity.registers
        last = None
        for transaction in plan:
            if any(r in transaction.registers for r in needed):
                last = transaction
        last.quantities.append(quantity)
    return shaped(plan)


def shaped(reads):
    """Let all reads of one unit differ in length, so that no reply passes for the answer to another read; and give them their probes.

    A read is made up to _LONGER registers longer for that; where it may not be, it is `alike`. Lengths that were granted stay.
    """
    used = {}
    for read in sorted(reads, key=lambda read: (not read.asked, read.slow, read.address)):
        read.alike = False
        size = read.count
        while (read.function, size) in used:
            size += _step(read)
        if size > read.count and not (read.asked or read.bare):
            if size - read.count <= _LONGER and _allowed_at(read, size):
                read.needed = read.needed or read.count
                read.count = size
        twin = used.setdefault((read.function, read.count), read)
        if twin is not read:
            twin.alike = read.alike = True
    for read in reads:
        _give_probes(read, used)
    return reads


def _give_probes(read, used):
    """Two sizes that no read of the unit has.

    Best are registers that are read anyway, and whole values where all may be of two words: they are not refused.
    """
    sizes = [n for n in range(1, len(used) + 7) if (read.function, n) not in used]
    sizes.sort(key=lambda n: (not _allowed_at(read, n), n % _step(read), n))
    read.probes = bytes(sizes[:2])


def _step(read):
    return 2 - (read.count & 1)


def _allowed_at(read, count):
    return _allowed(read.link, read.address, read.address + count)


def _helpers_first(plan):
    """What a value of another read needs is asked before it."""
    first, rest = [], []
    for transaction in plan:
        helps = False
        for other in plan:
            if other is not transaction:
                needed = [r for register in other.registers for r in register.helpers()]
                helps = helps or any(r in transaction.registers for r in needed)
        (first if helps else rest).append(transaction)
    return first + rest


def _joins(plan, span, overhead, slow_every):
    """Let a slow span ride in a block that is read anyway, where that costs less than asking for it now and then."""
    function = span[2][0].function
    for transaction in plan:
        if transaction.function != function or transaction.slow:
            continue
        start = min(transaction.address, span[0])
        end = max(transaction.address + transaction.count, span[1])
        extra = end - start - transaction.count
        if 2 * extra <= overhead // slow_every and _allowed(transaction.link, start, end):
            transaction.cover(transaction.registers + span[2])
            return True
    return False


def split(transaction):
    """Two halves of a refused read, or None if it holds one register only."""
    registers = sorted(transaction.registers, key=lambda r: r.address)
    middle = len(registers) // 2
    while middle and registers[middle].address == registers[0].address:
        middle += 1
        if middle == len(registers):
            return None
    if not middle:
        return None
    halves = []
    for part in (registers[:middle], registers[middle:]):
        half = Transaction(transaction.link, transaction.function, part, transaction.slow)
        half.whole = transaction
        half.bare = True  # it was near here that the unit refused
        halves.append(half)
    for quantity in transaction.quantities:
        second = any(r in halves[1].registers for r in quantity.registers)
        halves[second].quantities.append(quantity)
    return halves
