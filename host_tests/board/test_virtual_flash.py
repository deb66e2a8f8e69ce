# SPDX-License-Identifier: MIT
"""The virtual board's flash takes its time.

Expected: Winbond W25Q32JV data sheet (sector erase 45 ms, page program 0.4 to 3 ms), 40 MHz in dual I/O mode.
"""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from flashed import Flashed  # noqa: E402
from rig import Bench, Line  # noqa: E402

SECTOR_BYTES = 4096
TIMES = """
import time
def took(function):
    start = time.ticks_ms()
    function()
    return time.ticks_diff(time.ticks_ms(), start)
def write():
    with open("/data", "wb") as file: file.write(bytes(40_000))
def read():
    with open("/data", "rb") as file: file.read()
def append():
    with open("/data", "ab") as file: file.write(bytes(100))
print(took(write), took(read), took(append))
"""


@pytest.fixture
def board(tmp_path):
    made = Flashed(tmp_path, quick_flash=False)
    yield made
    made.close()


def test_littlefs_erases_and_programs_and_reads_as_slowly_as_a_flash(board):
    write_ms, read_ms, append_ms = map(int, board.mpremote("exec", TIMES).split())
    sectors, pages = 40_000 // SECTOR_BYTES, 40_000 // 256
    assert sectors * 45 + pages * 0.4 <= write_ms <= 2 * sectors * 45 + pages * 3 + 500
    # 8 bytes take 1 us at 80 MBit/s; a call of the driver for each cache of littlefs comes on top.
    assert 40_000 * 8 / 80_000 <= read_ms <= 250
    assert 45 <= append_ms <= 400


def test_a_folder_costs_what_littlefs_would_about(tmp_path):
    line = Line()
    try:
        (printed,) = Bench(tmp_path, line.name).prints(TIMES)
    finally:
        line.close()
    write_ms, read_ms, append_ms = map(int, printed.split())
    assert 45 <= write_ms and 4 <= read_ms <= 250 and 45 <= append_ms <= 400
