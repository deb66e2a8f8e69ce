# SPDX-License-Identifier: MIT
"""The pictures of the owner's page in the docs, docs/pictures/. To make them anew:

    PYTHONPATH=.:lib:host_tests/board .venv/bin/python host_tests/board/page_pictures.py

The virtual board runs config.example.json in a house at noon; the devices have no names, so that the page's own words show.
"""

import tempfile
from pathlib import Path

from PIL import Image

import bridge
import browser
from host_tools.simulate.site import Site
from test_page import EXAMPLE, charger

FOLDER = bridge.ROOT / "docs" / "pictures"
_HOUR = 13.0
_WIDTH, _SCALE = 360, 2
_BOTTOM = (
    "Math.ceil(document.getElementById('flow').parentNode.getBoundingClientRect().bottom + 16)"
)
_SETTINGS = EXAMPLE | {
    "devices": [
        {key: value for key, value in one.items() if key != "info"} for one in EXAMPLE["devices"]
    ]
}


def main():
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, Site(_SETTINGS, hour=_HOUR) as site:
        folder = Path(name)
        site.freeze()
        clamps = [f"--clamp={clamp}={wave}" for clamp, wave in site.waveforms().items()]
        with bridge.running(folder, _SETTINGS, site.bridge_tty, *clamps) as board, charger(board):
            board.until(lambda answer: answer.status == 200, "values", limit_s=60)
            for lang, sentence in (("de", "Alles in Ordnung."), ("en", "All is well.")):
                _picture(board, folder / f"{lang}.png", lang, sentence)


def _picture(board, shot, lang, sentence):
    view = {
        "lang": lang, "width": _WIDTH * _SCALE, "zoom": _SCALE, "axe": False, "waits_ms": 6000,
        "limit_ms": 60000, "run": _BOTTOM, "shot": str(shot),
    }  # fmt: skip
    (seen,) = browser.look(board.address, view)
    assert sentence in seen["text"], seen["text"]
    whole = Image.open(shot).convert("RGB")
    top = whole.crop((0, 0, whole.width, seen["ran"]))
    top.save(FOLDER / f"page-{lang}.webp", quality=80, method=6)


if __name__ == "__main__":
    main()
