# SPDX-License-Identifier: MIT
"""A plan in words: what is asked of whom and how long it takes, what is served, how old it gets."""

from collections.abc import Iterator
from typing import Any

from planning import budget

_POLICIES = (
    "while it is too old nothing is served",
    "left out while it is too old",
    "served however old it is",
)
_ONCE = "once"


def lines(plan: dict[str, Any]) -> Iterator[str]:
    """One line for the bus, each unit, read and device; no line holds a secret."""
    if plan["line"]:
        line = plan["line"]
        direction = "automatic direction" if line["de"] is None else f"DE {line['de']}"
        form = f"{line['baudrate']} Bd 8{line['parity'][0].upper()}{line['stop_bits']}"
        yield f"bus: {form}, TX {line['tx']}, RX {line['rx']}, {direction}"
    for unit in plan["units"]:
        yield from _unit(plan, unit)
    if plan["units"]:
        yield from _budget(plan)
    for clamp in plan["clamps"]:
        volts = "measured volts" if clamp["voltage"] else f"{clamp['nominal_dv'] / 10:g} V"
        yield f"clamp {clamp['name']}: pin {clamp['pin']}, {clamp['gain_ua'] / 100:g} A/V, {volts}"
    for device in plan["devices"]:
        yield _device(device)
    if plan["load"]:
        parts = ", ".join(_name(plan["devices"][i]) for i in plan["load"])
        yield f"load_power_w: from {parts}"


def _unit(plan: dict[str, Any], unit: dict[str, Any]) -> Iterator[str]:
    limits = f"time-out {unit['timeout_ms']} ms, pause {unit['pause_ms']} ms"
    yield f"unit {unit['address']}: {limits}"
    if unit["sunspec"]:
        bases = ", ".join(map(str, unit["sunspec"]["bases"]))
        yield f"  SunSpec: its models are looked for at {bases}"
    if "choice" in unit:
        of = unit["choice"]
        last = of["address"] + of["count"] - 1
        yield f"  function {of['function']}, {of['address']} to {last}: model number, which chooses the rest (first, and after a silence)"
        yield f"  of {len(of['sets'])} sets of reads the first:"
    for read in unit["reads"]:
        first, count = read["address"], read["count"]
        wire_ms = budget.read_ms(plan, unit, count)
        feeds = ", ".join(unit["quantities"][i]["key"] for i in read["quantities"])
        what = feeds or (_identity(read) if "identity" in read else "for other reads")
        when = _ONCE if "identity" in read else _often(plan, read)
        yield f"  function {read['function']}, {first} to {first + count - 1}: {what} ({when}, {wire_ms} ms)"


def _often(plan: dict[str, Any], read: dict[str, Any]) -> str:
    seconds = plan["slow_interval_ms"] / 1000
    return f"every {seconds:.1f} s" if read["slow"] else "each cycle"


def _identity(read: dict[str, Any]) -> str:
    return "model number" if read["identity"]["equals"] else "serial number"


def _budget(plan: dict[str, Any]) -> Iterator[str]:
    yield f"cycle: all powers take about {budget.cycle_ms(plan)} ms on the wire"
    well, one, two = (ms / 1000 for ms in budget.ages_ms(plan))
    words = f"age of a power: {well:.1f} s at most"
    if len(plan["units"]) > 1:
        words += f"; {one:.1f} s while one unit does not answer"
    if len(plan["units"]) > 2:
        words += f", {two:.1f} s with two"
    yield words


def _device(device: dict[str, Any]) -> str:
    fields = ", ".join(sorted(device["fields"], key=lambda key: (key != device["power"], key)))
    words = f"{_name(device)}: {fields}"
    if any(value is None for value in device["fields"].values()):
        words += f"; {_POLICIES[device['policy']]}"
    return words


def _name(device: dict[str, Any]) -> str:
    return (
        "the house load"
        if device["category"] == "load"
        else f"{device['category']} {device['index']}"
    )
