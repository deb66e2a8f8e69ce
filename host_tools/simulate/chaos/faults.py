# SPDX-License-Identifier: MIT
"""The kinds of faults, and those that a seed draws."""

import random

from host_tools.simulate.chaos import faults_around as around
from host_tools.simulate.chaos import faults_of_network as network
from host_tools.simulate.chaos import faults_of_units as units
from host_tools.simulate.chaos.fault import Fault

_KINDS: tuple = (
    units.Silence,
    around.Cut,
    around.Noise,
    around.Flips,
    around.Truncated,
    around.Echo,
    units.Late,
    units.Copies,
    around.OtherUnits,
    around.SecondMaster,
    units.WrongLength,
    units.WrongFunction,
    units.Refused,
    units.Busy,
    units.Missing,
    units.RefusedRead,
    units.ShortReads,
    units.Reboot,
    units.Swap,
    units.GarbledFirst,
    around.Held,
    around.SlowReader,
    network.HostileClients,
    network.WifiLost,
    network.WifiReset,
    around.ClampStuck,
    around.ClampClipped,
    around.ClampUnplugged,
)
KINDS: dict[str, type[Fault]] = {kind.name: kind for kind in _KINDS}

_LASTING_MS = (120, 400, 1200, 3000, 6500, 11000, 25000, 40000)
_PAUSES_MS = (0, 300, 1500, 7000, 12000, 18000)
_FIRST_MS = 8000  # all is well until then


def drawn(
    seed: int, addresses: list, has_clamp: bool, end_ms: int, kinds: list | None = None
) -> list[Fault]:
    """The faults of a run. addresses: of the units; kinds: names to choose from, all of them if left out."""
    chance = random.Random(f"{seed} faults")
    names = [name for name in kinds or KINDS if has_clamp or KINDS[name].needs != "clamp"]
    found: list[Fault] = []
    at_ms = _FIRST_MS
    while at_ms < end_ms - 3000:
        kind = KINDS[chance.choice(names)]
        is_ones = kind.needs == "unit" or chance.random() < 0.6
        unit = chance.choice(addresses) if is_ones else None
        lasting_ms = min(chance.choice(_LASTING_MS) + chance.randrange(200), kind.longest_ms)
        found.append(kind(len(found), unit, at_ms, at_ms + lasting_ms, f"{seed} {len(found)}"))
        if chance.random() < 0.7:  # else the next one comes upon this one
            at_ms += lasting_ms
        at_ms += chance.choice(_PAUSES_MS) + chance.randrange(100)
    return found
