"""esptool in a process of its own, because it ends the one it runs in when it fails; and what it says of a chip."""

import re
import subprocess
import sys

from host_tools.owner.firmware_files import FlashError
from host_tools.owner.firmware_image import CHIPS

_CHIP = re.compile(r"Connected to (ESP\S+) on ")
# Which build uses the PSRAM inside a chip: 8 and 16 MB of an ESP32-S3 are octal, 2 and 4 MB are quad.
_PSRAM_BUILDS = (
    ("ESP32", "Embedded PSRAM", "ESP32_GENERIC-SPIRAM"),
    ("ESP32-S3", "Embedded PSRAM 8MB", "ESP32_GENERIC_S3-SPIRAM_OCT"),
    ("ESP32-S3", "Embedded PSRAM 16MB", "ESP32_GENERIC_S3-SPIRAM_OCT"),
)


def esptool(words, show):
    """(exit status, what it said). words: its command line. show: let the user see it at once."""
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


def recognise(status, said):
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


def last_words(said):
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower() or "failed" in line.lower()]
    last = (errors or lines or ["it said nothing"])[-1]
    return last.removeprefix("ERROR:").strip().removeprefix("A fatal error occurred:").strip(" .")
