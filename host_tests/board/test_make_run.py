# SPDX-License-Identifier: MIT
"""`make run` as an owner calls it: from a folder whose name has blanks and brackets, with devices that only their profiles describe."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading

from host_tools.build import interpreter
from host_tools.paths import ROOT
from host_tools.simulate.free_port import free_port

FOLDERS = ("boards", "docs", "firmware", "host_tools", "lib")
CONFIG = {
    "wifi": {"ssid": "Home"},
    "board": "esp32-devkit-max3485",
    "bus": {"baudrate": 19200, "parity": "even"},
    "devices": [
        {"category": "inverters", "profile": "growatt-sph", "unit": 4},  # a sum of registers
        {"category": "batteries", "profile": "growatt-sph", "unit": 4},
        {"category": "energy_meters", "profile": "sunspec-meter", "unit": 5},  # a chain of models
    ],
}
LIMIT_S = 120


def test_any_folder_and_any_profile(tmp_path):
    house = tmp_path / "my house [1] (new)"
    for name in FOLDERS:
        shutil.copytree(ROOT / name, house / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Makefile", house)
    (house / ".venv").symlink_to(sys.prefix)
    (house / ".cache").symlink_to(interpreter.CACHE)
    config = house / "configs [2]" / "my config.json"
    config.parent.mkdir()
    config.write_text(json.dumps(CONFIG))
    words = ["make", "-o", ".venv/made", "run", f"HTTP_PORT={free_port()}", "HOUR=11:30"]
    process = subprocess.Popen(
        [*words, f"CONFIG={config.relative_to(house)}"],
        cwd=house,
        env={**os.environ, "MAKEFLAGS": ""},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    watchdog = threading.Timer(LIMIT_S, process.kill)
    watchdog.start()
    shown = []
    for line in process.stdout:
        shown.append(line)
        if "bridge: 200" in line:
            break
    process.stdin.close()
    process.stdout.read()
    status = process.wait()
    watchdog.cancel()
    assert status == 0, "".join(shown)
    pairs = re.findall(r"(Inverter|Battery|Grid) (-?[\d ]+) W \| (-?[\d ]+) W", shown[-1])
    assert [name for name, *_ in pairs] == ["Inverter", "Battery", "Grid"], "".join(shown)
    assert {name for name, site, _ in pairs if abs(int(site.replace(" ", ""))) > 100}
    for name, site, served in pairs:
        difference = int(site.replace(" ", "")) - int(served.replace(" ", ""))
        assert abs(difference) <= 60, (name, shown[-1])  # a second lies between both looks
