# SPDX-License-Identifier: MIT
"""Which config.json a deploy takes along: the one that is given, or the one that the board has. Checked before anything changes there."""

import contextlib
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from host_tools.build import boards, image
from host_tools.owner import board_config, check, config_warnings
from host_tools.owner.deploy_plan import DIGEST_OF_CONFIG, DeployError, Held, digest
from host_tools.owner.remote import Board
from planning import messages

_UNCHANGED = "(nothing was changed on the board)"


class Settled(NamedTuple):
    """file: config.json, which may be missing, with profiles/ beside it. not_sent: those that lie at the board's top and stay there.
    deployed: its digest as the next deploy finds it. board: the only one to carry, or None.
    """

    file: Path
    not_sent: list[str]
    deployed: str
    board: str | None

    def image_files(self, root: Path, march: str | None) -> dict[str, bytes]:
        """{path on the board, within its slot: bytes} of everything that it is to hold."""
        with tempfile.TemporaryDirectory(prefix="deploy-") as folder:
            entries = image.write(folder, self.file, root, march, self.board)
            files = {entry.target: Path(folder, entry.target).read_bytes() for entry in entries}
        for name in self.not_sent:
            del files[f"profiles/{name}"]
        if self.deployed:
            files[DIGEST_OF_CONFIG] = self.deployed.encode()
        return files


def check_file(path: Path, board: str | None, console: Console) -> None:
    """Say what is doubtful in a config.json. Raises DeployError where it would be refused, or is for another board."""
    try:
        config, files, made = check.check(path)
    except OSError as error:
        raise DeployError(f"{path}: {error.strerror}; a readable config.json is needed") from None
    except check.settings.SettingsError as error:
        raise DeployError(f"{error} {_UNCHANGED}") from None
    if board not in (None, config["board"]):
        raise DeployError(
            f'BOARD={board}: config.json is for {config["board"]}; change "board" there {_UNCHANGED}'
        )
    for line in config_warnings.warnings(config, files, made):
        console.print(f"warning: {line}", markup=False)


@contextlib.contextmanager
def settled(board: Board, held: Held, arguments: Namespace, console: Console) -> Iterator[Settled]:
    """What to deploy, in a folder for as long as this lasts. Raises DeployError where it is refused, or its owner says no."""
    kept = board_config.fetched(board, held)
    with tempfile.TemporaryDirectory(prefix="config-") as folder:
        if arguments.config:
            yield _given(kept, arguments, Path(folder), console)
        else:
            yield _board_s_own(kept, arguments, Path(folder), console)


def _given(kept, arguments, folder, console):
    text, said = board_config.with_password_of(kept, arguments.config.read_bytes())
    if said:
        console.print(said)
    _ask(board_config.changes(kept, text), arguments.force, console)
    own = {
        path.name: path.read_bytes() for path in arguments.config.parent.glob("profiles/*.json")
    }
    return Settled(_written(folder, text, own), [], digest(text), None)


def _ask(lost, force, console):
    """Whether changes that were made on the board may be lost."""
    if not lost:
        return
    console.print("config.json was changed on the board:")
    for line in lost:
        console.print(f"  {line}", markup=False)
    if force:
        return
    if not sys.stdin.isatty():
        raise DeployError(
            "that would be lost; make config PORT=... fetches the board's, FORCE=1 replaces it "
            + _UNCHANGED
        )
    if input("Replace it? [y/N] ").strip().lower() not in ("y", "yes", "j", "ja"):
        raise DeployError(f"stopped; make config PORT=... fetches the board's config {_UNCHANGED}")


def _board_s_own(kept, arguments, folder, console):
    own = {**kept.top_profiles, **kept.profiles}
    file = _written(folder, kept.text, own)
    if kept.text is None:
        _check_board(arguments.board)
        return Settled(file, list(kept.top_profiles), "", arguments.board)
    console.print("config.json: that of the board stays")
    check_file(file, arguments.board, console)
    not_sent = [name for name in kept.top_profiles if name not in kept.profiles]
    # What deploy has put there stays what it is: a change on the board is not known to the one who deploys from a PC.
    return Settled(file, not_sent, kept.deployed, None)


def _check_board(name):
    if name and name not in boards.names():
        told = messages.nothing_named("board", name, boards.names())
        raise DeployError(f"BOARD={name}: {told} {_UNCHANGED}")


def _written(folder: Path, text: bytes | None, profiles: dict[str, bytes]) -> Path:
    """config.json with profiles/ beside it, in a folder that only its owner may read."""
    Path(folder, "profiles").mkdir()
    for name, data in profiles.items():
        Path(folder, "profiles", name).write_bytes(data)
    if text is not None:
        Path(folder, "config.json").write_bytes(text)
    return Path(folder, "config.json")
