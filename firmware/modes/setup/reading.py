# SPDX-License-Identifier: MIT
"""The values of the draft's devices now, for the owner to compare: by the same code as `make scan`."""

from firmware.modes.setup.questions import complete, paced
from recognition import values
from recognition.unit import Unit
from ticks import ticks_ms

_QUANTITIES = ("power", "voltage_l1", "frequency")


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
                yield from paced(unit.find_models(), setting, entry["unit"], False)
        except (ValueError, KeyError, TypeError):
            pass  # a clamp, fixed values, or what the checker complains of
    while sources:
        for source in sources:
            yield from _read(source, setting, told)


def _read(source, setting, told):
    found, error, answered = {}, None, []
    for name, pair in source.quantities:
        reads = values.refreshed(source.unit, *pair)
        value = yield from paced(reads, setting, source.address, False, answered)
        if value == values.MISSING or value == values.IMPLAUSIBLE:
            error = error or ("silent" if not answered else value)
        elif value is not None:
            found[name] = -value if name == "power" and source.is_turned else value
        if not answered:
            break  # of a silent unit nothing more is asked in this round
    told.read(source.number, found, error, ticks_ms())
