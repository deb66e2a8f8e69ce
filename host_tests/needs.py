# SPDX-License-Identifier: MIT
"""What a test needs of the PC. A missing one skips the test where an owner runs it, and fails it where CI is set."""

import os
import shutil

import pytest


def program(*names, package):
    """The path of the first of these programs that is there; package: what Debian calls it."""
    for name in names:
        if path := shutil.which(name):
            return path
    return missing(names[0], package)


def missing(what, package):
    """Skips or fails: that is not on this PC, and that package has it."""
    sentence = f"{what} is missing: install it (Debian, Ubuntu: apt install {package})"
    if os.environ.get("CI"):
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)
