# SPDX-License-Identifier: MIT
"""Portable tests run three times: by pytest itself on CPython, and each file as one item per MicroPython build.

A file may say `HEAP = "64k"`: the heap it must manage with on an ESP32, so on the 32-bit build. Objects of the 64-bit
build are twice as large, and so is its heap. With `--wasm` they run on the WebAssembly build, and on nothing else.
"""

import linecache
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "lib")]

from host_tools.build import interpreter  # noqa: E402
from host_tools.measure import portable  # noqa: E402

LIMIT_S = 60


def pytest_addoption(parser):
    parser.addoption("--wasm", action="store_true", help="run portable tests on WebAssembly only")


def pytest_collect_file(file_path, parent):
    if file_path.parent == ROOT / portable.TESTS and file_path.match("test_*.py"):
        return PortableFile.from_parent(parent, path=file_path)
    return None


def pytest_collection_modifyitems(config, items):
    wasm = config.getoption("--wasm")
    items[:] = [item for item in items if wasm == ("micropython-wasm" in item.name)]


class PortableFile(pytest.File):
    """One portable test file as MicroPython sees it."""

    def collect(self):
        wasm = self.config.getoption("--wasm")
        for build in interpreter.BUILDS:
            if wasm == (build == "micropython-wasm"):
                yield PortableItem.from_parent(self, name=build)


class PortableItem(pytest.Item):
    """One portable test file on one MicroPython."""

    def runtest(self):
        try:
            found = interpreter.BUILDS[self.name]()
        except interpreter.InterpreterError as error:
            raise PortableFailure(str(error)) from None
        command = portable.command(found, self.path.relative_to(ROOT), ROOT)
        try:
            done = subprocess.run(
                command,
                cwd=ROOT,
                env=found.environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=LIMIT_S,
            )
        except subprocess.TimeoutExpired as error:
            said = (error.stdout or b"").decode(errors="replace")
            raise PortableFailure(f"no end after {LIMIT_S} s\n{said}") from None
        # The runner's closing line, too: a test that ends the interpreter early must not look like success.
        ended = re.search(r"^(\d+) passed, 0 failed, (\d+) skipped$", done.stdout, re.M)
        if done.returncode or not ended:
            said = without_passed(done.stdout) or "the interpreter ended before the tests did"
            raise PortableFailure(f"{said}\nexit status {done.returncode} of {found}")
        skipped = re.findall(r"^skip (\w+) - (.*)$", done.stdout, re.M)
        assert len(skipped) == int(ended[2])
        for name, reason in skipped:
            self.report_skipped(name, f"{self.name}: {reason}")
        if ended[1] == "0":
            pytest.skip(f"{self.name} can do no test of this file")

    def report_skipped(self, name, reason):
        """Have one test of the file counted and shown as pytest does with those that it skips itself."""
        lines = self.path.read_text().splitlines()
        (number,) = [n for n, line in enumerate(lines) if line.startswith(f"def {name}(")]
        report = pytest.TestReport(
            nodeid=self.nodeid,
            location=(str(self.path), number, name),
            keywords={},
            outcome="skipped",
            longrepr=(str(self.path), number + 1, f"Skipped: {reason}"),
            when="call",
        )
        self.ihook.pytest_runtest_logreport(report=report)

    def repr_failure(self, excinfo):
        if isinstance(excinfo.value, PortableFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self):
        return self.path, None, f"{self.path.stem} on {self.name}"


class PortableFailure(Exception):
    """The text is all that pytest shall show."""


def without_passed(output):
    """What the runner printed about failures. MicroPython's tracebacks name file and line only; the line itself is
    put below, as CPython does."""
    lines = []
    for line in output.splitlines():
        if line.startswith(("ok ", "skip ")):
            continue
        lines.append(line)
        place = re.match(r'  File "(.+)", line (\d+)', line)
        if place and (source := linecache.getline(str(ROOT / place[1]), int(place[2]))):
            lines.append("    " + source.strip())
    return "\n".join(lines)
