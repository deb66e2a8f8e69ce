# SPDX-License-Identifier: MIT
"""The version: a line `VERSION = "1.2.3"` that stands once in firmware/, and nowhere else in the project."""

import re
from pathlib import Path

from host_tools.paths import ROOT

_LINE = re.compile(r'^VERSION = "(\d+\.\d+\.\d+)"$', re.MULTILINE)


class VersionError(Exception):
    """The sources do not tell one version."""


def version(root: Path | str = ROOT) -> str:
    """ "1.2.3" of these sources."""
    found = [
        one
        for path in sorted(Path(root, "firmware").rglob("*.py"))
        for one in _LINE.findall(path.read_text("utf-8"))
    ]
    if len(found) != 1:
        raise VersionError(f'firmware/ must have one line VERSION = "1.2.3"; it has {len(found)}')
    return found[0]
