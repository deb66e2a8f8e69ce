# SPDX-License-Identifier: MIT
"""Units of some makers, from the sources named at each; what is chosen: floats, words apart, a register for the sign, sums, scale factors."""

import struct

from host_tools.simulate.chaos.devices import NO_VALUE, Device, grown, watts


class Sdm630(Device):
    """Eastron SDM630. Source: volkszaehler/mbmd:meters/rs485/sdm.go; serial number: openWB packages/modules/common/sdm.py."""

    readable = {4: [(0, 81), (342, 357), (1280, 1283)], 3: [(0xFC00, 0xFC02)]}
    most = 80
    serial = 20000017

    def signals(self, chance, before):
        return {
            "power": watts(chance, 9000),
            "volts": 230 + chance.randrange(-5, 6),
            "export": grown(chance, before, "export", 1000),
        }

    def rows(self, state):
        for phase in range(3):
            yield 4, 2 * phase, "f", state["volts"]
        yield 4, 52, "f", state["power"]
        yield 4, 70, "f", 50
        yield 4, 72, "f", 4711  # kWh, imported
        yield 4, 74, "f", state["export"] // 1000
        yield 3, 0xFC00, "I", self.serial
        yield 3, 0xFC02, "H", 0x70


class Dtsu666(Device):
    """Chint DTSU666, manual ZTY0.464.1002. Source: volkszaehler/mbmd:meters/rs485/dtsu666.go."""

    readable = {
        3: [(0, 0x0B), (0x101E, 0x1029), (0x2000, 0x2021), (0x202A, 0x2031), (0x2044, 0x2045)]
    }
    most = 64
    together = ((3, 0x2006, 0x2013),)  # power, and the volts without which 0 W is no reading

    def signals(self, chance, before):
        return {"power": watts(chance, 9000), "volts": 230 + chance.randrange(-5, 6)}

    def rows(self, state):
        for phase in range(3):
            yield 3, 0x2006 + 2 * phase, "f", 10 * state["volts"]
        yield 3, 0x2012, "f", 10 * state["power"]
        yield 3, 0x2044, "f", 5000


class Deye(Device):
    """Deye 3-phase hybrid, low voltage. Sources: evcc deye-hybrid-3p.yaml; high words: kellerza/sunsynk three_phase_common.py."""

    readable = {3: [(0, 59), (500, 559), (586, 709)]}
    together = ((3, 625, 690),)  # the words of grid power

    def signals(self, chance, before):
        return {
            "power": watts(chance, 12000),
            "inverter": watts(chance, 12000),
            "battery": watts(chance, 6000),
            "soc": 10 * chance.randrange(5, 100),
            "day": grown(chance, before, "day", 100) % 5000000,
            "total": grown(chance, before, "total", 100),
        }

    def rows(self, state):
        yield 3, 0, "H", 5
        yield 3, 529, "H", state["day"] // 100
        yield 3, 534, "I", state["total"] // 100, "little"
        yield 3, 588, "H", state["soc"] // 10
        yield 3, 590, "h", state["battery"]
        for phase in range(3):
            yield 3, 598 + phase, "H", 2300
        yield 3, 625, "H", state["power"] & 0xFFFF  # the low word...
        yield 3, 690, "H", state["power"] >> 16 & 0xFFFF  # ...and the high one
        yield 3, 636, "h", state["inverter"]


class SungrowOld(Device):
    """Sungrow SH before October 2024: battery power without sign at 13021, its direction in bits of 13000.

    Source: mkaiser/Sungrow-SHx-Inverter-Modbus-Home-Assistant:modbus_sungrow.yaml (address = number there).
    """

    readable = {4: [(5000, 5099), (5600, 5759), (13000, 13090)]}
    together = ((4, 13000, 13021),)  # battery power and its direction

    def signals(self, chance, before):
        return {
            "power": watts(chance, 12000),
            "inverter": watts(chance, 12000),
            "battery": watts(chance, 6000),
            "soc": chance.randrange(50, 1000),
            "day": grown(chance, before, "day", 100) % 5000000,
            "total": grown(chance, before, "total", 100),
        }

    def rows(self, state):
        other = 0x11  # running, feeding in
        yield 4, 13000, "H", other | (4 if state["battery"] > 0 else 2)
        yield 4, 13001, "H", state["day"] // 100
        yield 4, 13002, "I", state["total"] // 100, "little"
        yield 4, 13009, "i", -state["power"], "little"  # export
        yield 4, 13021, "H", abs(state["battery"])
        yield 4, 13022, "H", state["soc"]
        yield 4, 13033, "i", state["inverter"], "little"
        for phase in range(3):
            yield 4, 5740 + phase, "H", 2300


