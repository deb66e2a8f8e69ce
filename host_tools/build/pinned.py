# SPDX-License-Identifier: MIT
"""Packages that one tool alone needs, beside those of the virtual environment: by pip, held to their hashes."""

import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path


def install(requirement: str, hashes: Iterable[str], folder: Path | str) -> None:
    """Install into a folder; requirement: "name==version", hashes: SHA-256 of each of its files. CalledProcessError if
    pip gets none of these.
    """
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    with tempfile.TemporaryDirectory() as scratch:
        pins = Path(scratch, "requirements.txt")
        pins.write_text(" ".join([requirement, *(f"--hash=sha256:{one}" for one in hashes)]))
        options = ("--no-deps", "--require-hashes", "--target", folder, "--requirement", pins)
        subprocess.run([*pip, *options], check=True)
