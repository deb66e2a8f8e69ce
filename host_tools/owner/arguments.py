# SPDX-License-Identifier: MIT
"""Command lines whose slips get one sentence."""

import argparse
from collections.abc import Callable
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Without the usage, which --help shows."""
        self.exit(2, f"{self.prog.rpartition('.')[2]}: {message}\n")


def number(low: int, high: int) -> Callable[[str], int]:
    """A type for add_argument: a whole number, decimal or 0x..."""

    def read(text: str) -> int:
        try:
            value = int(text, 0)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text} is not allowed; {low} to {high} is")
        return value

    return read
