# SPDX-License-Identifier: MIT
"""What a plan takes: milliseconds on the wire, the age of the values, bytes of heap."""

from modbus.frame import REPLY_OVERHEAD, REQUEST_SIZE
from planning.grouping import TURNAROUND_MS

# What an ESP32 needs beyond its first 56,000 bytes, with both reports and some garbage (docs/design/performance.md).
_BASE_BYTES = 37300
_DEVICE_BYTES = 3200
_CLAMPS_BYTES = 14000
_SUNSPEC_BYTES = 13000
_CHOICE_BYTES = 6000  # the reads of a further model, until the unit has said which it is
_RATES = (2400, 4800, 9600, 14400, 19200, 38400, 57600, 115200)  # faster than the slowest
_RENDER_MS = 500  # values.json is rendered when a cycle ends, and at least this often


def heap_bytes(plan):
    """How much heap the bridge needs beyond a chip's first one."""
    found = _BASE_BYTES + _DEVICE_BYTES * len(plan["devices"])
    if plan["clamps"]:
        found += _CLAMPS_BYTES
    if any([unit["sunspec"] for unit in plan["units"]]):
        found += _SUNSPEC_BYTES
    for unit in plan["units"]:
        found += _CHOICE_BYTES * (len(unit["choice"]["sets"]) if "choice" in unit else 0)
    return found


def read_ms(plan, unit, count):
    """About how long a read of so many registers holds the line, the silence before it included."""
    line = plan["line"]
    characters = REQUEST_SIZE + REPLY_OVERHEAD + 2 * count
    silence_ms = max(unit["pause_ms"], 1 if line["baudrate"] > 19200 else _ms(line, 4))
    return _ms(line, characters) + TURNAROUND_MS + silence_ms


def _ms(line, characters):
    return (characters * line["bits"] * 1000 + line["baudrate"] - 1) // line["baudrate"]


def cycle_ms(plan, is_slow=False):
    """About how long one cycle takes on the wire: all powers, or with is_slow also what is asked now and then."""
    return sum(
        [
            read_ms(plan, unit, count)
            for unit in plan["units"]
            for count, slow in _reads(unit)
            if is_slow or not slow
        ]
    )


def _reads(unit):
    """[(registers, is it slow?)] of a unit. Where SunSpec keeps its models is not known yet: as if each quantity had a read of its own."""
    found = [(read["count"], read["slow"] or "identity" in read) for read in unit["reads"]]
    if not unit["sunspec"]:
        return found
    for quantity in unit["quantities"]:
        rows = []
        for number in quantity["registers"]:
            rows += _needed(unit["registers"], number)
        last = max([row["address"] + (row["kind"] & 0x0F) for row in rows])
        found.append((last - min([row["address"] for row in rows]), quantity["slow"]))
    return found + [(2, True)]  # number and length of a model


def _needed(rows, number):
    """The row of a register, and those of what it is read with."""
    row = rows[number]
    found = [row]
    for key in ("exponent", "direction", "mains"):
        if key in row:
            found += _needed(rows, row[key])
    return found


def hold(plan, limit_s):
    """Raises SettingsError if the line is too slow for every power to be read again before it is too old."""
    taken_ms = cycle_ms(plan)
    if taken_ms <= limit_s * 1000:
        return
    from planning.checks import complain  # rarely needed, and large

    rates = [rate for rate in _RATES if _cycle_at(plan, rate) <= limit_s * 1000]
    faster = "bus.baudrate %d or more, " % rates[0] if rates else ""
    problem = "%s s is less than reading all powers takes, about %s ms; " + faster
    problem += "fewer devices or a longer limit_s is needed"
    complain("freshness.limit_s", problem, limit_s, taken_ms)


def _cycle_at(plan, baudrate):
    return cycle_ms(dict(plan, line=dict(plan["line"], baudrate=baudrate)))


def ages_ms(plan):
    """The worst age of a power by the bridge's own doing: (all units well, one does not answer, two do not answer).

    What a unit itself takes to answer comes on top: it may have measured before.
    """
    if not plan["units"]:
        return 0, 0, 0
    well_ms = max(plan["poll_interval_ms"], cycle_ms(plan, True)) + cycle_ms(plan) + _RENDER_MS
    waits_ms = sorted([unit["timeout_ms"] for unit in plan["units"]]) + [0, 0]
    waits_ms.sort()
    return well_ms, well_ms + waits_ms[-1], well_ms + waits_ms[-1] + waits_ms[-2]
