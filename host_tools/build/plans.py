# SPDX-License-Identifier: MIT
"""plan.json as a PC makes it, the same to the byte as a board's own."""

import binascii
import io
from pathlib import Path

from firmware.modes.version import VERSION
from host_tools.build import profile_pack
from host_tools.owner import check
from host_tools.paths import PROFILES
from planning import plan, plan_text


def text(config_file: Path | str) -> bytes:
    """bytes of plan.json. Raises planning.settings.SettingsError or OSError."""
    file = io.BytesIO()
    plan_text.write(stamped(config_file), file)
    return file.getvalue()


def stamped(config_file: Path | str) -> dict:
    """The plan as a dict."""
    config, files = check.check(Path(config_file))
    made = plan.make(config, files.load)
    sources = {"config": _crc(Path(config_file))}
    for source, path in files.asked.items():
        is_packed = path.parent == PROFILES
        sources[source] = None if is_packed else _crc(path)
        if is_packed:
            sources["pack"] = profile_pack.crc(PROFILES)
    return plan.stamped(made, VERSION, sources)


def _crc(path):
    return binascii.crc32(path.read_bytes())
