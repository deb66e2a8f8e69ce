# SPDX-License-Identifier: MIT
"""What is asked on the line: who is there, as what, and what he says now. Generators of questions for a Bus.

They tell what they find through `told`, a Findings, whose progress() lets the page be answered and may raise Stopped.
"""

import json

from micropython import const

from planning import profile_merge
from recognition import finding, recogniser, values
from recognition.unit import Unit
from ticks import ticks_ms

_ALL_UNITS = range(1, 248)
_NOTHING = {"vendor": "", "model": "", "roles": {}}  # of a profile that is not there
_MOST_EXTENDED = const(8)
_MOST_KNOWN = const(100)
_USUAL = (9600, "none", 1)
_QUANTITIES = ("power", "voltage_l1", "frequency")


class Search:
    """root: of the application; files: planning.Files; is_short: the chip has too little memory to hold each profile against each unit."""

    def __init__(self, root, files, told, is_short):
        self._is_short = is_short
        self._root = root
        self._files = files
        self._told = told
        self._is_slow = False

    def questions(self, setting, whole):
        """Find the setting, the units and their models. setting: where to look first, or None; whole: ask every unit at what answers."""
        told = self._told
        found = yield from self._first(setting, whole)
        told.found_line(found and found[0])
        if not found:
            return
        setting, unit = found
        told.found_unit(unit)
        asked = _ALL_UNITS if whole else self._tries()["units"]
        there = yield from self._asked(finding.units(setting, asked, told.searching))
        for one in there:
            told.found_unit(one)
        for one in sorted(set(there + [unit])):
            yield from self._recognise(setting, one)

    def _first(self, setting, whole):
        for pairs in _rounds(self._tries(), setting, whole):
            search = finding.first(pairs, _probes, self._told.searching)
            found = yield from self._asked(search)
            if found:
                return found
        return None

    def _tries(self):
        with open(self._root + "/firmware/setup_search.json") as file:
            return json.load(file)

    def _recognise(self, setting, unit):
        identities = Identities(self._root + "/firmware/setup_identities.txt")

        def progress(done, count):
            self._told.recognising(unit, done, count)

        # Of a short heap only those whose devices can say which model they are.
        names = self._tries()["named"] if self._is_short else self._files.names("profile")
        names = sorted(set(names))
        reads = recogniser.recognise(names, self._profile, identities, progress, _MOST_KNOWN)
        confidence, best = yield from _paced(reads, setting, unit, self._is_slow)
        roles = list(self._profile(best[0].name)["roles"]) if best else []
        self._told.recognised(
            unit, confidence == recogniser.SURE, [one.name for one in best], roles
        )

    def _profile(self, name):
        return complete(self._files, name) or _NOTHING

    def _asked(self, search):
        reply = None
        while True:
            try:
                setting, unit, read = search.send(reply)
            except StopIteration as end:
                return end.value
            answer, late = yield setting, unit, read, finding.TURNAROUND_MS, 0
            reply = answer != 0, late
            if late and not answer:
                self._is_slow = True


class Identities:
    """lib/planning/identities.json, of which only what is asked for is made into objects."""

    def __init__(self, path):
        self._path = path
        self._places = {}  # where each line begins
        at = 0
        with open(path, "rb") as file:
            for line in file:
                self._places[line.partition(b" ")[0].decode()] = at
                at += len(line)

    def get(self, name, default):
        if name not in self._places:
            return default
        with open(self._path, "rb") as file:
            file.seek(self._places[name])
            return json.loads(file.readline().partition(b" ")[2])


def complete(files, name):
    """A profile with what it extends, as planning.profile_file has it, but unchecked: that takes more heap than there is. None: there is none."""
    written = [files.load("profile", name)]
    while written[-1] and "extends" in written[-1] and len(written) < _MOST_EXTENDED:
        written.append(files.load("profile", written[-1]["extends"]))
    return profile_merge.completed(written) if all(written) else None


def _probes(unit):
    return finding.PROBES


def _rounds(tries, setting, whole):
    """Lists of (setting, unit), the likeliest first."""
    if setting:
        yield [(setting, unit) for unit in tries["units"]]
    for name in ("delivered", "others"):
        yield [(tuple(pair[:3]), pair[3]) for pair in tries[name]]
    if whole:
        yield [(setting or _USUAL, unit) for unit in _ALL_UNITS]


def _paced(reads, setting, unit, is_slow, told=None):
    """Drive a generator of lib/recognition. told: a list, to note in whether anything was answered."""
    pace = finding.Pace(is_slow)
    reply = None
    while True:
        try:
            read = reads.send(reply)
        except StopIteration as end:
            return end.value
        reply, _ = yield setting, unit, read, pace.timeout_ms, pace.pause_ms
        pace.note(reply != 0)
        if told is not None and reply:
            told.append(True)


class _Source:
    """One device of the draft with a profile."""

    def __init__(self, number, entry, unit, profile):
        self.number = number
        self.unit = unit
        self.address = entry["unit"]
        self.is_turned = entry.get("invert") is True
        offered = profile["roles"]
        role = entry["category"]
        own = offered[role] if not isinstance(offered[role], str) else offered[offered[role]]
        self.quantities = [(n, values.quantity(profile, role, n)) for n in _QUANTITIES if n in own]


def reading(devices, setting, files, told):
    """The values of the draft's devices, again and again. Ends where none has a profile."""
    units, sources = {}, []
    for number, entry in enumerate(devices):
        told.progress()
        try:
            profile = complete(files, entry.get("variant") or entry["profile"])
            unit = units.setdefault(entry["unit"], Unit())
            sources.append(_Source(number, entry, unit, profile))
            if "sunspec" in profile and not unit.models:
                yield from _paced(unit.find_models(), setting, entry["unit"], False)
        except (ValueError, KeyError, TypeError):
            pass  # a clamp, fixed values, or what the checker complains of
    while sources:
        for source in sources:
            yield from _read(source, setting, told)


def _read(source, setting, told):
    found, error, answered = {}, None, []
    for name, pair in source.quantities:
        reads = values.refreshed(source.unit, *pair)
        value = yield from _paced(reads, setting, source.address, False, answered)
        if value == values.MISSING or value == values.IMPLAUSIBLE:
            error = error or ("silent" if not answered else value)
        elif value is not None:
            found[name] = -value if name == "power" and source.is_turned else value
        if not answered:
            break  # of a silent unit nothing more is asked in this round
    told.read(source.number, found, error, ticks_ms())
