# SPDX-License-Identifier: MIT
"""From the rows of plan.json to the units, registers, quantities and reads of a run."""

import json

from loading.values import own
from meters.identity import Identity
from meters.read import Read
from meters.register import Helper, Quantity, Register
from meters.unit import Unit


def unit(row, devices, count_day, serials, slow_every, reset=None):
    """A unit with its reads. count_day(device, of): what a total is put into where the day is counted from it; serials: values.Info's;
    reset(reason): where the unit becomes another model.
    """
    made = Unit(
        row["address"],
        row["timeout_ms"],
        row["pause_ms"],
        row["registers_per_read"],
        row["boundaries"],
        row["unreadable"],
    )
    fed = [devices[i].label.decode() for i in sorted({one["device"] for one in row["quantities"]})]
    made.feeds = json.dumps(fed).encode()
    if "choice" in row:
        from meters.choice import Choice  # only where a unit needs it

        rest = made, devices, count_day, serials, slow_every
        made.reads = [Choice(made, row, reset, _reads, rest)]
    else:
        made.reads = _reads(row, made, devices, count_day, serials, slow_every)
    return made


def _reads(row, unit, devices, count_day, serials, slow_every):
    """All reads of a unit, in order."""
    registers = []
    for one in row["registers"]:
        registers.append(_register(one, registers))
    quantities = [_quantity(one, registers, devices, count_day) for one in row["quantities"]]
    reads = [_read(one, unit, registers, quantities, serials) for one in row["reads"]]
    if row["sunspec"]:
        from meters.chain import Chain  # only where a unit needs it

        of = row["sunspec"]
        chain = Chain(
            unit, of["function"], of["bases"], quantities, of["overhead_chars"], slow_every
        )
        reads.insert(0, chain.search())
    return reads


def _register(row, before):
    """before: the registers with smaller numbers; its helpers and factors are among them."""
    made = (Helper if "helper" in row else Register)(
        row["function"],
        row["address"],
        row["kind"],
        row.get("little", False),
        row["multiply"],
        row["divide"],
        [_bytes(marker) for marker in row.get("invalid", ())],
    )
    if "models" in row:
        made.models = row["models"]
    if "factors" in row:
        made.factors = [before[i] for i in row["factors"]]
    if "exponent" in row:
        made.exponent = before[row["exponent"]]
    if "high" in row:
        made.high = before[row["high"]]
    if "mains" in row:
        made.mains = before[row["mains"]]
    if "direction" in row:
        made.direction = before[row["direction"]]
        made.mask, made.negative, made.positive = row["mask"], row["negative"], row["positive"]
    return made


def _bytes(text):
    return bytes([int(text[i : i + 2], 16) for i in range(0, len(text), 2)])


def _quantity(row, registers, devices, count_day):
    device = devices[row["device"]]
    target = device if row["day_of"] is None else count_day(device, row["day_of"])
    made = Quantity(
        target,
        own(device, row["key"]),
        [registers[i] for i in row["registers"]],
        row["low"],
        row["high"],
        row["slow"],
        row["doubt"],
    )
    if "offset" in row:
        made.offset = row["offset"]
    return made


def _read(row, unit, registers, quantities, serials):
    place = unit, row["function"], row["address"]
    if "identity" in row:
        of = row["identity"]
        words = row["count"] - row["padding"]
        expected = of["equals"], of["expects"]
        made = Identity(*place, words, *expected, of["device"], serials)
        made.count = row["count"]
    else:
        made = Read(*place, row["count"], [registers[i] for i in row["registers"]], row["slow"])
        made.quantities = [quantities[i] for i in row["quantities"]]
    made.padding = row["padding"]
    made.same_length = row["same_length"]
    made.probes = bytes(row["probes"])
    return made
