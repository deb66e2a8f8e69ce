# SPDX-License-Identifier: MIT
"""What a device at some place of the site measures, from the site's truth.

A meter counts positive what flows away from the grid, through it, to what lies behind it: a grid meter's
import is what the site buys, the import of a meter before the inverter is what the inverter consumes.
"""

_PHASE_ENERGY_SHARES = (0.45, 0.30, 0.25)


def _thirds(power_w):
    return power_w / 3, power_w / 3, power_w - 2 * (power_w / 3)


def _grid(truth):
    return truth.grid_w, truth.grid_phases_w, truth.import_wh, truth.export_wh


def _house(truth):
    return truth.house_w, truth.house_phases_w, truth.house_wh, 0.0


def _rod(truth):
    return truth.rod_w, (truth.rod_w, 0.0, 0.0), truth.rod_wh, 0.0


def _inverter(truth):
    power_w = -truth.inverter_w
    return power_w, _thirds(power_w), truth.absorption_wh, truth.generation_wh


def _battery(truth):
    power_w = -truth.battery_w
    return power_w, _thirds(power_w), truth.charge_wh, truth.discharge_wh


PLACES = {
    "grid": _grid,
    "house": _house,
    "rod": _rod,
    "inverter": _inverter,
    "battery": _battery,
}


def of_meter(truth, place, share=1.0, turned=False, ct_ratio=1, vt_ratio=1):
    """Quantities of a meter that sees `share` of what is at its place, perhaps the wrong way round."""
    power_w, phases_w, import_wh, export_wh = PLACES[place](truth)
    if turned:
        power_w, import_wh, export_wh = -power_w, export_wh, import_wh
        phases_w = tuple(-phase_w for phase_w in phases_w)
    found = {
        "power": power_w * share,
        "import_power": max(power_w * share, 0.0),
        "export_power": max(-power_w * share, 0.0),
        "frequency": truth.frequency_hz,
        "import_energy": import_wh * share,
        "export_energy": export_wh * share,
        "total_energy": (import_wh + export_wh) * share,
        "ct_ratio": ct_ratio,
        "vt_ratio": vt_ratio,
        "secondary_power": power_w * share / ct_ratio / vt_ratio,
    }
    for phase, (phase_w, volts) in enumerate(zip(phases_w, truth.voltages_v, strict=True)):
        end = f"_l{phase + 1}"
        found["power" + end] = phase_w * share
        found["voltage" + end] = volts
        found["current" + end] = abs(phase_w * share / volts)
        found["import_energy" + end] = import_wh * share * _PHASE_ENERGY_SHARES[phase]
        found["export_energy" + end] = export_wh * share * _PHASE_ENERGY_SHARES[phase]
        found["secondary_power" + end] = phase_w * share / ct_ratio / vt_ratio
        found["secondary_voltage" + end] = volts / vt_ratio
        found["secondary_current" + end] = abs(phase_w * share / volts) / ct_ratio
    return found


def of_hybrid(truth, share=1.0, turned=()):
    """Quantities of a hybrid inverter: its own, its battery's, and those of its grid meter.

    `turned`: the categories (of config.json) which it counts the wrong way round.
    """
    pv_w = truth.pv_w * share
    pv1_w = float(round(pv_w * 0.55))  # whole, so that the two strings add up after rounding
    found = of_meter(truth, "grid", turned="energy_meters" in turned)
    found.update(
        inverter_power=truth.inverter_w * share * (-1 if "inverters" in turned else 1),
        pv1_power=pv1_w,
        pv2_power=pv_w - pv1_w,
        pv_energy=truth.pv_wh * share,
        pv_energy_day=truth.pv_day_wh * share,
        battery_power=truth.battery_w * (-1 if "batteries" in turned else 1),
        soc=truth.soc,
        charge_energy=truth.charge_wh,
        discharge_energy=truth.discharge_wh,
        load_power=truth.load_w,
        load_energy=truth.house_wh + truth.rod_wh,
    )
    for phase, phase_w in enumerate(truth.house_phases_w):
        found[f"load_power_l{phase + 1}"] = phase_w + (truth.rod_w if phase == 0 else 0.0)
    return found
