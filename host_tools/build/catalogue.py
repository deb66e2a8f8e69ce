# SPDX-License-Identifier: MIT
"""What the set-up mode has to know of all profiles at once: a board would take seconds to read them one by one.

setup_profiles.json   [{"name", "title", "roles"}, ...], as the page gets it, one a line
setup_identities.txt  what recognition.naming needs: a profile a line, its name, a blank, {"models", "identities"}
setup_search.json     {"delivered", "others", "units"}: what lib/recognition/search.py makes of their `serial` sections
"""

import json
from pathlib import Path

import host_tools.paths  # noqa: F401  (lib/ can be imported then)
from planning import profile_file
from recognition import identity, search, values

TITLES_TARGET = "firmware/setup_profiles.json"
SEARCH_TARGET = "firmware/setup_search.json"
IDENTITIES_TARGET = "firmware/setup_identities.txt"
IDENTITIES = Path("lib/planning/identities.json")


def titles(folder: Path | str) -> bytes:
    """folder: the one of the profiles."""
    lines = [_json(_title(name, one)) for name, one in _profiles(Path(folder)).items()]
    return ("[\n" + ",\n".join(lines) + "\n]\n").encode()


def searched(folder: Path | str) -> bytes:
    """Each pair is [baudrate, parity, stop bits, unit]."""
    serials = [profile.get("serial", {}) for profile in _profiles(Path(folder)).values()]
    delivered, others = search.tries(serials)
    found = {
        "delivered": [[*setting, unit] for setting, unit in delivered],
        "others": [[*setting, unit] for setting, unit in others],
        "units": search.units_first(serials),
    }
    return _json(found).encode() + b"\n"


def identities(folder: Path | str) -> bytes:
    """One line for each profile whose devices can say which model they are."""
    file = Path(folder).parent / IDENTITIES.name
    known = json.loads(file.read_bytes()) if file.is_file() else {}
    lines = []
    for name, profile in _profiles(Path(folder)).items():
        of_profile = {
            "models": values.models(profile),
            "identities": [
                {key: one[key] for key in one if key != "source"}
                for one in identity.of_profile(name, profile, known)
            ],
        }
        if of_profile["models"] or of_profile["identities"]:
            lines.append(f"{name} {_json(of_profile)}\n")
    return "".join(lines).encode()


def _title(name, profile):
    return {
        "name": name,
        "title": f"{profile['vendor']} {profile['model']}",
        "roles": list(profile["roles"]),
    }


def _profiles(folder):
    def load(kind, name):
        path = folder / f"{name}.json"
        return json.loads(path.read_bytes()) if path.is_file() else None

    names = sorted(path.stem for path in folder.glob("*.json"))
    return {name: profile_file.completed(name, load, lambda kind: names) for name in names}


def _json(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
