# SPDX-License-Identifier: MIT
"""Finds a real MicroPython for tests and the virtual board, and fetches one where the machine has none.

    find(bits=64)   unix port; the 32-bit build has the ESP32's object sizes, which heap figures need
    wasm()          WebAssembly port under Node: newest language and library, no sockets, no ttys

Both return an Interpreter or raise InterpreterError, whose text tells what to install. Order of `find`:
$MICROPYTHON (for 32 bits $MICROPYTHON32 first), PATH, apt when root, then Debian's packages unpacked into .cache.
`python -m host_tools.build.interpreter [--bits 32|64] [--wasm]` prints what is found.
"""

import argparse
import contextlib
import fcntl
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from host_tools.build import debian_packages
from host_tools.paths import ROOT

CACHE = ROOT / ".cache"
WASM = ROOT / "host_tools" / "build" / "wasm"
OLDEST = (1, 24)
VARIABLES = {64: ("MICROPYTHON",), 32: ("MICROPYTHON32", "MICROPYTHON")}

PROBE = "import sys; print(sys.implementation[0], *sys.implementation[1][:3], sys.maxsize)"

# glibc would map blocks above 128 kB into the upper half of the address space, whose addresses are no small ints:
# id() would allocate there, as it never does on an ESP32.
ENVIRONMENT = {"MALLOC_MMAP_THRESHOLD_": "1073741824"}

ADVICE = {
    64: (
        "install MicroPython's unix port 1.24 or newer (Debian 13 and newer: apt install micropython; "
        "macOS: brew install micropython) or name one in $MICROPYTHON"
    ),
    32: (
        "heap figures need a 32-bit build, which is fetched on amd64 machines with Debian's mirrors; elsewhere "
        "build ports/unix with MICROPY_FORCE_32BIT=1 and name it in $MICROPYTHON32"
    ),
}
NODE_ADVICE = (
    "MicroPython's WebAssembly build needs Node.js 18 or newer with npm: install nodejs and npm"
)


class InterpreterError(Exception):
    """No MicroPython; the text says what to do."""


@dataclass(frozen=True)
class Interpreter:
    argv: tuple
    version: tuple
    bits: int
    source: str

    def command(self, *args: Any, heap: str | None = None) -> list[str]:
        """argv for subprocess; `heap` in MicroPython's own notation, such as "64k"."""
        options = ["-X", f"heapsize={heap}"] if heap else []
        return [*self.argv, *options, *map(str, args)]

    def environment(self, **more: str) -> dict[str, str]:
        """The whole environment for subprocess: ours, what the interpreter needs, and `more`."""
        return {**os.environ, **ENVIRONMENT, **more}

    def __str__(self):
        version = ".".join(map(str, self.version))
        return f"MicroPython {version}, {self.bits}-bit, from {self.source}: {self.argv[-1]}"


@functools.cache
def find(bits: int = 64) -> Interpreter:
    """A MicroPython of this width, fetched if need be. Safe while other processes do the same."""
    found = from_variable(bits) or from_path(bits) or from_cache(bits)
    if found:
        return found
    with locked(CACHE / "micropython.lock"):
        return from_cache(bits) or from_apt(bits) or from_debian(bits)


def from_variable(bits: int) -> Interpreter | None:
    """One that the user names must work; if it is of the other width, this call was not meant."""
    for name in VARIABLES[bits]:
        if path := os.environ.get(name):
            found = probe([path], f"${name}")
            if found.bits == bits:
                return found
    return None


def from_path(bits: int, source: str = "PATH") -> Interpreter | None:
    path = shutil.which("micropython")
    return usable([path], source, bits) if path else None


def from_cache(bits: int) -> Interpreter | None:
    folder = cache_folder(bits)
    if not folder.exists():
        return None
    return usable(debian_packages.argv(bits, folder), "Debian's packages", bits)


def from_apt(bits: int) -> Interpreter | None:
    """The distribution's own package: only as root, only where it is new enough."""
    if bits != 64 or os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    if apt_candidate() is None:
        output(["apt-get", "update"])
    if (apt_candidate() or (0, 0)) < OLDEST:
        return None
    output(["apt-get", "install", "-y", "--no-install-recommends", "micropython"])
    return from_path(bits, source="apt")


