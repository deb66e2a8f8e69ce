# SPDX-License-Identifier: MIT
"""What is asked on the line: who is there, as what, and what he says now. Generators of questions for a Bus.

They tell what they find through `told`, a Findings, whose progress() lets the page be answered and may raise Stopped.
"""

import json

from micropython import const

from planning import profile_merge
from recognition import finding, naming
from recognition.unit import Unit

_ALL_UNITS = range(1, 248)
_NOTHING = {"vendor": "", "model": "", "roles": {}}  # of a profile that is not there
_MOST_EXTENDED = const(8)
_MOST_KNOWN = const(100)
_USUAL = (9600, "none", 1)


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
        """By what its registers name, and where the heap is large enough by its values, too."""
        identities = Identities(self._root + "/firmware/setup_identities.txt", self._told, unit)
        reads = naming.named(Unit(), identities.names, identities.get)
        strong, weak = yield from paced(reads, setting, unit, self._is_slow)
        models, certain = strong or weak, len(strong) == 1
        if not self._is_short:
            certain, models = yield from self._weigh(setting, unit, models, identities)
        roles = list(self._profile(models[0])["roles"]) if models else []
        self._told.recognised(unit, certain, models, roles)

    def _weigh(self, setting, unit, models, identities):
        """models: those that are named, where any are: then the others need not be tried."""
        from recognition import recogniser

        def progress(done, count):
            self._told.recognising(unit, done, count)

        names = models or sorted(set(self._files.names("profile")))
        known = {name: identities.get(name)["identities"] for name in models}
        reads = recogniser.recognise(names, self._profile, known, progress, _MOST_KNOWN)
        confidence, best = yield from paced(reads, setting, unit, self._is_slow)
        return confidence == recogniser.SURE, [one.name for one in best] or models

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
    """What registers name which models; only what is asked for is made into objects."""

    def __init__(self, path, told, unit):
        self._path = path
        self._told = told
        self._unit = unit
        self._places = {}  # where each line begins
        at = 0
        with open(path, "rb") as file:
            for line in file:
                self._places[line.partition(b" ")[0].decode()] = at
                at += len(line)
        self.names = sorted(self._places)

    def get(self, name):
        self._told.recognising(self._unit, self.names.index(name), len(self.names))
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


def paced(reads, setting, unit, is_slow, told=None):
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
