# SPDX-License-Identifier: MIT
"""The pages of the bridge, each in one file: its folder put together, without what only readers of the source need, and gzipped.

page.html names the other files where they go in: `<!--page.css-->`. What is not in a page's own folder is taken from the owner's
page, so that both look and write alike; a JSON file may be named by its path in the sources, and with it the one key that is wanted of
each entry: `/*lib/planning/clamp_models.json turns*/`.
"""

import json
import re
from pathlib import Path

import zopfli.gzip  # some 500 bytes smaller than zlib at its best

from host_tools.build import short_script
from host_tools.paths import ROOT

FOLDER = Path("firmware/page")  # of the owner's page
SETUP_FOLDER = Path("firmware/setup_page")
PAGES = {"firmware/page.html.gz": FOLDER, "firmware/setup.html.gz": SETUP_FOLDER}
_PLACE = re.compile(r"<!--([\w.]+)-->|/\*([\w./]+\.json)(?: (\w+))?\*/")
_SCRIPT = re.compile(r"(<script>)(.*?)(?=</script>)", re.DOTALL)
_ONLY_FOR_READERS = re.compile(r"^\s*(//.*|<!-- .* -->|/\* .* \*/)?$")


def built(folder: Path | str) -> bytes:
    """The file as it lies on the board: the same bytes for the same sources."""
    return zopfli.gzip.compress(text(folder).encode())


def text(folder: Path | str) -> str:
    """The page as a browser gets it. folder: with page.html."""
    return _SCRIPT.sub(_with_short_names, _with_files(Path(folder), "page.html"))


def _with_short_names(found):
    return found[1] + short_script.shortened(found[2])


def _with_files(folder, name, key=None):
    found = _short(_file(folder, name).read_text("utf-8"))
    if name.endswith(".json"):
        data = json.loads(found)
        data = {one: about.get(key, 0) for one, about in data.items()} if key else data
        found = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return _PLACE.sub(lambda place: _with_files(folder, place[1] or place[2], place[3]), found)


def _file(folder, name):
    places = [folder / name, folder.parent / FOLDER.name / name, ROOT / name]
    return next((place for place in places if place.is_file()), places[0])


def _short(source):
    """Without indentation, comments on lines of their own, and blank lines. Such a line means nothing in a text either: no template
    of the page's scripts begins a line with two slashes.
    """
    lines = [line.strip() for line in source.splitlines()]
    return "\n".join(line for line in lines if not _ONLY_FOR_READERS.match(line))
