# SPDX-License-Identifier: MIT
"""Do the portable tests bite? `make mutants` changes one thing of lib/ after the other, and each time a test must fail.

host_tests/mutants/*.toml lists the changes: for each file its tests, and [old, new] texts. An old text that does not stand
exactly once in its file is an error, so that the list follows the code. The tests run in copies of the project, on
32-bit MicroPython, and on CPython where that does not see the change. `make mutants ARGS=lib/clamp` takes only the
files whose path begins so.
"""

import argparse
import contextlib
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from host_tools.build import interpreter
from host_tools.measure import portable
from host_tools.paths import ROOT

_LISTS = Path("host_tests", "mutants")
_COPIED = ("boards", "firmware", "host_tests", "host_tools", "lib", "pyproject.toml")
_LIMIT_S = 20  # beside ten times what a file of tests takes usually: a mutant may run for ever


class Mutant(NamedTuple):
    file: str
    tests: tuple
    old: str
    new: str

    def __str__(self):
        return f"{self.file}: {_line(self.old)}  ->  {_line(self.new)}"


def _line(text):
    return " / ".join(part.strip() for part in text.strip().splitlines())


def load(root: Path = ROOT, start: str = "") -> list[Mutant]:
    """The mutants of the files whose path begins with `start`."""
    found = []
    for path in sorted((root / _LISTS).glob("*.toml")):
        for file, entry in tomllib.loads(path.read_text("utf-8")).items():
            tests = tuple((portable.TESTS / f"{name}.py").as_posix() for name in entry["tests"])
            found += [Mutant(file, tests, old, new) for old, new in entry["mutants"]]
    return [mutant for mutant in found if mutant.file.startswith(start)]


def problem(mutant: Mutant, root: Path = ROOT) -> str | None:
    """What makes a mutant worthless, or None."""
    missing = [name for name in (mutant.file, *mutant.tests) if not (root / name).is_file()]
    if missing:
        return f"there is no {missing[0]}"
    count = (root / mutant.file).read_text("utf-8").count(mutant.old)
    if count != 1:
        return f"the old text stands {count} times in {mutant.file}; once is needed"
    return "old and new are the same" if mutant.old == mutant.new else None


def _copied(folder):
    """A copy of what the portable tests need."""
    folder.mkdir()
    for name in _COPIED:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, folder)
    return folder


class Bench:
    """Copies of the project, one for each job, and what its tests take when nothing is wrong."""

    def __init__(self, folder: str, jobs: int) -> None:
        self._found = interpreter.find(32)
        self._usual_s = {}
        self._free = queue.SimpleQueue()
        for number in range(jobs):
            self._free.put(_copied(Path(folder, str(number))))

    @contextlib.contextmanager
    def _copy(self):
        copy = self._free.get()
        try:
            yield copy
        finally:
            self._free.put(copy)

    def time(self, test: str) -> str | None:
        """Run a file of tests as it is: the failure, or None."""
        begun_s = time.monotonic()
        with self._copy() as copy:
            failure = self._failure(copy, test, 120)
        self._usual_s[test] = time.monotonic() - begun_s
        return failure

    def catch(self, mutant: Mutant) -> tuple[Mutant, str | None]:
        """(the mutant, the failure by which it was caught or None)."""
        with self._copy() as copy:
            file = copy / mutant.file
            text = file.read_text("utf-8")
            file.write_text(text.replace(mutant.old, mutant.new), "utf-8")
            try:
                for test in sorted(mutant.tests, key=self._usual_s.__getitem__):
                    failure = self._failure(copy, test, _LIMIT_S + 10 * self._usual_s[test])
                    if failure:
                        return mutant, failure
                return mutant, self._failure_on_cpython(copy, mutant.tests)
            finally:
                file.write_text(text, "utf-8")

    def _failure_on_cpython(self, copy, tests):
        pytest = (sys.executable, "-B", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider")
        done = subprocess.run(
            [*pytest, *tests, "-k", "not micropython-"],
            cwd=copy,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )
        failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED ")]
        if done.returncode and not failed:
            raise SystemExit(f"pytest fails: {done.stdout}{done.stderr}")
        return failed[0] if failed else None

    def _failure(self, copy, test, limit_s):
        """Which test of the file fails first, or how else it ends; None if all pass."""
        process = subprocess.Popen(
            portable.command(self._found, test, copy),
            cwd=copy,
            env=self._found.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        limit = threading.Timer(limit_s, process.kill)
        limit.start()
        assert process.stdout
        try:
            last = ""
            for last in process.stdout:
                if last.startswith("FAIL "):
                    return f"{Path(test).stem}::{last.split()[1]}"
            if process.wait() == 0:
                return None
            return f"{Path(test).stem}: {last.strip() or 'no end'}"
        finally:
            limit.cancel()
            process.kill()
            process.communicate()


def run(mutants: list[Mutant], jobs: int) -> int:
    """Print how each ends; how many survive."""
    with (
        tempfile.TemporaryDirectory(prefix="mutants-") as folder,
        ThreadPoolExecutor(jobs) as pool,
    ):
        bench = Bench(folder, jobs)
        tests = sorted({test for mutant in mutants for test in mutant.tests})
        for test, failure in zip(tests, pool.map(bench.time, tests)):
            if failure:
                raise SystemExit(f"{test} fails without any mutant: {failure}")
        survivors = 0
        for mutant, failure in pool.map(bench.catch, mutants):
            survivors += failure is None
            print(
                f"caught    {mutant}  by {failure}" if failure else f"SURVIVES  {mutant}",
                flush=True,
            )
    return survivors


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m host_tools.measure.mutants", description="Do the portable tests bite?"
    )
    parser.add_argument("start", nargs="?", default="", help="only files whose path begins so")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N")
    arguments = parser.parse_args(argv)
    mutants = load(start=arguments.start)
    worthless = [f"{mutant}: {text}" for mutant in mutants if (text := problem(mutant))]
    if worthless or not mutants:
        print(*worthless or ["no mutants"], sep="\n", file=sys.stderr)
        return 1
    survivors = run(mutants, arguments.jobs)
    print(f"{len(mutants) - survivors} caught, {survivors} survived")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
