# SPDX-License-Identifier: MIT
"""How long a flash takes. docs/design/virtual-board.md has the figures and their sources."""

import os
from time import sleep_us

_IS_QUICK = os.getenv("BOARD_QUICK_FLASH") == "1"
_READ_US = 40  # one call of the driver, which stops both cores...
_READ_BYTES = 128  # ...and reads so much at a time (firmware/boot.py)
_BYTE_NS = 100  # 40 MHz, two bits at a time
_PAGE_BYTES = 256
_PAGE_US = 700
_ERASE_US = 45_000
_LEAST_US = 2000  # short pauses last too long on a PC: they are saved up

_owed_us = 0


def _take(us):
    global _owed_us
    if _IS_QUICK:
        return
    _owed_us += us
    if _owed_us >= _LEAST_US:
        sleep_us(_owed_us)
        _owed_us = 0


def read(count):
    _take(_READ_US * (1 + count // _READ_BYTES) + count * _BYTE_NS // 1000)


def program(count):
    _take(_PAGE_US * (1 + (count - 1) // _PAGE_BYTES))


def erase():
    _take(_ERASE_US)


def write(count):
    """In a file system, which has to erase now and then."""
    erase()
    program(count)
