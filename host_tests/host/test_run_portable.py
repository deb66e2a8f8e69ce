# SPDX-License-Identifier: MIT
"""The runner on MicroPython must never call something a success that is none."""

import shutil
import subprocess
import sys

import pytest

from host_tools.build import interpreter

RUNNER = interpreter.ROOT / "host_tests" / "run_portable.py"


@pytest.fixture
def run(tmp_path):
    """Runs a source text as a portable test file: (exit status, lines printed)."""

    def run_source(source, *names):
        path = tmp_path / "test_it.py"
        path.write_text(source)
        found = interpreter.find(32)
        done = subprocess.run(
            found.command(RUNNER, path, *names, heap="128k"),
            cwd=interpreter.ROOT,
            env=found.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return done.returncode, done.stdout.splitlines()

    return run_source


def test_tests_run_in_the_order_written(run):
    assert run("def test_b():\n    pass\n\ndef test_a():\n    pass\n") == (
        0,
        ["ok test_b", "ok test_a", "2 passed, 0 failed, 0 skipped"],
    )


def test_failure_is_named_with_its_traceback_and_the_others_run_on(run):
    status, lines = run("def test_a():\n    assert 1 == 2\n\ndef test_b():\n    pass\n")
    assert status == 1
    assert lines[0] == "FAIL test_a"
    assert any(line.endswith('test_it.py", line 2, in test_a') for line in lines)
    assert lines[-2:] == ["ok test_b", "1 passed, 1 failed, 0 skipped"]


def test_file_without_tests_is_a_failure(run):
    assert run("def helper():\n    pass\n") == (1, ["0 passed, 0 failed, 0 skipped"])


def test_file_that_does_not_import_is_a_failure(run):
    status, lines = run("import no_such_module\n\ndef test_a():\n    pass\n")
    assert status == 1
    assert lines[-1] == "ImportError: no module named 'no_such_module'"


def test_lib_is_importable(run):
    assert run("import ticks\n\ndef test_a():\n    ticks.ticks_ms()\n")[0] == 0


def test_single_test_can_be_named(run):
    source = "def test_a():\n    assert False\n\ndef test_b():\n    pass\n"
    assert run(source, "test_b") == (0, ["ok test_b", "1 passed, 0 failed, 0 skipped"])


def test_skipped_test_is_counted_apart_with_its_reason(run):
    source = "from skipping import skip\n\n"
    source += "def test_a():\n    skip('needs a moon')\n\ndef test_b():\n    pass\n"
    assert run(source) == (
        0,
        ["skip test_a - needs a moon", "ok test_b", "1 passed, 0 failed, 1 skipped"],
    )


def test_skip_passes_through_code_that_catches_exceptions(run):
    source = "from skipping import skip\n\ndef test_a():\n    try:\n        skip('x')\n"
    source += "    except Exception:\n        pass\n"
    assert run(source) == (0, ["skip test_a - x", "0 passed, 0 failed, 1 skipped"])


def test_pytest_counts_and_shows_what_a_build_skips(tmp_path):
    """In a run of its own, by workers as in `make test`."""
    portable = tmp_path / "host_tests" / "portable"
    portable.mkdir(parents=True)
    for name in ("conftest.py", "run_portable.py", "portable/skipping.py"):
        shutil.copy(interpreter.ROOT / "host_tests" / name, tmp_path / "host_tests" / name)
    for name in ("host_tools", "lib", ".cache", "pyproject.toml"):
        (tmp_path / name).symlink_to(interpreter.ROOT / name)
    (portable / "test_some.py").write_text(
        "import sys\nfrom skipping import skip\n\ndef test_a():\n"
        "    if sys.implementation.name != 'cpython':\n        skip('no moon')\n\n"
        "def test_b():\n    pass\n"
    )
    (portable / "test_all.py").write_text(
        "from skipping import skip\n\ndef test_a():\n    skip('no sun')\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "2", "-q", "-p", "no:cacheprovider", "host_tests"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SKIPPED [1] host_tests/portable/test_some.py:4: micropython-32: no moon" in done.stdout
    assert "SKIPPED [1] host_tests/portable/test_all.py:4: no sun" in done.stdout
    # test_some twice; test_all on CPython, and on two builds with the item itself.
    assert "4 passed, 7 skipped" in done.stdout
