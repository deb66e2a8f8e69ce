# SPDX-License-Identifier: MIT
"""What a scan has found, for a person, and what to write into config.json."""

import json
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.table import Table

from host_tools.owner.line import setting_words
from recognition import recogniser, values, words

_MOST_ROWS = 8
_HEADINGS = {
    recogniser.ONE_OF: "one of these; compare with the device's label and display:",
    recogniser.PERHAPS: "little is known of it; perhaps:",
    recogniser.NONE: "answers, but no profile fits; docs/profiles.md lists what is known, "
    "docs/add-your-meter.md tells how to write one",
}


def report(setting: tuple, named: dict, profiles: dict, console: Console) -> int:
    """What was found on stderr, what to write on stdout; the exit status. named: {unit: (confidence, [Candidate])}"""
    console.print(f"{setting_words(setting)}, units {', '.join(map(str, named))}")
    devices = []
    for unit, (confidence, candidates) in named.items():
        console.print(f"unit {unit}: {_heading(confidence, candidates)}")
        for candidate in candidates:
            console.print(f"  {candidate.name}: {'; '.join(candidate.evidence)}")
        if len(candidates) > 1:
            _compare(candidates, profiles, console)
        if confidence in (recogniser.SURE, recogniser.LIKELY):
            devices += entries(unit, candidates[0], profiles[candidates[0].name])
    baudrate, parity, stop_bits = setting
    bus = {"baudrate": baudrate, "parity": parity, "stop_bits": stop_bits}
    if devices:
        print(snippet(bus, devices))
    return 0 if devices else 1


def _heading(confidence, candidates):
    return _HEADINGS.get(confidence) or f"{confidence}: {candidates[0].title}"


def _compare(candidates, profiles, console):
    """The values in which they differ, and what their profiles say of it."""
    keys = recogniser.differences(candidates)[:_MOST_ROWS]
    if not keys:
        console.print("  all of them read the same: take the one whose name is on the device")
    else:
        table = Table("compare on the display", *(one.name for one in candidates), box=None)
        for role, quantity in keys:
            cells = [_cell(candidate, role, quantity) for candidate in candidates]
            table.add_row(f"{role} {quantity}", *cells)
        console.print(table)
    for candidate in candidates:
        profile = profiles[candidate.name]
        caveat = profile.get("caveat")
        if caveat:
            console.print(f"  {candidate.name}: {caveat}")


def _cell(candidate, role, quantity):
    value = candidate.values.get((role, quantity))
    return f"{words.amount(quantity, value)} {words.direction(role, quantity, value)}".strip()


def entries(unit: int, candidate: Any, profile: dict) -> Iterator[dict]:
    """Entries for `devices`: one for each role that has a power register of its own."""
    known = []
    for category, role in profile["roles"].items():
        if isinstance(role, dict) and values.places(profile, category, "power") not in known:
            known.append(values.places(profile, category, "power") or category)
            info = {"name": candidate.title}
            if candidate.serial:
                info["serial"] = candidate.serial
            entry = {"category": category, "profile": candidate.name, "unit": unit}
            if category == "inverters":
                entry["battery_connected"] = "batteries" in profile["roles"]
            yield entry | {"info": info}


def snippet(bus: dict, devices: list[dict]) -> str:
    """For config.json, one device a line."""
    lines = ",\n".join(f"    {json.dumps(device, ensure_ascii=False)}" for device in devices)
    return f'{{\n  "bus": {json.dumps(bus)},\n  "devices": [\n{lines}\n  ]\n}}'
