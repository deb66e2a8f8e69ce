# SPDX-License-Identifier: MIT
"""Which registers are read together: the fewest milliseconds on the wire, not the fewest requests. Runs at boot."""

from meters.lengths import allowed, distinct_lengths, in_order, read_of
from modbus.frame import REPLY_OVERHEAD, REQUEST_SIZE

TURNAROUND_MS = 20  # a usual meter's, where nothing else is known


def _spans(register, unit):
    """[(first address, address behind, registers)] that belong in one read: a value with its helpers, where one read may hold them.

    So do its volts or hertz, if it has any; where they cannot, it does without.
    """
    registers = [register] + register.helpers()
    if register.high is not None:
        registers.append(register.high)
    if register.mains is not None:
        mains = register.mains
        more = registers + [mains] + mains.helpers()
        if _fit(unit, more):
            registers = more
        else:
            register.mains = None
    if _fit(unit, registers):
        return [(_start(registers), _end(registers), registers)]
    return [(r.address, r.end, [r]) for r in registers]


def _start(registers):
    return min([r.address for r in registers])


def _end(registers):
    return max([r.end for r in registers])


def _fit(unit, registers):
    """May one read have them all?"""
    functions = {r.function for r in registers}
    return len(functions) == 1 and allowed(unit, _start(registers), _end(registers))


def blocks(spans, unit, overhead_chars):
    """Cut spans of one function into reads: [[register, ...], ...] with the least characters on the wire."""
    spans = in_order(spans, lambda span: span[:2])
    best = [(0, 0)]  # (cost of the first i spans, where the last block begins)
    for end in range(1, len(spans) + 1):
        choice = None
        last = 0
        for begin in range(end - 1, -1, -1):
            start = spans[begin][0]
            last = max(last, spans[begin][1])
            if begin < end - 1 and not allowed(unit, start, last):
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


def overhead_chars(unit, line):
    """What a further request costs, in characters: both frames without their registers, the silences, the unit's turnaround."""
    idle_ms = TURNAROUND_MS + max(unit.pause_ms, line.silence_ms)
    return REQUEST_SIZE + REPLY_OVERHEAD + idle_ms * 1000 // line.wire_ms(1000)


def reads(unit, quantities, overhead_chars, slow_every):
    """All reads of a unit for its quantities; slow ones are asked each slow_every-th cycle only."""
    if any([r.models and not r.base for quantity in quantities for r in quantity.registers]):
        raise ValueError("addresses of SunSpec models are not known before they are looked for")
    fast, slow = [], []
    for quantity in quantities:
        high_words = [register.high for register in quantity.registers]
        for register in [r for r in quantity.registers if r not in high_words]:
            (slow if quantity.slow else fast).extend(_spans(register, unit))
            # Ratios stand still.
            slow.extend([(r.address, r.end, [r]) for r in register.factors])
    plan = []
    for group, is_slow in ((fast, False), (slow, True)):
        rest = [s for s in group if not (is_slow and _joins(plan, s, overhead_chars, slow_every))]
        for function in sorted({span[2][0].function for span in rest}):
            spans = [span for span in rest if span[2][0].function == function]
            for block in blocks(spans, unit, overhead_chars):
                plan.append(read_of(unit, function, block, is_slow))
    plan = in_order(plan, lambda read: _place(read, plan))
    for quantity in quantities:
        needed = [one for r in quantity.registers for one in [r] + r.helpers()]
        last = None
        for read in plan:
            if any(r in read.registers for r in needed):
                last = read
        last.quantities.append(quantity)
    return distinct_lengths(plan)


def _place(read, plan):
    """The order of reads: ratios of values of other reads come first; what confirms values of other reads comes last."""
    others = [r for other in plan if other is not read for r in other.registers]
    if any(helper in read.registers for r in others for helper in r.helpers()):
        return 2
    return 0 if any(factor in read.registers for r in others for factor in r.factors) else 1


def _joins(plan, span, overhead, slow_every):
    """Let a slow span ride in a block that is read anyway, where that costs less than asking for it now and then."""
    function = span[2][0].function
    for i, read in enumerate(plan):
        if read.function != function or read.slow:
            continue
        start = min(read.address, span[0])
        end = max(read.address + read.count, span[1])
        extra = end - start - read.count
        if 2 * extra <= overhead // slow_every and allowed(read.unit, start, end):
            plan[i] = read_of(read.unit, function, read.registers + span[2], False)
            return True
    return False
