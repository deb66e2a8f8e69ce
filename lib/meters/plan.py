"""Which registers are read together: the fewest milliseconds on the wire, not the fewest requests. Runs at boot."""

from meters.register import Transaction
from modbus.frame import REPLY_OVERHEAD, REQUEST_SIZE

_TURNAROUND_MS = 20  # a usual meter's, where nothing else is known


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


def blocks(registers, link, overhead_chars):
    """Cut registers of one function into reads: [[register, ...], ...] with the least characters on the wire."""
    registers = sorted(registers, key=lambda r: r.address)
    best = [(0, 0)]  # (cost of the first i registers, where the last block begins)
    for end in range(1, len(registers) + 1):
        choice = None
        last = 0
        for begin in range(end - 1, -1, -1):
            start = registers[begin].address
            last = max(last, registers[begin].end)
            if begin < end - 1 and not _allowed(link, start, last):
                break
            cost = best[begin][0] + overhead_chars + 2 * (last - start)
            if choice is None or cost < choice[0]:
                choice = (cost, begin)
        best.append(choice)
    found = []
    end = len(registers)
    while end:
        begin = best[end][1]
        found.append(registers[begin:end])
        end = begin
    found.reverse()
    return found


def overhead_chars(link, master):
    """What a further request costs, in characters: both heads, the silences, the unit's turnaround."""
    idle_ms = _TURNAROUND_MS + max(link.pause_ms, master.silence_ms)
    return REQUEST_SIZE + REPLY_OVERHEAD + idle_ms // master.wire_ms(1)


def transactions(link, quantities, master, slow_every):
    """All reads of a link for its quantities; slow ones are asked each slow_every-th cycle only.

    Helpers (factors, exponents, directions) come first, so that they are known when a value needs them.
    """
    overhead = overhead_chars(link, master)
    helpers, fast, slow = [], [], []
    for quantity in quantities:
        for register in quantity.registers:
            (slow if quantity.slow else fast).append(register)
            # Ratios stand still; a direction belongs to its power.
            for helper in register.helpers():
                (fast if helper is register.direction else helpers).append(helper)
    plan = []
    for group, is_slow in ((helpers, True), (fast, False), (slow, True)):
        rest = [r for r in group if not (is_slow and _joins(plan, r, overhead // slow_every))]
        for function in sorted({r.function for r in rest}):
            for block in blocks([r for r in rest if r.function == function], link, overhead):
                plan.append(Transaction(link, function, block, is_slow))
    for quantity in quantities:
        needed = quantity.registers
        last = None
        for transaction in plan:
            if any(r in transaction.registers for r in needed):
                last = transaction
        last.quantities.append(quantity)
    return plan


def _joins(plan, register, spare_chars):
    """Let a slow register ride in a block that is read anyway, where that costs less than asking for it now and then."""
    for transaction in plan:
        if transaction.function != register.function or transaction.slow:
            continue
        start = min(transaction.address, register.address)
        end = max(transaction.address + transaction.count, register.end)
        extra = end - start - transaction.count
        if 2 * extra <= spare_chars and _allowed(transaction.link, start, end):
            transaction.cover(transaction.registers + [register])
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
        halves.append(Transaction(transaction.link, transaction.function, part, transaction.slow))
    for quantity in transaction.quantities:
        second = any(r in halves[1].registers for r in quantity.registers)
        halves[second].quantities.append(quantity)
    return halves
