# SPDX-License-Identifier: MIT
"""Where this checkout lies. Importing this lets a PC import the device's lib/ too."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

if str(ROOT / "lib") not in sys.path:
    sys.path.insert(0, str(ROOT / "lib"))

PROFILES = ROOT / "lib" / "planning" / "profiles"
CLAMP_MODELS = ROOT / "lib" / "planning" / "clamp_models.json"