def apt_candidate() -> tuple[int, int] | None:
    """(major, minor) that apt would install, or None."""
    match = re.search(r"Candidate: (\d+)\.(\d+)", output(["apt-cache", "policy", "micropython"]))
    return match and (int(match[1]), int(match[2]))


def from_debian(bits: int) -> Interpreter:
    folder = cache_folder(bits)
    print(f"Fetching {bits}-bit MicroPython ...", file=sys.stderr)
    try:
        with appearing(folder) as new:
            debian_packages.unpack(bits, new)
    except debian_packages.PackagesError as error:
        raise InterpreterError(f"{error}. What helps: {ADVICE[bits]}.") from None
    return probe(debian_packages.argv(bits, folder), "Debian's packages")


def cache_folder(bits: int) -> Path:
    return CACHE / f"micropython-{bits}"


def usable(argv: Sequence[str], source: str, bits: int) -> Interpreter | None:
    """The Interpreter at argv, or None if it is broken, too old or of the other width."""
    with contextlib.suppress(InterpreterError):
        found = probe(argv, source)
        if found.bits == bits:
            return found
    return None


def probe(argv: Sequence[str], source: str) -> Interpreter:
    """The Interpreter at argv; InterpreterError if it does not start, is no MicroPython or too old."""
    try:
        done = subprocess.run(
            [*argv, "-c", PROBE],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InterpreterError(f"{argv[-1]} ({source}) does not start: {error}") from None
    words = done.stdout.split()
    if done.returncode or len(words) != 5 or words[0] != "micropython":
        why = done.stderr.strip()[-300:]
        raise InterpreterError(
            f"{argv[-1]} ({source}) is not a MicroPython that works here. {why}"
        )
    *version, maxsize = map(int, words[1:])
    if tuple(version) < OLDEST:
        raise InterpreterError(
            f"{argv[-1]} ({source}) is MicroPython {version[0]}.{version[1]}, older than 1.24"
        )
    return Interpreter(tuple(argv), tuple(version), maxsize.bit_length() + 1, source)


@functools.cache
def wasm() -> Interpreter:
    """The pinned WebAssembly build under Node; npm checks it against host_tools/build/wasm/package-lock.json."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        raise InterpreterError(NODE_ADVICE)
    packages = json.loads((WASM / "package-lock.json").read_text())["packages"]
    (name,) = filter(None, packages)
    folder = CACHE / f"wasm-{packages[name]['version']}"
    with locked(CACHE / "wasm.lock"):
        if not folder.exists():
            with appearing(folder) as new:
                npm_install(npm, new, WASM)
    return probe((node, str(WASM / "micropython.mjs"), str(folder / name)), "npm")


# What portable code runs on, by name.
BUILDS = {
    "micropython-32": lambda: find(32),
    "micropython-64": lambda: find(64),
    "micropython-wasm": wasm,
}


def npm_install(npm: str, folder: Path, pins: Path) -> None:
    """Install in `folder` what the package.json and package-lock.json of the folder `pins` name."""
    folder.mkdir()
    for file in pins.glob("package*.json"):
        shutil.copy(file, folder)
    done = subprocess.run(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    if done.returncode:
        raise InterpreterError(f"npm cannot install {pins.name}: {done.stderr.strip()[-500:]}")


def output(argv: list[str]) -> str:
    """Standard output, whatever the exit status: the caller looks for itself at what has come of it."""
    environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        timeout=600,
        env=environment,
    ).stdout


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time; the system frees the lock of one that dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def appearing(target: Path) -> Iterator[Path]:
    """A folder for the body to make; it becomes `target` in one step if the body succeeds, else vanishes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="new-") as temporary:
        new = Path(temporary) / target.name
        yield new
        shutil.rmtree(target, ignore_errors=True)
        new.rename(target)


def main() -> int:
    parser = argparse.ArgumentParser(description="Find or fetch MicroPython, and say which.")
    parser.add_argument(
        "--bits", type=int, choices=(32, 64), help="only this width (default: both)"
    )
    parser.add_argument("--wasm", action="store_true", help="the WebAssembly build instead")
    arguments = parser.parse_args()
    widths = (arguments.bits,) if arguments.bits else (64, 32)
    try:
        for found in [wasm()] if arguments.wasm else map(find, widths):
            print(found)
    except InterpreterError as error:
        print(f"No MicroPython: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
