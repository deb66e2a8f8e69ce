# SPDX-License-Identifier: MIT
"""A release is what is committed, the same to the byte each time."""

import hashlib
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from host_tools.build import release
from host_tools.paths import ROOT

FILES = {
    "README.md": "# Bridge\n",
    ".ci/run": "#!/bin/sh\n",
    "firmware/boot.py": "import gc\n",
    "firmware/main.py": "from firmware import app\n",
    "firmware/app.py": 'VERSION = "1.2.3"\n',
    "lib/planning/profiles/meter.json": '{"vendor": "V", "model": "M", "roles": {}}',
    "boards/small.json": "{}",
}


def git(folder, *words):
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", folder, *who, *words], check=True, capture_output=True)


@pytest.fixture
def project(tmp_path):
    """A small one with one commit."""
    folder = tmp_path / "project"
    for name, text in FILES.items():
        Path(folder, name).parent.mkdir(parents=True, exist_ok=True)
        Path(folder, name).write_text(text)
    Path(folder, ".ci/run").chmod(0o755)
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "One")
    return folder


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_same_commit_makes_the_same_bytes(project, tmp_path, monkeypatch):
    release.make(tmp_path / "one", project)
    for path in project.rglob("*.py"):
        os.utime(path, (0, 0))
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setattr(release.tempfile, "tempdir", str(tmp_path))
    (tmp_path / "two" / "old").mkdir(parents=True)
    (tmp_path / "two" / "old" / "left.mpy").write_text("")
    release.make(tmp_path / "two", project)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_release_has_archive_package_and_sums(project, tmp_path):
    release.make(tmp_path / "dist", project)
    files = contents(tmp_path / "dist")
    assert sorted(files) == [
        "SHA256SUMS",
        "board/boards/small.json",
        "board/boot.py",
        "board/firmware/app.mpy",
        "board/firmware/setup_identities.txt",
        "board/firmware/setup_profiles.json",
        "board/firmware/setup_search.json",
        "board/lib/planning/profiles.pack",
        "board/main.py",
        "nrgkick-bridge-1.2.3.tar.gz",
        "package.json",
    ]
    assert json.loads(files["package.json"])["version"] == "1.2.3"
    lines = files.pop("SHA256SUMS").decode().splitlines()
    assert dict(reversed(line.split("  ")) for line in lines) == {
        name: hashlib.sha256(data).hexdigest() for name, data in files.items()
    }


def test_what_is_not_committed_is_not_released(project, tmp_path):
    Path(project, "firmware/app.py").write_text('VERSION = "9.9.9"\n')
    Path(project, "config.json").write_text('{"wifi": {"password": "secret"}}')
    release.make(tmp_path / "dist", project)
    with tarfile.open(tmp_path / "dist" / "nrgkick-bridge-1.2.3.tar.gz") as archive:
        names = [member.name for member in archive if member.isfile()]
        assert sorted(names) == sorted(f"nrgkick-bridge-1.2.3/{name}" for name in FILES)
        assert archive.getmember("nrgkick-bridge-1.2.3/.ci/run").mode & 0o111 == 0o111
        assert archive.getmember("nrgkick-bridge-1.2.3/README.md").mode & 0o133 == 0


def test_folder_that_git_does_not_know_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(release.ReleaseError, match="git can tell no commit"):
        release.make(tmp_path / "dist", tmp_path)


def test_unpacked_archive_works_without_git(tmp_path):
    if not (ROOT / ".git").exists():
        pytest.skip("these sources are such an archive")
    release.make(tmp_path / "dist")
    (archive,) = (tmp_path / "dist").glob("*.tar.gz")
    subprocess.run(["tar", "-xzf", archive, "-C", tmp_path], check=True)
    (project,) = tmp_path.glob("nrgkick-bridge-*")
    for command in (
        ["make", "help"],
        [sys.executable, "-m", "host_tools.owner.check", "config.example.json"],
        [sys.executable, "-m", "host_tools.virtual_board", "--help"],
    ):
        done = subprocess.run(command, cwd=project, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
