# SPDX-License-Identifier: MIT
"""What the PC side installs is pinned to the byte."""

import hashlib
import re
import subprocess
import zipfile

import pytest

from host_tools.build import pinned
from host_tools.paths import ROOT

LOCKED = (ROOT / "requirements.txt").read_text().replace("\\\n", " ")


def test_every_package_has_one_version_and_its_hashes():
    for line in LOCKED.splitlines():
        if line and not line.lstrip().startswith("#"):
            assert re.match(r"[a-z0-9.-]+==[^ ]+ ", line), line
            assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", line), line


def test_chosen_versions_are_the_locked_ones():
    chosen = re.findall(r"^[a-z].*==.*$", (ROOT / "requirements.in").read_text(), re.M)
    assert chosen and all(f"\n{one} " in LOCKED for one in chosen), "`make pins` is due"


def test_no_index_is_named():
    assert "://" not in LOCKED and "index" not in LOCKED


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """SHA-256 of a package that pip finds in a folder, and nothing else."""
    path = tmp_path / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("tiny.py", "")
        made.writestr(
            "tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n"
        )
        made.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        made.writestr("tiny-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_package_of_one_tool_is_installed_into_its_folder(wheel, tmp_path):
    pinned.install("tiny==1.0", ("0" * 64, wheel), tmp_path / "new")
    assert (tmp_path / "new" / "tiny.py").exists()


def test_package_that_is_not_what_it_was_is_not_installed(wheel, tmp_path):
    with pytest.raises(subprocess.CalledProcessError):
        pinned.install("tiny==1.0", ("0" * 64,), tmp_path / "new")
    assert not (tmp_path / "new" / "tiny.py").exists()
