# SPDX-License-Identifier: MIT
"""What sources state about registers, and which of it a profile repeats.

The tables of TABLES lie in host_tests/host and were made apart, from different sources. `scale` turns a count into
W, Wh, V, A, Hz or %; `positive` is what the source says a positive count means; the rows of a sum have
the same source. `extra` holds what few need: `exponent=ADDRESS`, `times=ADDRESS*SCALE ...`,
`direction=ADDRESS[&MASK]=NEGATIVE[/POSITIVE]`, `model=N/N` (SunSpec), `invalid=HEX ...`, `dc` (the solar side of a hybrid:
not to be held against the AC side) and `either` (functions 3 and 4 answer alike). A row may say `identity` with `equals`.

register_differences.csv names every place where a profile is right against a table: with the reason, and the third source.
"""

import csv
from dataclasses import dataclass, field
from fractions import Fraction

from host_tools.paths import ROOT

FOLDER = ROOT / "host_tests" / "host"
TABLES = ("registers.csv", "registers_b.csv")
DIFFERENCES = FOLDER / "register_differences.csv"

# The charger counts consumption of meters and loads positive, and what inverters and batteries give.
TAKES = {"import", "consumption", "charge"}
GIVES = {"export", "generation", "discharge"}

_UNITS: dict[str, int | Fraction] = {"W": 1, "kW": 1000, "Wh": 1, "kWh": 1000, "MWh": 10**6}
_UNITS |= {"V": 1, "mV": Fraction(1, 1000), "A": 1, "mA": Fraction(1, 1000), "Hz": 1}
_UNITS |= {"%": 1, "degC": 1, "": 1}

# Nothing that a house has is larger: in W, Wh, V, A, Hz, %, degC.
_LARGEST = {"energy": 2147483647, "voltage": 1000, "current": 1000, "frequency": 100, "soc": 100}
_LARGEST |= {"power": 1000000, "temperature": 200}
_LARGEST_DAY_WH = 20000000


@dataclass
class Fact:
    """One register, as a source or a profile states it."""

    profile: str
    role: str
    quantity: str
    function: int
    address: int
    type: str
    little: bool
    scale: Fraction
    positive: str
    source: str
    exponent: int | None = None
    times: list = field(default_factory=list)  # (address, scale)
    direction: tuple | None = None  # (address, mask, negative, positive or None)
    models: tuple = ()
    invalid: list = field(default_factory=list)
    equals: tuple = ()
    dc: bool = False
    either: bool = False
    range: tuple | None = None

    @property
    def kind(self):
        return self.quantity.partition("_")[0]

    @property
    def bits(self):
        return int(self.type[1:])

    @property
    def signed(self):
        return self.type[0] in "sfm"

    @property
    def project(self):
        """Who says so: of two files in one repository one may have been copied from the other."""
        return self.source.partition(":")[0].partition("#")[0].partition(" ")[0]

    @property
    def place(self):
        return self.address, self.models

    def largest(self):
        """The largest value that is let through."""
        if self.quantity == "energy_day":
            return _LARGEST_DAY_WH
        return max(map(abs, self.range)) if self.range else _LARGEST[self.kind]


def sign(role, positive):
    """+1 if the charger counts it positive in this role, -1 if negative; energies have no direction: +1."""
    if not positive:
        return 1
    assert positive in TAKES | GIVES
    gives = positive in GIVES
    return 1 if gives == (role in ("inverters", "batteries")) else -1


# Reading the tables.


def read(path):
    """{(profile, role, quantity): {source: [Fact, ...]}}"""
    found = {}
    with open(path, newline="", encoding="utf-8") as text:
        for row in csv.DictReader(text):
            fact = _fact(row)
            statements = found.setdefault((fact.profile, fact.role, fact.quantity), {})
            statements.setdefault(fact.source, []).append(fact)
    return found


def _fact(row):
    fact = Fact(
        row["profile"],
        row["role"],
        row["quantity"],
        int(row["function"]),
        int(row["address"]),
        row["type"],
        row["word_order"] == "le",
        Fraction(row["scale"]),
        row["positive"],
        row["source"],
    )
    for item in filter(None, row["extra"].split(";")):
        _add_extra(fact, *item.partition("=")[::2])
    return fact


def _add_extra(fact, key, text):
    if key in ("dc", "either"):
        setattr(fact, key, True)
    elif key == "exponent":
        fact.exponent = int(text)
    elif key == "times":
        pairs = [one.split("*") for one in text.split()]
        fact.times = [(int(address), Fraction(scale)) for address, scale in pairs]
    elif key == "direction":
        place, values = text.split("=")
        address, _, mask = place.partition("&")
        negative, _, positive = values.partition("/")
        positive = int(positive) if positive else None
        fact.direction = (int(address), int(mask or 0xFFFF), int(negative), positive)
    elif key == "model":
        fact.models = tuple(int(one) for one in text.split("/"))
    elif key == "invalid":
        fact.invalid = [int(one, 16) for one in text.split()]
    elif key == "equals":
        fact.equals = tuple(int(one) for one in text.split())
    else:
        raise ValueError(key)


