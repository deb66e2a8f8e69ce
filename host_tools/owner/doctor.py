# SPDX-License-Identifier: MIT
"""What is wrong on the line, and what to do: the counters of /status.json held against the patterns of firmware/page/findings.json.

firmware/page/doctor.js does the same for the owner's page; host_tests/host/test_doctor.py holds both to the same cases.
"""

import json
import re
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from host_tools.owner.sign_check import SignCheck
from host_tools.paths import ROOT

FINDINGS = json.loads((ROOT / "firmware/page/findings.json").read_text("utf-8"))
_BROKEN = ("crc", "short", "noise", "wrong_unit")
_QUIET_MS = 10000
_PERCENT = ("good", "silent", "crc", "noise", "wrong_unit", "echo", "late", "implausible")
_ILLEGAL = (1, 2, 3)  # exception codes
_ENGLISH = 1


class Finding(NamedTuple):
    """One pattern that fits. kind: line, unit, clamp or house; subject: a unit's address or a clamp's name."""

    id: str
    kind: str
    subject: int | str | None
    facts: dict[str, int]


def findings(
    status: dict[str, Any], before: dict[str, Any] | None, is_dark: bool
) -> list[Finding]:
    """status: /status.json; before: the one of a minute ago, None: count from the start; is_dark: no sun can be expected."""
    old = {unit["unit"]: unit for unit in before["units"]} if before else {}
    units = [_unit_facts(unit, old.get(unit["unit"]), is_dark) for unit in status["units"]]
    found = list(_of_line(status, before, units))
    if not any(one.facts["answering"] == 0 for one in found):
        foreign = _since(status["line"], before and before["line"], "foreign") if units else 0
        found += _of_units(units, foreign)
    clamps_before = before["clamps"] if before else {}
    for name, clamp in status["clamps"].items():
        rejected = clamps_before.get(name, {}).get("rejected")
        dead = _since(clamp["rejected"], rejected, "dead")
        found += _matching("clamp", {"clipped": clamp["clipped_permille"], "dead": dead}, name)
    return found


def sentence(finding: Finding, names: dict[int, str]) -> str:
    """In English. names: what the owner calls the units."""
    text = next(one["text"][_ENGLISH] for one in FINDINGS if one["id"] == finding.id)
    name = finding.subject
    if isinstance(name, int):
        name = names.get(name, f"unit {name}")
    values = {**finding.facts, "name": f'"{name}"'}
    return re.sub(r"\{(\w+)\}", lambda slot: str(values[slot[1]]), text)


def names_of(status: dict[str, Any], info: dict[str, Any]) -> dict[int, str]:
    """{unit: the name in info.json of the first device that it feeds}"""
    found = {}
    for unit in status["units"]:
        for label in unit["devices"][:1]:
            category, _, index = label.partition(" ")
            entry = info.get("device_info", {}).get(category, {}).get(index, {})
            found[unit["unit"]] = entry.get("name") or label
    return found


def device_names(info: dict[str, Any]) -> dict[tuple[str, int], str]:
    """{(category, index): its name in info.json}"""
    return {
        (category, int(index)): entry["name"]
        for category, devices in info.get("device_info", {}).items()
        for index, entry in devices.items()
        if entry.get("name")
    }


def is_dark() -> bool:
    """By this PC's clock, as the page does it."""
    return not 7 <= time.localtime().tm_hour < 18


def _of_line(status, before, units):
    requests = sum(unit["requests"] for unit in units)
    if not requests:
        return []
    line, line_before = status["line"], before and before["line"]
    facts = {
        "units": len(units),
        "answering": sum(1 - unit["quiet"] for unit in units),
        "foreign": _since(line, line_before, "foreign"),
        "noise": _since(line, line_before, "noise") + sum(unit["noise"] for unit in units),
        "unreadable": _percent(sum(unit["broken"] for unit in units), requests),
        "echo": _percent(sum(unit["echo"] * unit["requests"] / 100 for unit in units), requests),
    }
    return _matching("line", facts, None)


def _of_units(units, foreign):
    """foreign: how often another master was heard, who damages answers, too."""
    for unit in units:
        unit["foreign"] = foreign
        others = [other for other in units if other is not unit]
        unit["others"] = sum(1 - other["quiet"] for other in others)
        unit["others_unreadable"] = max([0, *(other["unreadable"] for other in others)])
        if unit["requests"]:
            yield from _matching("unit", unit, unit["address"])


def _unit_facts(unit, before, is_dark):
    requests = _since(unit, before, "requests")
    refusals, age_ms = _since(unit, before, "exception"), unit["good_age_ms"]
    labels = unit["devices"]
    facts = {
        "address": unit["unit"],
        "requests": requests,
        "broken": sum(_since(unit, before, key) for key in _BROKEN),
        "quiet": int(not refusals and (age_ms is None or age_ms > _QUIET_MS)),
        "inverter": int(bool(labels) and all(one.startswith("inverters") for one in labels)),
        "dark": int(is_dark),
    }
    for key in _PERCENT:
        facts[key] = _percent(_since(unit, before, key), requests)
    facts["unreadable"] = _percent(facts["broken"], requests)
    codes, codes_before = unit["exceptions"], before["exceptions"] if before else [0] * 12
    illegal = sum(codes[code] - codes_before[code] for code in _ILLEGAL)
    facts["illegal"] = _percent(illegal, requests)
    return facts


def _matching(kind: str, facts: dict[str, int], subject: Any) -> Iterable[Finding]:
    """The first pattern that fits, if one does."""
    for row in FINDINGS:
        if row["for"] == kind and all(
            _within(facts[key], *limits) for key, limits in row["when"].items()
        ):
            return [Finding(row["id"], kind, subject, facts)]
    return []


def _within(value, low, high=float("inf")):
    return low <= value <= high


def _since(now, before, key):
    return now[key] - (before[key] if before else 0)


def _percent(part, whole):
    return int(100 * part / whole + 0.5) if whole > 0 else 0


class Doctor:
    """Looks at a bridge again and again. ask(path): what it answers, parsed, or None."""

    def __init__(self, ask: Callable[[str], Any], window_s: float = 60):
        self._ask = ask
        self._window_s = window_s
        self._seen: list[tuple[float, dict[str, Any]]] = []
        self._told: set[str] = set()
        self._signs = SignCheck()

    def look(self) -> None:
        """Every 2 s or so: for what only many readings show."""
        self._signs.look(self._ask("/api/v1/values.json?logs"))

    def news(self) -> list[str]:
        """Sentences of findings that were not there at the last look."""
        status = self._ask("/status.json")
        info = self._ask("/api/v1/info.json?logs")
        if not isinstance(status, dict) or not isinstance(info, dict):
            return []
        now_s = time.monotonic()
        if self._seen and self._seen[-1][1]["health"]["uptime_s"] > status["health"]["uptime_s"]:
            self._seen.clear()  # it has started again
        self._seen = [one for one in self._seen if now_s - one[0] < self._window_s]
        before = self._seen[0][1] if self._seen else None
        self._seen.append((now_s, status))
        names = names_of(status, info)
        said = {
            text: text
            for text in (sentence(one, names) for one in findings(status, before, is_dark()))
        }
        said.update(self._signs.findings(device_names(info)))
        new, self._told = sorted(said[what] for what in said.keys() - self._told), set(said)
        return new
