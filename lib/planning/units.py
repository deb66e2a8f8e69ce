# SPDX-License-Identifier: MIT
"""The units of a plan: what is read of each, and in which reads.

Grouping works on the objects that the bridge runs with (meters.register); here they become the lists and numbers of plan.json.
"""

from meters import lengths
from meters.identity import Identity
from meters.register import Helper
from meters.states import KNOWN
from planning import grouping, model_ids, unit_limits
from planning.checks import complain


class UnitPlan:
    """One unit. limits: of a profile; written: timeout_ms and pause_ms of the config, which go before, or None."""

    def __init__(self, address, limits, written):
        self.address = address
        self.quantities = []
        self.choice = None  # the `choice` of a profile, with `owner`: the profile that config.json names, or None
        self.sets = {}  # of each profile to choose among: its quantities, beside those that do not depend on it
        self._identities = []
        self._sunspec = None
        self._written = written
        self._unit = self._limited(limits)

    def _limited(self, limits):
        written = self._written
        return unit_limits.unit(self.address, limits, written["timeout_ms"], written["pause_ms"])

    def narrow(self, limits):
        """One more profile of this unit: the strictest of their limits hold."""
        unit, other = self._unit, self._limited(limits)
        unit.timeout_ms = max(unit.timeout_ms, other.timeout_ms)
        unit.pause_ms = max(unit.pause_ms, other.pause_ms)
        unit.registers_per_read = min(unit.registers_per_read, other.registers_per_read)
        unit.boundaries = sorted(set(unit.boundaries) | set(other.boundaries))
        more = [one for one in other.unreadable if one not in unit.unreadable]
        unit.unreadable = list(unit.unreadable) + more

    def search(self, description):
        """Its registers are where the unit's SunSpec models are."""
        self._sunspec = {
            "function": description["defaults"]["function"],
            "bases": description["sunspec"]["bases"],
        }

    def identify(self, description, device, has_serial):
        """What is read once to know the unit. True if that is its serial number, for info.json of this device."""
        found = False
        for name, spec in sorted(description.get("identity", {}).items()):
            if name == "model_id" and "choice" in description:
                continue  # the unit chooses among models
            if name == "model_id":
                self._ask(_identity(self._unit, spec, device))
            elif not has_serial:
                found = True
                self._identities.append(_identity(self._unit, spec, device))
        return found

    def _ask(self, identity):
        """A model number is asked for once, however many devices the unit is."""
        for one in self._identities:
            if (one.function, one.address, one.equals) == (
                identity.function,
                identity.address,
                identity.equals,
            ):
                return
        self._identities.append(identity)

    def choose(self, choice, owner):
        """The unit says which of several profiles holds; owner: which one config.json names, or None."""
        if self.choice is None:
            self.choice = dict(choice, owner=None)
        elif self.choice["profiles"] != choice["profiles"]:
            problem = "two profiles of unit %s choose by what it says; one is allowed"
            complain("devices", problem, self.address)
        if owner is not None:
            self.choice["owner"] = owner

    def planned(self, line, slow_every):
        """As plan.json holds it. line: modbus.master.Master, for its timing."""
        timing = grouping.overhead_chars(self._unit, line), slow_every
        if self.choice is None:
            return self._with_limits(self._set(self.quantities, [], *timing))
        asked = _identity(self._unit, dict(self.choice, equals=0), 0)
        asked.state, asked.no_padding = KNOWN, True  # its length stays
        names = sorted(self.choice["profiles"])
        sets = [self._set(self.quantities + self.sets[name], [asked], *timing) for name in names]
        made = self._with_limits(sets[0])
        sets[0] = None  # the row itself
        owner = self.choice["owner"]
        made["choice"] = {
            "function": self.choice["function"],
            "address": self.choice["address"],
            "count": asked.count,
            "little": self.choice.get("word_order") == "little",
            "owner": None if owner is None else names.index(owner),
            "sets": [
                {"numbers": self._numbers(name), "set": sets[i]} for i, name in enumerate(names)
            ],
        }
        return made

    def _numbers(self, name):
        equals = model_ids.listed({"equals": self.choice["profiles"][name]})
        return model_ids.ranges(equals, 1)

    def _set(self, quantities_read, others, overhead_chars, slow_every):
        """What is read, and in which reads; others: reads from which their lengths must differ."""
        registers = _Numbered()
        quantities = [_quantity(one, registers) for one in quantities_read]
        reads = []
        if self._sunspec:
            self._sunspec["overhead_chars"] = overhead_chars
        else:
            reads = grouping.reads(self._unit, quantities_read, overhead_chars, slow_every)
        reads = lengths.distinct_lengths(reads + self._identities + others)
        return {
            "registers": registers.planned(),
            "quantities": quantities,
            "reads": [
                _read(one, registers, quantities_read) for one in reads if one not in others
            ],
            "sunspec": self._sunspec,
        }

    def _with_limits(self, planned):
        unit = self._unit
        made = {
            "address": self.address,
            "timeout_ms": unit.timeout_ms,
            "pause_ms": unit.pause_ms,
            "registers_per_read": unit.registers_per_read,
            "boundaries": list(unit.boundaries),
            "unreadable": list(unit.unreadable),
        }
        made.update(planned)
        return made


