# SPDX-License-Identifier: MIT
"""docs/add-your-meter.md by its words alone: its files are written, its commands run, and what it shows is what they
print.
"""

import re
import shutil
import subprocess

import pytest

from host_tests.host.pty_device import PtyUnits
from host_tools.paths import ROOT

PAGE = (ROOT / "docs" / "add-your-meter.md").read_text("utf-8")
COPIED = ("boards", "docs", "firmware", "host_tests", "host_tools", "lib")
FILES = ("Makefile", "pyproject.toml", "requirements.txt")
# The table of the page: 2300.0 W and 1234.50 kWh.
METER = {(4, 0): 0, (4, 1): 23000, (4, 2): 123450 >> 16, (4, 3): 123450 & 0xFFFF}
LIMIT_S = 120


def blocks():
    """[(kind, text, the words before it)] of the page's code."""
    found = re.finditer(r"^```(\w+)\n(.*?)^```$", PAGE, re.M | re.S)
    return [(one[1], one[2], PAGE[: one.start()]) for one in found]


@pytest.fixture
def checkout(tmp_path):
    """A copy of this one, with its virtual environment and interpreters."""
    for name in COPIED:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy2(ROOT / name, tmp_path)
    for name in (".venv", ".cache"):
        (tmp_path / name).symlink_to((ROOT / name).resolve())
    return tmp_path


def run(commands, folder, port):
    """What they print. The environment is there: make need not look after it."""
    commands = commands.replace("/dev/ttyUSB0", port)
    commands = re.sub(r"^make ", "make -o .venv/made ", commands, flags=re.M)
    done = subprocess.run(
        ["bash", "-e", "-c", commands],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "COLUMNS": "160"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT_S,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_page_holds_what_it_promises(checkout):
    printed, kinds = "", set()
    with PtyUnits({1: METER}) as device:
        for kind, text, before in blocks():
            kinds.add(kind)
            if kind == "json":
                name = re.findall(r"`([\w./-]+\.json)`:\n\n$", before)[0]
                (checkout / name).parent.mkdir(exist_ok=True)
                (checkout / name).write_text(text)
            elif kind == "sh":
                printed = run(text, checkout, device.port)
            else:
                lines = {" ".join(line.split()) for line in printed.splitlines()}
                for line in text.splitlines():
                    shown = " ".join(line.split())
                    assert shown in lines or shown == "passed" and " passed" in printed, shown
    assert kinds == {"json", "sh", "text"}
    assert "failed" not in printed
