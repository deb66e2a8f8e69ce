# SPDX-License-Identifier: MIT
"""What the example config takes of an ESP32's heap, as compiled for the board, on the 32-bit interpreter.

A chip without PSRAM starts with 56,000 bytes and grows once (firmware/modes/heap_reserve.py); the growth after that would take the RAM that
Wi-Fi and lwIP live on.
"""

import json
import re
import subprocess
import time
from pathlib import Path

import bridge
from host_tools.build import image, interpreter
from host_tools.simulate.site import Site

EXAMPLE = json.loads(Path(bridge.ROOT, "config.example.json").read_text())
ROD = ("--clamp", "ct1=sine(amps_rms=4, hz=50, mv_per_amp=33, bias_mv=1200)")
GROWN_ONCE = "107k"  # 118,000 bytes, less what only an ESP32 has there: asyncio, littlefs, sockets
# A ratchet: what is reached and not to be lost (docs/performance.md), and the table of names that doubles beside the fakes.
LIVE_BYTES = 100_800  # of it 92,000 is the goal
# Names lie in chunks that grow where there is room; so the firmware's take some bytes more or less, as the fakes' names end.
CHUNKS_BYTES = 256
# A ratchet too: MicroPython's table of names (qstrs) doubles at 1,260 of an ESP32's, which takes 9 kB at once.
NAMES = 850
# What a refused read loads for the moment: it must fit in what the heap has left, or the heap takes the network's memory.
MOMENT_BYTES = 4_200


def test_example_boots_and_serves_all_it_has_before_the_second_growth(tmp_path):
    options = ("--interpreter", "32", "--heap", GROWN_ONCE, *ROD)
    with (
        Site(EXAMPLE) as site,
        bridge.running(tmp_path, EXAMPLE, site.bridge_tty, *options) as board,
    ):
        board.until(lambda a: a.status == 200, "values")
        assert board.get("/api/v1/info.json").status == board.get("/").status == 200
        assert board.get("/status.json").status == board.get("/metrics").status == 200
        board.until(lambda a: a.status == 200, "values")


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
    options = ("--interpreter", "32", "--state", state, *ROD)
    with (
        Site(EXAMPLE) as site,
        bridge.running(folder, EXAMPLE, site.bridge_tty, *options) as board,
    ):
        heap, names = noted(state)
        board.until(lambda a: a.status == 200, "values")
        assert board.get("/status.json").status == board.get("/metrics").status == 200
        live, all_names = least_noted(state)
        return live - heap, all_names - names


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