class Growatt(Device):
    """Growatt SPH: powers without sign, one register for each direction.

    Sources: evcc growatt-hybrid.yaml; ModDefOrg/devices:solar-inverter/growatt-sph/growatt-sph.moddef.yaml.
    """

    readable = {4: [(0, 124), (1000, 1124)]}

    def signals(self, chance, before):
        battery, grid = watts(chance, 6000), watts(chance, 12000)
        return {
            "pv": chance.randrange(100, 12000),
            "discharge": max(battery, 0),
            "charge": max(-battery, 0),
            "import": max(grid, 0),
            "export": max(-grid, 0),
            "soc": 10 * chance.randrange(5, 100),
            "day": grown(chance, before, "day", 100) % 5000000,
            "total": grown(chance, before, "total", 100),
        }

    def rows(self, state):
        yield 4, 1, "I", 10 * state["pv"]
        yield 4, 53, "I", state["day"] // 100
        yield 4, 55, "I", state["total"] // 100
        yield 4, 1009, "I", 10 * state["discharge"]
        yield 4, 1011, "I", 10 * state["charge"]
        yield 4, 1014, "H", state["soc"] // 10
        yield 4, 1021, "I", 10 * state["import"]
        yield 4, 1029, "I", 10 * state["export"]


class SunSpec(Device):
    """A SunSpec unit; options: base, before=[(model, length)] in front of the one that measures.

    Source: sunspec/models:json/model_103.json, model_203.json; the chain: Device Information Model Specification.
    """

    model = length = 0

    def ranges(self, function):
        return [(self._base, self._end + 1)] if function == 3 else None

    def gap(self, address):
        """As in models that nobody asks for: ratings and their factors."""
        return 0 if address & 1 else 3000

    @property
    def _base(self):
        return self.options.get("base", 40000)

    @property
    def _before(self):
        return [(1, 66), *self.options.get("before", ())]

    @property
    def _at(self):
        """Where the model that measures begins."""
        return self._base + 2 + sum(2 + length for _, length in self._before)

    @property
    def _end(self):
        return self._at + 2 + self.length

    def rows(self, state):
        yield 3, self._base, "H", 0x5375
        yield 3, self._base + 1, "H", 0x6E53
        at = self._base + 2
        for model, length in [*self._before, (self.model, self.length), (0xFFFF, 0)]:
            yield 3, at, "HH", model, length
            at += 2 + length
        yield from self.measured(state, self._at)

    def _encoded(self, state, is_void):
        words = {}
        for function, address, code, *values in self.rows(state):
            raw = struct.pack(">" + code, *values)
            if is_void and len(values) == 1 and code in NO_VALUE and address > self._base + 1:
                raw = self._random.choice(NO_VALUE[code]).to_bytes(len(raw), "big")
            for i in range(0, len(raw), 2):
                words[function, address + i // 2] = raw[i] << 8 | raw[i + 1]
        return words

    def measured(self, state, at):
        """The rows of the model that measures, which begins at `at`."""
        raise NotImplementedError

    def scaled(self, chance, before):
        """(scale factor, power): a power that the factor can hold."""
        factor = (
            before["factor"] if before and chance.random() < 0.8 else chance.choice((-1, 0, 1))
        )
        if factor == 1:
            return factor, 10 * watts(chance, 900, 10)
        return factor, watts(chance, 3200 if factor == -1 else 9000)


def raw_of(value, factor):
    return value // 10 if factor == 1 else value * 10**-factor


class SunSpecInverter(SunSpec):
    model, length = 103, 50

    def signals(self, chance, before):
        factor, power = self.scaled(chance, before)
        return {"factor": factor, "power": power, "total": grown(chance, before, "total", 10)}

    def measured(self, state, at):
        yield 3, at + 13, "h", -1
        yield 3, at + 14, "h", raw_of(state["power"], state["factor"])
        yield 3, at + 15, "h", state["factor"]
        yield 3, at + 24, "I", state["total"] // 10
        yield 3, at + 26, "h", 1


class SunSpecMeter(SunSpec):
    model, length = 203, 105

    def signals(self, chance, before):
        factor, power = self.scaled(chance, before)
        return {"factor": factor, "power": power}

    def measured(self, state, at):
        yield 3, at + 16, "h", 500
        yield 3, at + 17, "h", -1
        yield 3, at + 18, "h", raw_of(state["power"], state["factor"])
        yield 3, at + 22, "h", state["factor"]
