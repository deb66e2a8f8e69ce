# SPDX-License-Identifier: MIT
"""Prints the CRC of the plan that each profile gives, in each role: the same on every interpreter (host/test_plan_bytes.py).

`micropython host_tests/plans_of_profiles.py`, from the project's root folder. Exit status 0 when all could be planned.
"""

import binascii
import json
import os
import sys

sys.path[:] = (
    ["", "lib", ".frozen"] if sys.implementation.name == "micropython" else ["", "lib"] + sys.path
)

from planning import plan, plan_text, profile_file, settings, strict_json  # noqa: E402

PROFILES = "lib/planning/profiles"
BOARD = "esp32-devkit-max3485"


def load(kind, name):
    folder = "boards" if kind == "board" else PROFILES
    with open("%s/%s.json" % (folder, name), "rb") as file:
        return strict_json.loads(file.read())


def config(name, category):
    """A device of this role with a clamp beside it, and numbers that no single float holds."""
    device = {"category": category, "profile": name, "unit": 3, "info": {"name": "Gerät ä€"}}
    rod = '{"category": "smart_loads", "clamp": ["ct1", "ct2"], "amps_per_volt": 16.777217, "power_factor": 0.07}'
    devices = [json.dumps(device)] + ([rod] if category != "smart_loads" else [])
    top = '{"wifi": {"ssid": "Home", "password": "correct horse"}, "board": "%s", "devices": [%s]}'
    return top % (BOARD, ", ".join(devices))


def main():
    for file in sorted(os.listdir(PROFILES)):
        name = file[:-5]
        for category in sorted(profile_file.completed(name, load, lambda kind: [])["roles"]):
            read = settings.read(config(name, category), load, lambda kind: [])
            crc = 0
            for piece in plan_text.pieces(plan.make(read, load)):
                crc = binascii.crc32(piece.encode(), crc)
            print("%s %s %08x" % (name, category, crc & 0xFFFFFFFF))


main()
