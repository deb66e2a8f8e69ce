# SPDX-License-Identifier: MIT
"""How well recognition names all profiles, played as devices: `python -m host_tests.host.recognition_figures` writes
the table of docs/recognition.md.
"""

import json
import re
from dataclasses import dataclass

from host_tools.paths import ROOT  # first: it makes lib/ importable

# isort: split
from host_tests.host.modbus_device import UNIT
from host_tests.host.played import PHASES_W, PlayedPort, Scene, facts, identities
from host_tools.owner import scan
from host_tools.owner.finding import Asker, drive
from host_tools.owner.line import Line
from recognition import recogniser

PAGE = ROOT / "docs" / "recognition.md"
PROFILES = scan.load_profiles()
IDENTITIES = json.loads(scan.IDENTITIES.read_text("utf-8"))
FACTS = facts(PROFILES)
SAID = identities()
COLUMNS = ("sure", "likely", "one of", "perhaps", "none", "wrong")
_MIXED = PHASES_W | {"l3": -300}
_BEGIN, _END = "<!-- figures -->", "<!-- end of figures -->"


@dataclass
class House:
    """Under what circumstances all devices are played."""

    words: str
    scene: Scene
    elsewhere: int | None = None  # what other registers hold; None: an exception
    gaps: bool = False  # something lies between known registers
    named: bool = True  # do they have the registers that name the model?


HOUSES = (
    House("by day, all phases draw", Scene()),
    House("registers that it lacks read as zero", Scene(), elsewhere=0),
    House("between its registers lies something else", Scene(), gaps=True),
    House("feeding in", Scene(direction=-1)),
    House("one phase feeds in, two draw", Scene(phases_w=_MIXED)),
    House("nothing flows", Scene(load=0)),
    House("only L1 has a wire", Scene(phases=("l1",))),
    House("older, without a register that names the model", Scene(), named=False),
)


def image(name, house):
    """{(function, address): word}"""
    own = [
        row for row in SAID.get(name, ()) if house.named or row[0] == "m1"
    ]  # which SunSpec demands
    device = house.scene.device(FACTS[name], own)
    return (
        device.fill_gaps(PROFILES[name]["limits"].get("holes", ())) if house.gaps else device.words
    )


def _own_number(profile):
    """Of a profile that identities.csv does not know yet."""
    model_id = profile.get("identity", {}).get("model_id")
    if model_id is None:
        return []
    equals = model_id["equals"]
    word = equals[0] if isinstance(equals, list) else equals
    return [(str(model_id["function"]), model_id["address"], [word])]


def reader(words, elsewhere):
    """read(function, address, count) straight from an image."""

    def read(function, address, count):
        found = [words.get((function, at), elsewhere) for at in range(address, address + count)]
        return 2 if None in found else found

    return read


def recognise(ask, names=None):
    """(confidence, [name, ...])"""
    generator = recogniser.recognise(names or list(PROFILES), PROFILES.get, IDENTITIES)
    confidence, found = drive(generator, ask)
    return confidence, [candidate.name for candidate in found]


def played(house):
    """{profile: (confidence, names)}"""
    return {name: recognise(reader(image(name, house), house.elsewhere)) for name in PROFILES}


def by_pymodbus(house):
    """The same over the bridge's master at 9600 Bd: {profile: (confidence, names, seconds)}"""
    found = {}
    for name in PROFILES:
        port = PlayedPort(image(name, house))
        found[name] = (
            *recognise(Asker(Line(port, (9600, "none", 1)), UNIT)),
            port.now_ms() / 1000,
        )
    return found


def count(results):
    """{column: how many}"""
    counted = dict.fromkeys(COLUMNS, 0)
    for name, (confidence, names, *_) in results.items():
        counted["wrong" if names and name not in names else confidence] += 1
    return counted


def lines():
    """The table, and a sentence on time."""
    yield f"{len(PROFILES)} profiles, each played as a device:"
    yield ""
    yield "| circumstances | " + " | ".join(COLUMNS) + " |"
    yield "| --- |" + " ---: |" * len(COLUMNS)
    for house in HOUSES:
        yield f"| {house.words} | " + " | ".join(map(str, count(played(house)).values())) + " |"
    seconds = [took for _, _, took in by_pymodbus(HOUSES[0]).values()]
    yield ""
    yield (
        f"A unit at 9600 Bd that answers within {PlayedPort.TURNAROUND_MS} ms takes "
        f"{sum(seconds) / len(seconds):.0f} s, {max(seconds):.0f} s at most."
    )


def table():
    return "\n".join(lines())


def of_page():
    """The table as docs/recognition.md has it."""
    return PAGE.read_text("utf-8").split(_BEGIN)[1].split(_END)[0].strip()


if __name__ == "__main__":
    written = re.sub(
        f"{_BEGIN}.*{_END}",
        lambda _: f"{_BEGIN}\n{table()}\n{_END}",
        PAGE.read_text("utf-8"),
        flags=re.S,
    )
    PAGE.write_text(written, "utf-8")
