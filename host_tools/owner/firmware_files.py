# SPDX-License-Identifier: MIT
"""MicroPython's firmware files as micropython.org names them, and the one for a board among those of a folder.

A *build* is what micropython.org compiles for one kind of board, perhaps in a variant: ESP32_GENERIC,
ESP32_GENERIC-SPIRAM. Its files are <build>-<date>-v<version>.bin.
"""

import re
from pathlib import Path
from typing import NamedTuple

from host_tools.owner import firmware_image
from host_tools.owner.deploy import OLDEST
from host_tools.owner.firmware_image import Application, Chip, ImageError

RECOMMENDED = (1, 28)

_VERSION = re.compile(rb"MicroPython v(\d+)\.(\d+)\.(\d+)")
_NAMED_VERSION = re.compile(r"v(\d+)\.(\d+)(?:\.(\d+))?")
# sys.implementation._build, which MicroPython has since 1.25.
_BUILD = re.compile(rb"(?<=\0)ESP32_GENERIC(?:_[A-Z0-9]+)?(?:-[A-Z0-9_]+)?(?=\0)")
_NAMED_BUILD = re.compile(r"([A-Z0-9_]+(?:-[0-9_]*[A-Z][A-Z0-9_]*)?)-(?:\d{8}-)?v\d")


class FlashError(Exception):
    """Nothing was flashed, or not all; the text is for the user."""


class Firmware(NamedTuple):
    """build: None where neither the file nor its name tells it (MicroPython 1.24 under another name)."""

    path: Path
    data: bytes
    chip: Chip
    application: Application
    version: tuple[int, ...]
    build: str | None


def firmware(path: Path) -> Firmware:
    """What a file is. Raises FlashError unless it is a whole image with a MicroPython that will do."""
    try:
        data = path.read_bytes()
        chip = firmware_image.chip(data)
        application = firmware_image.application(data)
    except OSError as error:
        raise FlashError(f"{path}: {error.strerror}") from None
    except ImageError as error:
        raise FlashError(f"{path.name} {error}") from None
    return Firmware(path, data, chip, application, _version(path, data), _build(path, data))


def _version(path: Path, data: bytes) -> tuple[int, ...]:
    match = _VERSION.search(data) or _NAMED_VERSION.search(path.name)
    if not match:
        raise FlashError(f"{path.name} does not say which MicroPython it is; is it one?")
    version = tuple(int(part or 0) for part in match.groups())
    if version[:2] < OLDEST:
        raise FlashError(
            f"{path.name} is MicroPython {dotted(version)}; {dotted(OLDEST)} or newer is needed"
        )
    return version


def _build(path: Path, data: bytes) -> str | None:
    found: set[bytes] = set(_BUILD.findall(data))
    if len(found) == 1:
        return found.pop().decode()
    match = _NAMED_BUILD.match(path.name)
    return match[1] if match else None


def dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def find(folder: Path, chip: Chip, build: str) -> Firmware:
    """The newest firmware in the folder that is this build; else the newest that may be it."""
    found, unfit = [], []
    for path in sorted(folder.glob("*.bin")):
        try:
            found.append(firmware(path))
        except FlashError as error:
            unfit.append(str(error))
    fitting = [each for each in found if each.chip == chip and each.build in (build, None)]
    if fitting:
        return max(fitting, key=lambda each: (each.build == build, each.version))
    unfit += [f"{each.path.name} is for {_purpose(each, chip)}" for each in found]
    seen = f" ({'; '.join(unfit)})" if unfit else ""
    raise FlashError(
        f"no {build} firmware is in this folder{seen}: get {pattern(build)}, or newer, "
        f"from {download_page(build)}, and put it here or name it with FIRMWARE=..."
    )


def _purpose(found: Firmware, chip: Chip) -> str | None:
    return found.chip.name if found.chip != chip else found.build


def pattern(build: str) -> str:
    """The name of the file to get."""
    return f"{build}-<date>-v{dotted(RECOMMENDED)}.0.bin"


def download_page(build: str) -> str:
    """Where micropython.org has all variants of a build's board."""
    return f"micropython.org/download/{build.partition('-')[0]}"
