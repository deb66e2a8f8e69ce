"""The units of a plan: what is read of each, and in which reads.

Grouping works on the objects that the bridge runs with (meters.register); here they become the lists and numbers of plan.json.
"""

from meters.bus import Link
from meters.identity import Identity
from planning import grouping


class UnitPlan:
    """One unit. limits: of a profile; written: timeout_ms and pause_ms of the config, which go before, or None."""

    def __init__(self, number, limits, written):
        self.number = number
        self.quantities = []
        self._identities = []
        self.sunspec = None
        self._written = written
        self._link = self._limited(limits)

    def _limited(self, limits):
        return Link(self.number, limits, self._written["timeout_ms"], self._written["pause_ms"])

    def narrow(self, limits):
        """One more profile of this unit: the strictest of their limits hold."""
        link, other = self._link, self._limited(limits)
        link.timeout_ms = max(link.timeout_ms, other.timeout_ms)
        link.pause_ms = max(link.pause_ms, other.pause_ms)
        link.registers_per_read = min(link.registers_per_read, other.registers_per_read)
        link.walls = sorted(set(link.walls) | set(other.walls))
        link.holes = list(link.holes) + [hole for hole in other.holes if hole not in link.holes]

    def search(self, description):
        """Its registers are where the unit's SunSpec models are."""
        self.sunspec = {
            "function": description["defaults"]["function"],
            "bases": description["sunspec"]["bases"],
        }

    def identify(self, description, device, has_serial):
        """What is read once to know the unit. True if that is its serial number, for info.json of this device."""
        found = False
        for name, spec in sorted(description.get("identity", {}).items()):
            if name == "model_id":
                self._ask(_identity(self._link, spec, device))
            elif not has_serial:
                found = True
                self._identities.append(_identity(self._link, spec, device))
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

    def planned(self, master, slow_every):
        """As plan.json holds it. master: modbus.master.Master, for its timing."""
        link = self._link
        registers = _Numbered()
        quantities = [_quantity(one, registers) for one in self.quantities]
        reads = []
        if self.sunspec is None:
            reads = grouping.transactions(link, self.quantities, master, slow_every)
        reads = grouping.shaped(reads + self._identities)
        return {
            "unit": self.number,
            "timeout_ms": link.timeout_ms,
            "pause_ms": link.pause_ms,
            "registers_per_read": link.registers_per_read,
            "walls": list(link.walls),
            "holes": list(link.holes),
            "registers": registers.planned(),
            "quantities": quantities,
            "reads": [_read(one, registers, self.quantities) for one in reads],
            "sunspec": self.sunspec,
        }


def _identity(link, spec, device):
    equals = spec.get("equals")
    return Identity(
        link,
        spec["function"],
        spec["address"],
        int(spec["type"][1:]) // 16,
        [equals] if isinstance(equals, int) else equals,
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
        for helper in register.helpers():
            self.number(helper)
        self._all.append(register)
        return len(self._all) - 1

    def planned(self):
        return [self._planned(register) for register in self._all]

    def _planned(self, register):
        made = {
            name: getattr(register, name)
            for name in ("function", "address", "kind", "multiply", "divide")
        }
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
        if register.direction is not None:
            made["direction"] = self.number(register.direction)
            for name in ("mask", "negative", "positive"):
                made[name] = getattr(register, name)
        return made


def _hex(data):
    return "".join(["%02x" % byte for byte in data])


def _quantity(quantity, registers):
    return {
        "device": quantity.device,
        "key": quantity.key,
        "registers": [registers.number(register) for register in quantity.registers],
        "low": quantity.low,
        "high": quantity.high,
        "slow": quantity.slow,
        "day_of": quantity.day_of,
    }


def _read(read, registers, quantities):
    made = {
        "function": read.function,
        "address": read.address,
        "count": read.count,
        "needed": read.needed,
        "slow": read.slow,
        "alike": read.alike,
        "probes": list(read.probes),
        "registers": [registers.number(register) for register in read.registers],
        "quantities": [quantities.index(one) for one in read.quantities],
    }
    if isinstance(read, Identity):
        made["identity"] = {"equals": read.equals, "device": read.device}
    return made