def differences():
    """{(profile, role, quantity, source): row} that are allowed."""
    with open(DIFFERENCES, newline="", encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    found = {tuple(row[k] for k in ("profile", "role", "quantity", "source")): row for row in rows}
    assert len(found) == len(rows), "named twice"
    return found


# The same of a profile.


def of_profile(name, profile):
    """{(role, quantity): [Fact, ...]} of the roles that have registers of their own."""
    return {
        (role, quantity): [
            _of_register(name, profile, role, quantity, part)
            for one in (found if isinstance(found, list) else [found])
            for part in _parts(one, profile)
        ]
        for role, quantities in profile["roles"].items()
        if not isinstance(quantities, str)
        for quantity, found in quantities.items()
    }


def _parts(register, profile):
    """A value whose words lie apart is stated as the sum of both, the high one 65536 times as much worth."""
    if "high" not in register:
        return [register]
    number, _, unit = register["scale"].partition(" ")
    kind = register.get("type", profile["defaults"]["type"])
    whole = {key: register[key] for key in register if key != "high"}
    low = {**whole, "type": "u16"}
    high = {**whole, "type": kind[0] + "16", "address": register["high"]["address"]}
    return [low, {**high, "scale": f"{Fraction(number) * 65536} {unit}"}]


def _of_register(name, profile, role, quantity, register):
    full = {**profile["defaults"], **register}
    number, _, unit = full["scale"].partition(" ")
    invalid = full.get("invalid", profile.get("invalid", {}).get(full["type"], ()))
    direction = full.get("direction")
    return Fact(
        name,
        role,
        quantity,
        full["function"],
        full["address"],
        full["type"],
        full["word_order"] == "little",
        Fraction(number) * _UNITS[unit],
        full.get("positive", ""),
        "",
        full.get("exponent", {}).get("address"),
        [(one["address"], Fraction(one["scale"])) for one in full.get("factors", ())],
        direction
        and (
            direction["address"],
            direction.get("mask", 0xFFFF),
            direction["negative"],
            direction.get("positive"),
        ),
        tuple(full.get("model", ())),
        [int(one, 16) for one in invalid],
        range=tuple(full["range"]) if "range" in full and full["type"][0] != "f" else None,
    )


# Comparing.


def agree(ours, theirs):
    """Do two lists of Facts, of a profile and of a source, read the same value from every unit?"""
    ours, theirs = (sorted(facts, key=lambda fact: fact.place) for facts in (ours, theirs))
    largest = min(fact.largest() for fact in ours)  # of a sum, which one register gives for all
    return len(ours) == len(theirs) and all(
        _same(one, other, largest) for one, other in zip(ours, theirs, strict=True)
    )


def _same(one, other, largest):
    return (
        one.place == other.place
        and (one.function == other.function or other.either)
        and (one.little == other.little or one.bits == 16)
        and one.scale == other.scale
        and sign(one.role, one.positive) == sign(other.role, other.positive)
        and (one.exponent, sorted(one.times)) == (other.exponent, sorted(other.times))
        and one.direction == other.direction
        and _same_type(one, other, largest)
    )


def _same_type(one, other, largest):
    """Also u and s of one width, where the values that they read differently are too large to be let through."""
    if one.type == other.type:
        return True
    if one.bits != other.bits or {one.type[0], other.type[0]} != {"u", "s"}:
        return False
    return 2 ** (one.bits - 1) * one.scale > largest


def model_numbers(profile, fact):
    """The model numbers that a profile takes for its own at the place where a source states some."""
    spec = profile.get("identity", {}).get("model_id", {})
    if (spec.get("function"), spec.get("address")) != (fact.function, fact.address):
        return ()
    equals = spec["equals"]
    return tuple(equals) if isinstance(equals, list) else (equals,)


def agreeing(name, profile, tables):
    """{(role, quantity): {project: [Fact, ...]}}: who states the same as this profile."""
    found = {}
    for (role, quantity), ours in of_profile(name, profile).items():
        here = found[role, quantity] = {}
        for table in tables:
            for facts in table.get((name, role, quantity), {}).values():
                if agree(ours, facts):
                    here.setdefault(facts[0].project, facts)
    return found


def load():
    """The tables, in the order of TABLES."""
    return [read(FOLDER / table) for table in TABLES]