def _identity(unit, spec, device):
    equals = model_ids.listed(spec)
    return Identity(
        unit,
        spec["function"],
        spec["address"],
        model_ids.words(spec),
        equals and model_ids.ranges(equals, model_ids.words(spec)),
        equals and model_ids.in_words(equals),
        device,
    )


class _Numbered:
    """All registers of a unit, helpers too, each with a number."""

    def __init__(self):
        self._all = []

    def number(self, register):
        for i, one in enumerate(self._all):
            if one is register:
                return i
        for needed in register.needed():
            self.number(needed)
        self._all.append(register)
        return len(self._all) - 1

    def planned(self):
        return [self._planned(register) for register in self._all]

    def _planned(self, register):
        made = {
            name: getattr(register, name)
            for name in ("function", "address", "kind", "multiply", "divide")
        }
        if isinstance(register, Helper):
            made["helper"] = True
        if register.little:
            made["little"] = True
        if register.invalid:
            made["invalid"] = [_hex(marker) for marker in register.invalid]
        if register.models:
            made["models"] = list(register.models)
        if register.factors:
            made["factors"] = [self.number(factor) for factor in register.factors]
        if register.exponent is not None:
            made["exponent"] = self.number(register.exponent)
        if register.mains is not None:
            made["mains"] = self.number(register.mains)
        if register.direction is not None:
            made["direction"] = self.number(register.direction)
            for name in ("mask", "negative", "positive"):
                made[name] = getattr(register, name)
        return made


def _hex(data):
    return "".join(["%02x" % byte for byte in data])


def _quantity(quantity, registers):
    made = {
        "device": quantity.device,
        "key": quantity.key,
        "registers": [registers.number(register) for register in quantity.registers],
        "low": quantity.low,
        "high": quantity.high,
        "slow": quantity.slow,
        "day_of": quantity.day_of,
        "doubt": quantity.doubt,
    }
    if quantity.offset:
        made["offset"] = quantity.offset
    return made


def _read(read, registers, quantities):
    made = {
        "function": read.function,
        "address": read.address,
        "count": read.count,
        "padding": read.padding,
        "slow": read.slow,
        "same_length": read.same_length,
        "probes": list(read.probes),
        "registers": sorted([registers.number(register) for register in read.registers]),
        "quantities": [quantities.index(one) for one in read.quantities],
    }
    if isinstance(read, Identity):
        made["identity"] = {
            "equals": read.equals,
            "expects": read.expects,
            "device": read.device,
        }
    return made
