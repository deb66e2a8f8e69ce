# SPDX-License-Identifier: MIT
"""esptool in a process of its own, because it ends the one it runs in when it fails; and what it says of a chip."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from host_tools.owner.firmware_files import FlashError
from host_tools.owner.firmware_image import CHIPS, TABLE_BYTES, TABLE_IN_FLASH, Chip

# esptool's words, and whether the user sees at once what it says -> its exit status, and what it said.
Run = Callable[[list[str], bool], tuple[int, str]]

_BAUDRATE = "460800"
_CHIP = re.compile(r"Connected to (ESP\S+) on ")
# Which build uses the PSRAM inside a chip: 8 and 16 MB of an ESP32-S3 are octal, 2 and 4 MB are quad.
_PSRAM_BUILDS = (
    ("ESP32", "Embedded PSRAM", "ESP32_GENERIC-SPIRAM"),
    ("ESP32-S3", "Embedded PSRAM 8MB", "ESP32_GENERIC_S3-SPIRAM_OCT"),
    ("ESP32-S3", "Embedded PSRAM 16MB", "ESP32_GENERIC_S3-SPIRAM_OCT"),
)


def esptool(words: list[str], show: bool) -> tuple[int, str]:
    """Run it: a `Run`."""
    sys.stdout.flush()  # what was printed before comes first
    with subprocess.Popen(
        [sys.executable, "-m", "esptool", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
    ) as process:
        assert process.stdout
        said = bytearray()
        while data := process.stdout.read(256):
            said += data
            if show:
                sys.stdout.buffer.write(data)
                sys.stdout.flush()
    return process.returncode, said.decode(errors="replace")


class Connection(NamedTuple):
    """A board at a port, as esptool reaches it. Everything here raises FlashError when esptool fails."""

    run: Run
    port: str
    chip: Chip

    def ask(self, *words: str) -> None:
        status, said = self.run(["--port", self.port, "--chip", self.chip.option, *words], True)
        if status:
            raise FlashError(f"esptool stopped: {last_words(said)}")

    def write(self, flash_offset: int, path: Path) -> None:
        """A file's bytes; esptool erases the sectors of 4 kB that they take, and compares afterwards."""
        self.ask("--baud", _BAUDRATE, "write-flash", hex(flash_offset), str(path))

    def read_partitions(self, path: Path) -> bytes:
        """The bytes of the partition table; `path` is used on the way."""
        self.ask("read-flash", hex(TABLE_IN_FLASH), hex(TABLE_BYTES), str(path))
        return path.read_bytes()


def recognise(status: int, said: str) -> tuple[Chip, str]:
    """(chip, the build for any board with it), from what esptool's flash-id says."""
    match = _CHIP.search(said)
    if status or not match:
        raise FlashError(
            f"no ESP32 answers: {last_words(said)}. Hold the BOOT button while you start this, "
            "and check that the cable carries data"
        )
    for chip in CHIPS.values():
        if chip.name == match[1]:
            builds = (
                build
                for name, words, build in _PSRAM_BUILDS
                if name == chip.name and words in said
            )
            return chip, next(builds, chip.generic)
    raise FlashError(f"the bridge does not run on {match[1]}")


def last_words(said: str) -> str:
    """The line that says why esptool stopped."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower() or "failed" in line.lower()]
    last = (errors or lines or ["it said nothing"])[-1]
    return last.removeprefix("ERROR:").strip().removeprefix("A fatal error occurred:").strip(" .")
