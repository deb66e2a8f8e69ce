# SPDX-License-Identifier: MIT
"""The owner's page in one file: firmware/page/ put together, without what only readers of the source need, and gzipped.

page.html names the other files where they go in: `<!--page.css-->`.
"""

import json
import re
import zlib
from pathlib import Path

from host_tools.build import short_script

FOLDER = Path("firmware/page")
TARGET = "firmware/page.html.gz"
_GZIP = 31  # zlib's window of 32 kB, with gzip's header and no time
_MEMORY = 6  # zlib then begins a new block, with its own code, more often: that suits a page of style, words and script
_PLACE = re.compile(r"<!--([\w.]+)-->|/\*([\w.]+\.json)\*/")
_SCRIPT = re.compile(r"(<script>)(.*?)(?=</script>)", re.DOTALL)
_ONLY_FOR_READERS = re.compile(r"^\s*(//.*|<!-- .* -->|/\* .* \*/)?$")


def built(folder: Path | str) -> bytes:
    """The file as it lies on the board: the same bytes for the same sources."""
    packer = zlib.compressobj(9, zlib.DEFLATED, _GZIP, _MEMORY)
    return packer.compress(text(folder).encode()) + packer.flush()


def text(folder: Path | str) -> str:
    """The page as a browser gets it. folder: with page.html."""
    return _SCRIPT.sub(_with_short_names, _with_files(Path(folder), "page.html"))


def _with_short_names(found):
    return found[1] + short_script.shortened(found[2])


def _with_files(folder, name):
    found = _short((folder / name).read_text("utf-8"))
    if name.endswith(".json"):
        found = json.dumps(json.loads(found), ensure_ascii=False, separators=(",", ":"))
    return _PLACE.sub(lambda place: _with_files(folder, place[1] or place[2]), found)


def _short(source):
    """Without indentation, comments on lines of their own, and blank lines. Such a line means nothing in a text either: no template
    of the page's scripts begins a line with two slashes.
    """
    lines = [line.strip() for line in source.splitlines()]
    return "\n".join(line for line in lines if not _ONLY_FOR_READERS.match(line))
