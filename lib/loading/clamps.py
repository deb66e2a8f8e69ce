# SPDX-License-Identifier: MIT
"""From the rows of plan.json to the clamps of a run."""

from clamp.reading import Clamp, PhaseSum


def clamps(rows, devices, sampler_of):
    """One Clamp for each row. sampler_of(pin): what samples it, see Clamp."""
    sums = {}  # device -> what adds up its phases, where it has several
    for device in {row["device"] for row in rows}:
        names = [row["name"] for row in rows if row["device"] == device]
        if len(names) > 1:
            sums[device] = PhaseSum(devices[device], devices[device].power, names)
    return [_clamp(row, devices, sums.get(row["device"]), sampler_of(row["pin"])) for row in rows]


def _clamp(row, devices, several, sampler):
    device = devices[row["device"]]
    voltage_dv = _voltage(devices, row["voltage"])
    if several:
        return Clamp(row["name"], sampler, row, several, row["name"], voltage_dv)
    return Clamp(row["name"], sampler, row, device, device.power, voltage_dv)


def _voltage(devices, place):
    """What gives the voltage as a meter has just measured it, or None; None where no meter does."""
    if not place:
        return None
    fields, key = devices[place[0]].fields, place[1]
    return lambda: fields[key]
