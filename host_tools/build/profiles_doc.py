# SPDX-License-Identifier: MIT
"""Writes docs/profiles.md, the catalogue: `python -m host_tools.build.profiles_doc`."""

from host_tools.build import register_tables
from host_tools.owner import check
from host_tools.paths import PROFILES, ROOT
from values.fields import FIELDS

PAGE = ROOT / "docs" / "profiles.md"

_ROLES = {
    "inverters": "inverter",
    "energy_meters": "meter",
    "batteries": "battery",
    "smart_loads": "load",
}
_HEAD = """\
# Profiles

{count} devices, sorted by maker. **Profile** is the name for config.json; **serial** is what is known of a new device's
settings: *preset* is what a program sets for this very device, *default* only a program's general default, so look at
the device. A role in brackets uses the registers of another one. **One source**: what the charger gets of a role that only
one project states, among the two tables of registers that the tests hold every profile against. Made from `lib/planning/profiles/` by
`python -m host_tools.build.profiles_doc`; the format is in [formats/profile.md](formats/profile.md).

| Device | Profile | Serial | Roles and quantities | One source | Caveat |
| --- | --- | --- | --- | --- | --- |
"""


def load():
    """{name: profile with all that it extends}, sorted by maker and model."""
    files = check.Files(PROFILES)
    found = {path.stem: files.profile(path.stem) for path in PROFILES.glob("*.json")}
    key = {name: (one["vendor"].lower(), name) for name, one in found.items()}
    return {name: found[name] for name in sorted(found, key=key.__getitem__)}


def device(profile):
    variants = [one for one in profile.get("variants", ()) if one != profile["model"]]
    also = f"<br>{', '.join(variants)}" if variants else ""
    return f"**{profile['vendor']} {profile['model']}**{also}"


def serial(profile):
    """9600 8N1 unit 1 (preset); a question mark for what nobody states."""
    known = profile.get("serial")
    if known is None:
        return "see device"
    parity = known.get("parity", "?")[0].upper()
    words = [str(known.get("baudrate", "?")), f"8{parity}{known.get('stop_bits', '?')}"]
    if "unit" in known:
        words.append(f"unit {known['unit']}")
    if known["source"] != "factory":
        words.append(f"({known['source'].split()[-1]})")
    return " ".join(words)


def quantities(role):
    """power, energy_import, voltage_l1..l3: three phases as one word."""
    words = []
    for name in role:
        stem, _, phase = name.rpartition("_l")
        if phase == "1" and f"{stem}_l3" in role:
            words.append(f"{stem}_l1..l3")
        elif phase not in ("2", "3") or f"{stem}_l1" not in role:
            words.append(name)
    return ", ".join(words)


def roles(profile):
    own = [(name, role) for name, role in profile["roles"].items() if isinstance(role, dict)]
    lines = [f"{_ROLES[name]}: {quantities(role)}" for name, role in own]
    borrowed = [_ROLES[name] for name, role in profile["roles"].items() if isinstance(role, str)]
    if borrowed:
        lines.append(f"({', '.join(borrowed)})")
    return "<br>".join(lines)


def for_the_charger(profile):
    """{role with registers of its own: [quantity that becomes one of the charger's values]}"""
    found = {}
    for name, role in profile["roles"].items():
        own = role if isinstance(role, str) else name
        wanted = [quantity for _, _, names in FIELDS[name] for quantity in names]
        there = [one for one in profile["roles"][own] if one in wanted]
        found[own] = found.get(own, []) + [one for one in there if one not in found.get(own, [])]
    return found


def one_source(name, profile, tables):
    """What the charger gets that only one project states: "meter: power, energy_export"."""
    witnesses = register_tables.agreeing(name, profile, tables)
    lines = []
    for role, quantities_of_role in for_the_charger(profile).items():
        alone = [one for one in quantities_of_role if len(witnesses[role, one]) < 2]
        if alone:
            lines.append(f"{_ROLES[role]}: {', '.join(alone)}")
    return "<br>".join(lines)


def caveat(profile):
    words = [profile["caveat"]] if "caveat" in profile else []
    if "choice" in profile:
        names = " or ".join(f"`{name}`" for name in profile["choice"]["profiles"])
        words.append(f"The device says whether it is {names} (`variant`).")
    if "alternatives" in profile:
        words.append(f"See also {', '.join(f'`{name}`' for name in profile['alternatives'])}.")
    return " ".join(words)


def page(profiles):
    tables = register_tables.load()
    rows = [
        f"| {device(one)} | `{name}` | {serial(one)} | {roles(one)} | {one_source(name, one, tables)} | {caveat(one)} |\n"
        for name, one in profiles.items()
    ]
    return _HEAD.format(count=len(profiles)) + "".join(rows)


if __name__ == "__main__":
    PAGE.write_text(page(load()), "utf-8")
