# SPDX-License-Identifier: MIT
"""What the values of one role say for or against a profile. Pure: {quantity: value in base units} in, points out."""

from const import const

# Points for what is seldom right by chance.
_VOLTS = const(2)  # of each phase
_HERTZ = const(3)
_SUM = const(3)
_APPARENT = const(2)
_SOC = const(1)
_DAY = const(1)

# In base units: 0.1 V, mHz, 0.1 %.
_DEAD_DV = const(100)
_LOW_DV = const(1000)
_HIGH_DV = const(2900)
_MAINS_MHZ = ((45000, 55000), (57000, 63000))
_FULL = const(1000)
# Values that belong together are read one after the other.
_TOLERANCE_W = const(30)
_TOLERANCE_PERCENT = const(5)
_FEW_VA = const(60)
_PHASES = ("l1", "l2", "l3")


class Contradiction(Exception):
    """The unit says what a device of this profile cannot say."""


def judge(known, may_sleep):
    """[(points, words)]; raises Contradiction. may_sleep: an inverter has neither volts nor hertz at night."""
    found = []
    for check in (_volts, _hertz, _sum, _apparent, _soc, _day):
        found.extend(check(known, may_sleep))
    return found


def _volts(known, may_sleep):
    found = []
    for phase in _PHASES:
        value = known.get("voltage_" + phase)
        if value is None or value < _DEAD_DV and (may_sleep or phase != "l1"):
            continue  # asleep, or a phase without a wire
        if not _LOW_DV <= value <= _HIGH_DV:
            raise Contradiction
        found.append((_VOLTS, "%d.%d V on %s" % (value // 10, value % 10, phase.upper())))
    return found


def _hertz(known, may_sleep):
    value = known.get("frequency")
    if value is None or (may_sleep and not value):
        return []
    if not any([low <= value <= high for low, high in _MAINS_MHZ]):
        raise Contradiction
    return [(_HERTZ, "%d.%02d Hz" % (value // 1000, value % 1000 // 10))]


def _sum(known, may_sleep):
    """The phases add up to the total. Zeros prove nothing."""
    total = known.get("power")
    phases = [known.get("power_" + phase) for phase in _PHASES]
    if total is None or None in phases or not any(phases):
        return []
    if abs(total - sum(phases)) > max(_TOLERANCE_W, abs(total) * _TOLERANCE_PERCENT // 100):
        raise Contradiction
    return [(_SUM, "the phases add up to %d W" % total)]


def _apparent(known, may_sleep):
    """Watts are at most volts times amps, and seldom far below."""
    found = []
    for phase in _PHASES:
        power = known.get("power_" + phase)
        if power is None and phase == "l1" and known.get("voltage_l2") is None:
            power = known.get("power")
        volts, amps = known.get("voltage_" + phase), known.get("current_" + phase)
        if power is None or volts is None or amps is None:
            continue
        apparent_va = volts * abs(amps) // 10000
        words = "%d W and %d VA on %s" % (power, apparent_va, phase.upper())
        if apparent_va < _FEW_VA:
            continue
        if abs(power) > 3 * apparent_va + 100:
            raise Contradiction
        if apparent_va // 4 <= abs(power) <= apparent_va + apparent_va // 20 + 5:
            found.append((_APPARENT, words))
        elif abs(power) < apparent_va // 30:
            found.append((-_APPARENT, words))
    return found


def _soc(known, may_sleep):
    value = known.get("soc")
    if value is None or value < 10:  # a hybrid may have no battery
        return []
    if value > _FULL:
        raise Contradiction
    return [(_SOC, "state of charge %d %%" % (value // 10))]


def _day(known, may_sleep):
    day, total = known.get("energy_day"), known.get("energy_total")
    if not day or total is None:
        return []
    if day > total:
        raise Contradiction
    return [(_DAY, "%d kWh today of %d kWh" % (day // 1000, total // 1000))]
