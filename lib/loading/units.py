"""From the rows of plan.json to the units, registers, quantities and reads of a run."""

from loading.values import own
from meters.bus import Link
from meters.identity import Identity
from meters.register import Quantity, Register, Transaction


def unit(row):
    return Link(row["unit"], row, row["timeout_ms"], row["pause_ms"])


def reads(row, link, devices, count_day, serials, master, slow_every):
    """All reads of a unit, in order. count_day(device, of): what a total is put into where the day is counted from it; serials: values.Info's."""
    registers = []
    for one in row["registers"]:
        registers.append(_register(one, registers))
    quantities = [_quantity(one, registers, devices, count_day) for one in row["quantities"]]
    found = [_read(one, link, registers, quantities, serials) for one in row["reads"]]
    if row["sunspec"]:
        from meters.sunspec import Search  # only where a unit needs it

        of = row["sunspec"]
        found.insert(0, Search(link, of["function"], of["bases"], quantities, master, slow_every))
    return found


def _register(row, before):
    """before: the registers with smaller numbers; helpers are among them."""
    made = Register(
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
    if "direction" in row:
        made.direction = before[row["direction"]]
        made.mask, made.negative, made.positive = row["mask"], row["negative"], row["positive"]
    return made


def _bytes(text):
    return bytes([int(text[i : i + 2], 16) for i in range(0, len(text), 2)])


def _quantity(row, registers, devices, count_day):
    device = devices[row["device"]]
    target = device if row["day_of"] is None else count_day(device, row["day_of"])
    return Quantity(
        target,
        own(device, row["key"]),
        [registers[i] for i in row["registers"]],
        row["low"],
        row["high"],
        row["slow"],
    )


def _read(row, link, registers, quantities, serials):
    if "identity" in row:
        of = row["identity"]
        made = Identity(
            link,
            row["function"],
            row["address"],
            row["needed"] or row["count"],
            of["equals"],
            of["device"],
            serials,
        )
        made.count, made.needed = row["count"], row["needed"]
    else:
        chosen = [registers[i] for i in row["registers"]]
        made = Transaction(link, row["function"], chosen, row["slow"])
        made.quantities = [quantities[i] for i in row["quantities"]]
        made.count, made.needed = row["count"], row["needed"]
    made.alike = row["alike"]
    made.probes = bytes(row["probes"])
    return made
