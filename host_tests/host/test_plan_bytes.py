# SPDX-License-Identifier: MIT
"""The plan of every profile is the same to the byte on CPython and on every build of MicroPython."""

import subprocess
import sys

import pytest

from host_tools.build.interpreter import BUILDS
from host_tools.paths import PROFILES, ROOT

SCRIPT = "host_tests/plans_of_profiles.py"


def printed(command, environment=None):
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-2000:]
    return done.stdout.splitlines()


@pytest.mark.parametrize("build", BUILDS)
def test_plan_is_the_same_to_the_byte(build):
    found = BUILDS[build]()
    theirs = printed(found.command(SCRIPT, heap="16m"), found.environment())
    ours = printed([sys.executable, SCRIPT])
    assert {line.split()[0] for line in ours} == {path.stem for path in PROFILES.glob("*.json")}
    assert theirs == ours
