# SPDX-License-Identifier: MIT
"""What the roles of a profile measure, from the site's truth: by the places where the config has its devices.

As in quantities.py, what flows away from the grid counts positive.
"""

from host_tools.simulate.site.quantities import PLACES

TAKES = ("import", "consumption", "charge")  # what a profile calls `positive`, and counts so
_PLACES = {
    "inverters": "inverter",
    "energy_meters": "grid",
    "batteries": "battery",
    "smart_loads": "rod",
}


def own_roles(profile):
    """The roles that have registers of their own; another one may borrow them."""
    return {role: found for role, found in profile["roles"].items() if isinstance(found, dict)}


def is_hybrid(profile):
    """An inverter that also tells of its battery, or of the meter at the grid."""
    own = own_roles(profile)
    return "inverters" in own and ("batteries" in own or "energy_meters" in own)


def measured(profile, truth, devices):
    """{(role, quantity): value} of all registers' roles, in W, Wh, V, A, Hz, %, degC. devices: {category: Device} of this unit."""
    found = {}
    for role, quantities in own_roles(profile).items():
        device = devices.get(role) or next(
            (d for c, d in devices.items() if profile["roles"].get(c) == role), None
        )
        if not device and not is_hybrid(profile):
            continue  # the same registers, seen from another side
        place = device.place if device else _PLACES[role]
        share = device.share if device else 1.0
        turned = -1 if device and device.turned else 1
        power_w, phases_w, import_wh, export_wh = PLACES[place](truth)
        if turned < 0:
            import_wh, export_wh = export_wh, import_wh
        for quantity in quantities:
            kind, _, rest = quantity.partition("_")
            phase = int(rest[1]) - 1 if rest[:1] == "l" else 0
            phase_w = phases_w[phase] if rest else power_w
            found[role, quantity] = {
                "power": phase_w * share * turned,
                "voltage": truth.voltages_v[phase],
                "current": abs(phase_w * share / truth.voltages_v[phase]),
                "frequency": truth.frequency_hz,
                "soc": truth.soc,
                "temperature": truth.rod_temp_c,
                "energy": share * _energy(rest, role, profile, truth, import_wh, export_wh),
            }[kind]
    return found


def _energy(name, role, profile, truth, import_wh, export_wh):
    if name == "day":
        return truth.pv_day_wh
    if name in ("import", "export"):
        return import_wh if name == "import" else export_wh
    if role == "inverters":
        return truth.pv_wh if "batteries" in own_roles(profile) else export_wh
    return import_wh + export_wh
