"""`make flash PORT=... [FIRMWARE=...]`: put MicroPython on a board.

The firmware file is one from micropython.org, given or lying in the working folder. What it is for and which version
it holds is read from the file itself, so that a wrong one is refused before anything is erased.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from host_tools.owner.deploy import OLDEST
from host_tools.owner.remote import RemoteError, check_port

RECOMMENDED = (1, 28)
_BAUDRATE = "460800"

# Of esp_image_header_t (ESP-IDF, esp_app_format.h): its first byte, and where the chip's number stands.
_MAGIC = 0xE9
_CHIP_AT = 12
_PARTITIONS_AT = 0x8000  # in flash
_PARTITIONS_MAGIC = b"\xaa\x50"
_VERSION = re.compile(rb"MicroPython v(\d+)\.(\d+)\.(\d+)")
_NAMED_VERSION = re.compile(r"v(\d+)\.(\d+)(?:\.(\d+))?")

_CHIP = re.compile(r"Connected to (ESP\S+) on ")


class Chip(NamedTuple):
    """name: as esptool says it. offset: where its ROM looks for the bootloader. download: micropython.org's name."""

    name: str
    offset: int
    download: str


CHIPS = {
    0: Chip("ESP32", 0x1000, "ESP32_GENERIC"),
    2: Chip("ESP32-S2", 0x1000, "ESP32_GENERIC_S2"),
    5: Chip("ESP32-C3", 0, "ESP32_GENERIC_C3"),
    9: Chip("ESP32-S3", 0, "ESP32_GENERIC_S3"),
    13: Chip("ESP32-C6", 0, "ESP32_GENERIC_C6"),
}


class FlashError(Exception):
    """Nothing was flashed, or not all; the text is for the user."""


class Firmware(NamedTuple):
    path: Path
    chip: Chip
    version: tuple


def main(argv=None, run=None):
    """run(words, show): esptool; returns (exit status, what it said). show: let the user see it at once."""
    arguments = _parser().parse_args(argv)
    try:
        given = firmware(arguments.firmware) if arguments.firmware else None
        check_port(arguments.port)
        _flash(arguments.port, given, arguments.keep_files, run or esptool)
    except (FlashError, RemoteError) as error:
        print(f"flash: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("flash: stopped; the board may be without a program now", file=sys.stderr)
        return 130
    print("MicroPython is on the board; next: make deploy")
    return 0


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m host_tools.owner.flash", description="Put MicroPython on a board."
    )
    parser.add_argument("--port", required=True, help="/dev/ttyUSB0, COM3, socket://host:port")
    parser.add_argument(
        "--firmware", type=Path, metavar="FILE", help="a .bin; else the newest that lies here"
    )
    parser.add_argument(
        "--keep-files", action="store_true", help="do not erase: for a newer MicroPython"
    )
    return parser


def _flash(port, given, keep_files, run):
    chip = recognise(*run(["--port", port, "flash-id"], False))
    chosen = given or find(Path.cwd(), chip)
    if chosen.chip != chip:
        raise FlashError(f"{chosen.path.name} is for {chosen.chip.name}; the board is {chip.name}")
    name = ".".join(map(str, chosen.version))
    print(f"{chip.name}: {chosen.path.name}, MicroPython {name}")
    if chosen.version[:2] < RECOMMENDED:
        print(f"warning: {'.'.join(map(str, RECOMMENDED))} or newer is recommended")
    steps = [] if keep_files else [["erase-flash"]]
    steps.append(["--baud", _BAUDRATE, "write-flash", hex(chip.offset), str(chosen.path)])
    for step in steps:
        status, said = run(["--port", port, "--chip", chip_option(chip), *step], True)
        if status:
            raise FlashError(f"esptool stopped: {last_words(said)}")


def chip_option(chip):
    return chip.name.lower().replace("-", "")


def recognise(status, said):
    """The chip, from what esptool says of it."""
    match = _CHIP.search(said)
    if status or not match:
        raise FlashError(
            f"no ESP32 answers: {last_words(said)}. Hold the BOOT button while you start this, "
            "and look whether the cable carries data"
        )
    for chip in CHIPS.values():
        if chip.name == match[1]:
            return chip
    raise FlashError(f"the bridge does not run on {match[1]}")


def last_words(said):
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower() or "failed" in line.lower()]
    last = (errors or lines or ["it said nothing"])[-1]
    return last.removeprefix("ERROR:").strip().removeprefix("A fatal error occurred:").strip(" .")


def firmware(path):
    """What a file is. Raises FlashError unless it is a whole image with a MicroPython that will do."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FlashError(f"{path}: {error.strerror}") from None
    if len(data) < 0x10000 or data[0] != _MAGIC:
        raise FlashError(f"{path.name} is no firmware of an ESP32")
    number = int.from_bytes(data[_CHIP_AT : _CHIP_AT + 2], "little")
    if number not in CHIPS:
        raise FlashError(f"{path.name} is for a chip on which the bridge does not run")
    chip = CHIPS[number]
    at = _PARTITIONS_AT - chip.offset
    if data[at : at + 2] != _PARTITIONS_MAGIC:
        raise FlashError(f"{path.name} is but a part of a firmware (an update?); take the whole")
    return Firmware(path, chip, _version(path, data))


def _version(path, data):
    match = _VERSION.search(data) or _NAMED_VERSION.search(path.name)
    if not match:
        raise FlashError(f"{path.name} does not say which MicroPython it is; is it one?")
    version = tuple(int(part or 0) for part in match.groups())
    if version[:2] < OLDEST:
        name = ".".join(map(str, version))
        raise FlashError(f"{path.name} is MicroPython {name}; 1.24 or newer is needed")
    return version


def find(folder, chip):
    """The newest firmware for this chip in the folder."""
    found, refused = [], []
    for path in sorted(folder.glob("*.bin")):
        try:
            found.append(firmware(path))
        except FlashError as error:
            refused.append(str(error))
    fitting = [each for each in found if each.chip == chip]
    if fitting:
        return max(fitting, key=lambda each: each.version)
    refused += [f"{each.path.name} is for {each.chip.name}" for each in found]
    seen = f" ({'; '.join(refused)})" if refused else ""
    raise FlashError(
        f"no firmware for {chip.name} lies here{seen}: get {chip.download}-...-v1.28.0.bin or newer "
        "from micropython.org/download and name it with FIRMWARE=..."
    )


def esptool(words, show):
    """esptool in a process of its own: it ends the one it runs in when it fails."""
    process = subprocess.Popen(
        [sys.executable, "-m", "esptool", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    said = bytearray()
    while data := process.stdout.read1(256):
        said += data
        if show:
            sys.stdout.buffer.write(data)
            sys.stdout.flush()
    return process.wait(), said.decode(errors="replace")


if __name__ == "__main__":
    sys.exit(main())
