# SPDX-License-Identifier: MIT
"""The files on the device: the one list that the virtual board runs and that deploy copies.

Modules are compiled to .mpy; boot.py and main.py, which MicroPython looks for by name, and all data stay as they are.
"""

import ast
import json
import os
import subprocess
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from host_tools.build import catalogue, page, plans, profile_pack, short_names
from host_tools.build.compiler import mpy_cross
from host_tools.paths import ROOT
from planning import schema, settings

PROFILES = Path("lib/planning/profiles")
BOARDS = Path("boards")
BOOT = Path("firmware/boot.py")
_AS_SOURCE = {BOOT: "boot.py", Path("firmware/main.py"): "main.py"}
_NOT_ON_DEVICE = {".md", ".pyc", ".pyi"}
# Files that are made of a folder, or of another file.
_MADE = {
    **{target: (folder, page.built) for target, folder in page.PAGES.items()},
    profile_pack.TARGET: (PROFILES, profile_pack.packed),
    catalogue.TITLES_TARGET: (PROFILES, catalogue.titles),
    catalogue.SEARCH_TARGET: (PROFILES, catalogue.searched),
    catalogue.IDENTITIES_TARGET: (PROFILES, catalogue.identities),
}


class Entry(NamedTuple):
    """One file on the device: its path there (no leading slash) and where it comes from."""

    target: str
    source: Path
    compiled: bool = False


class ImageError(Exception):
    """A file of the image cannot be made."""


def entries(
    config_file: Path | str, root: Path | str = ROOT, board: str | None = None
) -> list[Entry]:
    """Return the Entry of every file that a board with this config.json carries, sorted by target.

    board: the only one to carry, where there is no such file; else all are.
    """
    config_file = Path(config_file)
    found = list(code_and_data(root))
    found += boards(root, [board] if board else _of_one_chip(root, _parsed(config_file)))
    found += _owners(config_file)
    return sorted(found)


def write(
    folder: Path | str,
    config_file: Path | str,
    root: Path | str = ROOT,
    march: str | None = None,
    board: str | None = None,
) -> list[Entry]:
    """Make the device's file system in this folder; return its entries.

    march: the architecture for native code, as mpy-cross names it.
    """
    made = entries(config_file, root, board)
    for entry in made:
        put(entry, folder, march, root)
    if Path(root) == ROOT:
        made += write_plan(folder)
    return made


def put(
    entry: Entry, folder: Path | str, march: str | None = None, root: Path | str = ROOT
) -> None:
    """Make one file of the device in this folder."""
    target = Path(folder, entry.target)
    target.parent.mkdir(parents=True, exist_ok=True)
    if entry.compiled:
        compile_module(entry.source, target, march, root=root)
    elif entry.target in _MADE:
        target.write_bytes(_MADE[entry.target][1](entry.source))
    else:
        target.write_bytes(entry.source.read_bytes())


def write_plan(folder: Path | str) -> list[Entry]:
    """Plan what lies in this folder, as the board would; return the Entry, or none where the board will refuse the config."""
    target = Path(folder, "plan.json")
    target.unlink(missing_ok=True)
    try:
        text = plans.text(Path(folder, "config.json"))
    except (OSError, settings.SettingsError):
        return []
    with open(os.open(target, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
        file.write(text)  # it holds the Wi-Fi password
    return [Entry("plan.json", target)]


def compile_module(
    source: Path,
    target: Path,
    march: str | None = None,
    level: int = 3,
    root: Path | str | None = None,
) -> None:
    """Compile one module. Level 2: no asserts; 3: no line numbers either, which take 2.8 kB of an ESP32's heap: a traceback names
    the functions, and they are short. root: of the device's code, whose names are shortened.

    Tracebacks show the module's name without folders and ending: every one of these names lies on the board's heap.
    """
    try:
        text = short_names.shortened(source, Path(root)) if root else source.read_text("utf-8")
    except SyntaxError as error:
        raise ImageError(f"{error.filename or source} does not compile:\n{error}") from None
    with tempfile.TemporaryDirectory(prefix="compile-") as folder:
        short = Path(folder, source.name)
        short.write_text(text, "utf-8")
        command = [mpy_cross(), f"-O{level}", "-s", source.stem, "-o", str(target)]
        command += [f"-march={march}"] if march else []
        done = subprocess.run([*command, str(short)], capture_output=True, text=True)
    if done.returncode:
        said = done.stderr.strip().replace(str(short), str(source))
        raise ImageError(f"{source} does not compile:\n{said}")


def code_and_data(root: Path | str) -> Iterator[Entry]:
    """An Entry for each file of firmware/ and lib/ but the profiles; one for each file that is made of something else, its source."""
    for made, (folder, _) in _MADE.items():
        if Path(root, folder).exists():
            yield Entry(made, Path(root, folder))
    for top in ("firmware", "lib"):
        for source in sorted(Path(root, top).rglob("*")):
            path = source.relative_to(root)
            if _on_device(source, path):
                compiled = path.suffix == ".py" and path not in _AS_SOURCE
                target = path.with_suffix(".mpy") if compiled else path
                yield Entry(_AS_SOURCE.get(path, target.as_posix()), source, compiled)


def _on_device(source, path):
    hidden = any(part.startswith(".") or part == "__pycache__" for part in path.parts)
    wanted = path.suffix not in _NOT_ON_DEVICE and path != catalogue.IDENTITIES
    wanted = wanted and not any(one in path.parents for one in (PROFILES, *page.PAGES.values()))
    return source.is_file() and wanted and not hidden


def constant(path: str, name: str) -> Any:
    """The value of a constant of the device's code, such as main.py's, which nothing else can import."""
    for node in ast.parse(Path(ROOT, path).read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return ast.literal_eval(node.value)
    raise KeyError(f"{path} has no {name}")


def boards(root: Path | str, names: Collection[str] | None = None) -> list[Entry]:
    """The files of the boards named, or of all."""
    return [
        Entry((BOARDS / source.name).as_posix(), source)
        for source in sorted(Path(root, BOARDS).glob("*.json"))
        if names is None or source.stem in names
    ]


def _owners(config_file):
    if config_file.is_file():
        yield Entry("config.json", config_file)
    for source in sorted(config_file.parent.glob("profiles/*.json")):
        yield Entry(f"profiles/{source.name}", source)


def _parsed(file):
    """A config or a profile as a dict; empty where the firmware will refuse it anyway."""
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def board_name(config: dict[str, Any]) -> Any:
    """The one that a config names, or the default."""
    return config.get("board", {key: value for key, _, value, _ in schema.rows("")}["board"])


def _of_one_chip(root, config):
    """Names of all boards with the chip of the config's, since the set-up mode may choose another; None, for all, where that is not known."""
    chips = {path.stem: _parsed(path).get("chip") for path in Path(root, BOARDS).glob("*.json")}
    name = board_name(config)
    chip = chips.get(name) if config and isinstance(name, str) else None
    return {name for name in chips if chips[name] == chip} if chip else None
