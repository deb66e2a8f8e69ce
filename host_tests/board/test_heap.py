# SPDX-License-Identifier: MIT
"""What the example config takes of an ESP32's heap, as compiled for the board, on the 32-bit interpreter.

The virtual board has the memory of a chip with PSRAM here, so that no limit is in the way of what is measured. What is left to the network
on one without is in test_many_clients.py.
"""

import json
import re
import subprocess
import time
from pathlib import Path

import bridge
from host_tools.build import image, interpreter
from host_tools.simulate.site import Site
from host_tools.simulate.virtual_board.board import NAMES_HEAP

EXAMPLE = json.loads(Path(bridge.ROOT, "config.example.json").read_text())
ROD = ("--clamp", "ct1=sine(amps_rms=4, hz=50, mv_per_amp=33, bias_mv=1200)")
AMPLE = ("--interpreter", "32", "--chip", "esp32-s3-psram")
# A ratchet: what is reached and not to be lost (docs/performance.md).
LIVE_BYTES = 101_600  # of it 92,000 is the goal
# Names lie in chunks that grow where there is room; so the firmware's take some bytes more or less, as the fakes' names end.
CHUNKS_BYTES = 256
# What the fakes' own sockets and addresses take while the firmware runs: with the PC's bare sockets it was so much less.
SOCKETS_BYTES = 1200
# A ratchet too.
NAMES = 880  # 850 for the house; truth, page and set-up may have 115 more
# MicroPython's table of names (qstrs) doubles then, which takes NAMES_HEAP at once. With those of the fakes it does here.
TABLE = 1260
# What a refused read loads for the moment: it must fit in what the heap has left, or the heap takes the network's memory.
MOMENT_BYTES = 4_200


def noted(state):
    """(bytes of heap in use, names beside those in the ROM) as the board has noted them last; None while it has not."""
    file = Path(state, "names")
    found = re.search(r"^(\d+)\n.*n_qstr=(\d+), .*\n", file.read_text() if file.exists() else "")
    return found and (int(found[1]), int(found[2]))


def least_noted(state):
    """The least of some notes: the collector keeps what an old frame on the C stack still seems to name."""
    found = []
    for number in range(1, 5):
        Path(state, "names").unlink()
        Path(state, "note").write_text(
            str(number)
        )  # the board notes when it feeds the watchdog next
        deadline_s = time.monotonic() + 30
        while not noted(state):
            assert time.monotonic() < deadline_s, "the watchdog is not fed"
            time.sleep(0.05)
        found.append(noted(state))
    return min(found)


def measured(folder):
    """(bytes, names) that one boot of the example takes, with both reports loaded."""
    state = folder / "state"
    state.mkdir(parents=True)
    Path(state, "note").write_text("0")
    options = (*AMPLE, "--state", state, *ROD)
    with (
        Site(EXAMPLE) as site,
        bridge.running(folder, EXAMPLE, site.bridge_tty, *options) as board,
    ):
        heap, names = noted(state)
        board.until(lambda a: a.status == 200, "values")
        assert board.get("/status.json").status == board.get("/metrics").status == 200
        live, all_names = least_noted(state)
        if names <= TABLE < all_names:
            live -= NAMES_HEAP[32]
        return live - heap - SOCKETS_BYTES, all_names - names


def test_live_heap_and_names_stay_what_they_are(tmp_path):
    """A boot may keep some bytes more for good, which a number in memory seems to name: the best one counts."""
    boots = []
    while len(boots) < 6 and (not boots or min(boots)[0] > LIVE_BYTES + CHUNKS_BYTES):
        boots.append(measured(tmp_path / str(len(boots))))
    live, names = min(boots)
    assert live <= LIVE_BYTES + CHUNKS_BYTES, boots
    assert names <= NAMES


COST = """
import gc
from meters import poller, read, register
gc.collect()
before = gc.mem_alloc()
from meters import adapt
gc.collect()
print(gc.mem_alloc() - before)
"""


def test_what_is_loaded_for_the_moment_is_small(tmp_path):
    image.write(tmp_path, bridge.ROOT / "config.example.json")
    Path(tmp_path, "cost.py").write_text(COST)
    found = interpreter.find(32)
    done = subprocess.run(
        found.command(tmp_path / "cost.py"),
        env=found.environment(MICROPYPATH=f"{tmp_path / 'lib'}:.frozen"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert 2_000 < int(done.stdout) <= MOMENT_BYTES + CHUNKS_BYTES
