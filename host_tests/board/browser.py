# SPDX-License-Identifier: MIT
"""Chromium with the page in it: Debian's Chromium, driven by what npm has pinned in browser/package-lock.json."""

import hashlib
import json
import subprocess
from pathlib import Path

from host_tests import needs
from host_tools.build import interpreter

_FOLDER = Path(__file__).parent / "browser"
SHOTS = interpreter.CACHE.parent / "build" / "page"  # what a person looks at


def needed():
    """(path of Chromium, folder with the modules); a missing one skips the test, and fails it where CI is set."""
    chromium = needs.program("chromium", "google-chrome", "chrome", package="chromium")
    needs.program("node", package="nodejs")
    npm = needs.program("npm", package="npm")
    return chromium, _modules(npm)


def _modules(npm):
    pins = hashlib.sha256((_FOLDER / "package-lock.json").read_bytes()).hexdigest()[:12]
    folder = interpreter.CACHE / f"browser-{pins}"
    with interpreter.locked(interpreter.CACHE / "browser.lock"):
        if not folder.exists():
            with interpreter.appearing(folder) as new:
                interpreter.npm_install(npm, new, _FOLDER)
    return folder


def look(address, *views):
    """What was seen in each view, as look.mjs tells it."""
    return _told("look.mjs", {"address": address, "views": views})


def walk(address, steps, **task):
    """What was seen on the way, as walk.mjs tells it: {"said", "asked", "looks": {name: ...}, "ran"}."""
    return _told("walk.mjs", {"address": address, "steps": steps, **task})


def _told(script, task):
    chromium, modules = needed()
    task |= {"modules": str(modules), "chromium": chromium}
    done = subprocess.run(
        ["node", str(_FOLDER / script)],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])
