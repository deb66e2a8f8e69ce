# SPDX-License-Identifier: MIT
"""A test whose tool is missing is skipped on a PC and fails in CI, with what to install."""

import pytest

from host_tests import needs

SENTENCE = "no-such-browser is missing: install it (Debian, Ubuntu: apt install browser)"


def test_program_that_is_there_is_found(tmp_path, monkeypatch):
    (tmp_path / "second").write_text("")
    (tmp_path / "second").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert needs.program("first", "second", package="x") == str(tmp_path / "second")


def test_missing_program_skips_on_a_pc(monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception) as outcome:
        needs.program("no-such-browser", "nor-this", package="browser")
    assert str(outcome.value) == SENTENCE


def test_missing_program_fails_in_ci(monkeypatch):
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception) as outcome:
        needs.program("no-such-browser", package="browser")
    assert str(outcome.value) == SENTENCE
