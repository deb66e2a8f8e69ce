# SPDX-License-Identifier: MIT
"""Faults as a person orders them: "1:silent" for a unit, "silent" for all units, "two-masters" for the line."""

import random
import threading

from host_tools.simulate.site.devices import SiteError
from host_tools.simulate.site.faults import KINDS, Fault
from host_tools.simulate.site.meters import crc

_OF_LINE = {
    "swapped": "A and B of the bridge are swapped",
    "bias": "the same, against the bias: the idle line reads as 0",
    "echo": "the bridge hears its own requests",
    "deaf": "the bridge hears its own requests and nothing else",
    "two-masters": "somebody else asks the meters, too",
    "noise": "random bytes now and then",
}
_OF_UNIT = {kind.replace("_", "-"): words for kind, words in KINDS.items() if kind != "registers"}
_OF_UNIT["exception"] = "exception code 6, device busy"
_OF_UNIT["late"] = "the right reply, 1.5 s after its time"
_OF_UNIT["noise"] = "5 random bytes before the reply"
_OF_UNIT["other-model"] = "exception code 2: it does not know its registers"
_OF_UNIT["reversed"] = "it is mounted the other way round"
_MASTER_S = 0.7  # how often the second one asks
_NOISE_S = 0.4
_READ_WORDS = 2


def words():
    """For a person: all names with what they mean, a line each."""
    yield "faults of a unit (1:NAME), or of all units (NAME):"
    yield from (f"  {name:<14}{meaning}" for name, meaning in _OF_UNIT.items())
    yield "faults of the line:"
    yield from (f"  {name:<14}{meaning}" for name, meaning in _OF_LINE.items())


def parsed(text):
    """[(unit or None, name)] of "1:silent two-masters"; ValueError with a sentence."""
    found = []
    for word in text.replace(",", " ").split():
        unit, _, name = word.replace("=", ":").rpartition(":")
        name = name.replace("_", "-")
        known = _OF_UNIT if unit else {**_OF_UNIT, **_OF_LINE}
        if (unit and not unit.isdecimal()) or name not in known:
            raise ValueError(
                f"{word!r} is no fault; NAME or UNIT:NAME of these: {', '.join(known)}"
            )
        found.append((int(unit) if unit else None, name))
    if not found:
        raise ValueError("no fault is named; 1:silent would be one")
    return found


def give(site, unit, name):
    """Order one fault of a Site. Raises SiteError."""
    if unit is not None and unit not in site.meters.by_unit:
        there = ", ".join(map(str, site.meters.by_unit)) or "none"
        raise SiteError(f"FAULT: no meter has unit {unit}; there are {there}")
    site.told_faults.append(name if unit is None else f"{unit}:{name}")
    if unit is None and name in ("echo", "deaf"):
        site.line.echo = True
    if unit is None and name == "bias":
        site.line.idle_level = 0
    if unit is None and name in ("noise", "two-masters"):
        site.join(Other(site, name))
        return
    kind = {"bias": "swapped", "deaf": "silent", "echo": None}.get(name, name)
    for one in [unit] if unit is not None else site.meters.by_unit:
        if kind == "reversed":
            site.turn(one)
        elif kind:
            site.fault(one, _fault(kind))


def _fault(name):
    if name == "other-model":
        return Fault("exception", code=2)
    return Fault(name.replace("-", "_"))


class Other:
    """Somebody else on the pair, while it is entered: "two-masters" or "noise"."""

    def __init__(self, site, name):
        self._site = site
        self._name = name
        self._ended = threading.Event()
        self._random = random.Random(1)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()

    def _run(self):
        pause_s = _MASTER_S if self._name == "two-masters" else _NOISE_S
        while not self._ended.wait(pause_s):
            self._site.line.put(self._bytes())

    def _bytes(self):
        if self._name == "noise":
            return self._random.randbytes(self._random.randrange(1, 5))
        meter = next(iter(self._site.meters.by_unit.values()))
        function, blocks = next(iter(meter.model.readable.items()))
        frame = bytes((meter.unit, function, *divmod(blocks[0][0], 256), 0, _READ_WORDS))
        return frame + crc(frame)
