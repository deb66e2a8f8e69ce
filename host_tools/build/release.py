# SPDX-License-Identifier: MIT
"""`make release`: what owners get of this version, in dist/, the same to the byte whenever it is made of the same commit.

nrgkick-bridge-1.2.3.tar.gz   the project as committed, for the README's commands
package.json, board/          the bridge for `mpremote mip install --target / package.json` (package.py)
SHA256SUMS                    of all these, for `sha256sum -c`
"""

import argparse
import gzip
import hashlib
import io
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from host_tools.build import image, package
from host_tools.build.version import VersionError, version
from host_tools.paths import ROOT

_NAME = "nrgkick-bridge"


class ReleaseError(Exception):
    """There is nothing to release; the text is for the developer."""


def make(folder: Path | str, root: Path | str = ROOT) -> None:
    """Make the release of what is committed in `root` in a folder, which is emptied first."""
    folder = Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="release-") as scratch:
        zipfile.ZipFile(io.BytesIO(_archive(root, "zip"))).extractall(scratch)
        name = f"{_NAME}-{version(scratch)}"
        tar = _archive(root, "tar", f"--prefix={name}/")
        Path(folder, f"{name}.tar.gz").write_bytes(gzip.compress(tar, mtime=0))
        package.write(folder, scratch)
    Path(folder, "SHA256SUMS").write_text(sums(folder))


def sums(folder: Path) -> str:
    """The text of SHA256SUMS: every file of the folder, sorted by its path."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [(hashlib.sha256(path.read_bytes()).hexdigest(), path) for path in paths]
    return "".join(f"{digest}  {path.relative_to(folder).as_posix()}\n" for digest, path in lines)


def _archive(root, kind, *options):
    """The last commit's files as tar or zip, which differ from commit to commit only."""
    settings = ("-c", "tar.umask=0022", "-c", "core.autocrlf=false")  # whoever makes it
    return _git(root, *settings, "archive", f"--format={kind}", *options, "HEAD")


def _git(root, *words):
    try:
        done = subprocess.run(["git", "-C", root, *words], capture_output=True)
    except FileNotFoundError:
        raise ReleaseError("git is missing: a release is made of a commit") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise ReleaseError(f"git can tell no commit of {root}: {said}")
    return done.stdout


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m host_tools.build.release", description="Make a release in dist/."
    )
    parser.add_argument("--to", type=Path, default=ROOT / "dist", metavar="FOLDER")
    arguments = parser.parse_args(argv)
    try:
        make(arguments.to)
        changed = _git(ROOT, "status", "--porcelain").decode().splitlines()
    except (ReleaseError, VersionError, image.ImageError) as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    if changed:
        print(f"release: {len(changed)} changed files are not committed, so not in it")
    print(
        f"release: {arguments.to} has {', '.join(sorted(p.name for p in arguments.to.iterdir()))}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
