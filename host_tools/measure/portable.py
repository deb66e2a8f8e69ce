# SPDX-License-Identifier: MIT
"""How a file of portable tests is run on a MicroPython; the working folder is the project's root."""

import re
from pathlib import Path

from host_tools.build.interpreter import Interpreter

RUNNER = Path("host_tests", "run_portable.py")
TESTS = Path("host_tests", "portable")
_DEFAULT_HEAP_KB = 256  # the compiler needs most of it: a board gets .mpy files


def command(interpreter: Interpreter, file: Path | str, root: Path) -> list[str]:
    """argv. file: relative to root."""
    return interpreter.command(RUNNER, file, heap=f"{heap_kb(root / file, interpreter.bits)}k")


def heap_kb(file: Path, bits: int) -> int:
    """What the file names by `HEAP = "64k"`: that of the 32-bit build; objects of the 64-bit one are twice as large."""
    named = re.search(r'^HEAP = "(\d+)k"', file.read_text("utf-8"), re.M)
    return (int(named[1]) if named else _DEFAULT_HEAP_KB) * bits // 32
