# SPDX-License-Identifier: MIT
"""The list of mutants follows the code, and its runner tells a mutant that is caught from one that is not."""

import shutil

import pytest

from host_tools.measure import mutants
from host_tools.paths import ROOT

LISTED = mutants.load()
LIST = """
["lib/double.py"]
tests = ["test_double"]
mutants = [
  ["return 2 * number", "return 3 * number"],
  ["return 2 * number", "return number + number"],
  ["return 2 * number", "return double(number)"],
  ["return 2 * number", "while True: pass"],
]
"""
TEST = """
from double import double

def test_double():
    assert double(3) == 6
"""


def test_every_old_text_stands_once_in_its_file():
    found = [f"{one}: {text}" for one in LISTED if (text := mutants.problem(one))]
    assert not found, "\n".join(found)


def test_every_mutant_is_a_program():
    for one in LISTED:
        text = (ROOT / one.file).read_text("utf-8")
        compile(text.replace(one.old, one.new), one.file, "exec")


def test_no_mutant_is_listed_twice():
    assert len({(one.file, one.old, one.new) for one in LISTED}) == len(LISTED) >= 130


@pytest.fixture
def project(tmp_path, monkeypatch):
    """One of a single function and its test."""
    monkeypatch.setattr(mutants, "ROOT", tmp_path)
    monkeypatch.setattr(mutants, "_LIMIT_S", 1)
    for folder in ("boards", "firmware", "lib", "host_tools", "host_tests/mutants"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("conftest.py", "run_portable.py", "portable/skipping.py"):
        (tmp_path / "host_tests" / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / "host_tests" / name, tmp_path / "host_tests" / name)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "host_tools").rmdir()
    shutil.copytree(ROOT / "host_tools", tmp_path / "host_tools")
    (tmp_path / "lib" / "double.py").write_text("def double(number):\n    return 2 * number\n")
    (tmp_path / "host_tests" / "portable" / "test_double.py").write_text(TEST)
    (tmp_path / "host_tests" / "mutants" / "lib.toml").write_text(LIST)
    return tmp_path


def test_runner_tells_who_survives(project, capsys):
    assert mutants.run(mutants.load(project), 2) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["caught", "SURVIVES", "caught", "caught"]
    assert lines[0].endswith("by test_double::test_double") and lines[3].endswith("no end")


def test_test_that_fails_by_itself_catches_nothing(project):
    (project / "lib" / "double.py").write_text("def double(number):\n    return 9 or 2 * number\n")
    with pytest.raises(SystemExit, match="fails without any mutant"):
        mutants.run(mutants.load(project), 1)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("return 4", "return 5", "stands 0 times"),
        ("number", "n", "stands 2 times"),
        ("2 *", "2 *", "are the same"),
    ],
)
def test_worthless_mutant_is_named(project, old, new, said):
    one = mutants.Mutant("lib/double.py", ("host_tests/portable/test_double.py",), old, new)
    assert said in mutants.problem(one, project)


def test_missing_file_is_named(project):
    one = mutants.Mutant("lib/gone.py", (), "a", "b")
    assert mutants.problem(one, project) == "there is no lib/gone.py"
