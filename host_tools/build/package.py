# SPDX-License-Identifier: MIT
"""The mip package: what `mpremote mip install --target / package.json` puts on a board, compiled as make deploy does it.

Nobody knows the board's config.json here, so it has every board. Without native code one package fits
every processor: then .mpy files of version 6 run on MicroPython 1.24 and all later ones so far. make deploy is the better
way: it checks the config, sends only what changed and keeps the old version.
"""

import json
from pathlib import Path

from host_tools.build import image
from host_tools.build.version import version

_FILES = "board"  # the folder beside package.json


def write(folder: Path | str, root: Path | str = image.ROOT) -> None:
    """Make package.json and its files in this folder; ImageError if a module does not compile, or only for one processor."""
    entries = [*image.code_and_data(root), *image.boards(root)]
    for entry in entries:
        image.put(entry, Path(folder, _FILES))
    urls = [[entry.target, f"{_FILES}/{entry.target}"] for entry in sorted(entries)]
    Path(folder, "package.json").write_text(_text(urls, version(root)), "utf-8")


def _text(urls, version):
    """One file a line."""
    lines = ",\n".join(f"    {json.dumps(pair)}" for pair in urls)
    return f'{{\n  "urls": [\n{lines}\n  ],\n  "version": {json.dumps(version)}\n}}\n'
