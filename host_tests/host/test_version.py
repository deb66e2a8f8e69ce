# SPDX-License-Identifier: MIT
"""The version is one line of the firmware."""

import re

import pytest

from host_tools.build.version import VersionError, version
from host_tools.paths import ROOT


def test_this_project_has_one():
    assert version().count(".") == 2


def test_owners_are_told_first_of_this_version():
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    first = re.search(r"^## (\d+\.\d+\.\d+)\b", changes, re.M)
    assert first[1] == version()


@pytest.mark.parametrize(
    "files",
    [{}, {"a": 'VERSION = "1.2.3"\n', "b": 'VERSION = "1.2.3"\n'}, {"a": 'VERSION = "1"\n'}],
)
def test_none_or_two_are_an_error(tmp_path, files):
    (tmp_path / "firmware").mkdir()
    for name, text in files.items():
        (tmp_path / "firmware" / f"{name}.py").write_text(text)
    with pytest.raises(VersionError):
        version(tmp_path)


def test_it_is_read_wherever_it_stands(tmp_path):
    (tmp_path / "firmware" / "modes").mkdir(parents=True)
    (tmp_path / "firmware" / "modes" / "bridge.py").write_text('A = 1\n\nVERSION = "1.22.3"\n')
    assert version(tmp_path) == "1.22.3"
