"""What the example config takes of an ESP32's heap, as compiled for the board, on the 32-bit interpreter.

A chip without PSRAM starts with 56,000 bytes and grows once (firmware/room.py); the growth after that would take the RAM that
Wi-Fi and lwIP live on.
"""

import json
import re
import time
from pathlib import Path

import bridge
from host_tools.simulate.site import Site

EXAMPLE = json.loads(Path(bridge.ROOT, "config.example.json").read_text())
ROD = ("--clamp", "ct1=sine(amps_rms=4, hz=50, mv_per_amp=33, bias_mv=1200)")
GROWN_ONCE = "107k"  # 118,000 bytes, less what only an ESP32 has there: asyncio, littlefs, sockets
# A ratchet: what is reached and not to be lost (docs/performance.md), and the table of names that doubles beside the fakes.
LIVE_BYTES = 97_700  # of it 92,000 is the goal
# Names lie in chunks that grow where there is room; so the firmware's take some bytes more or less, as the fakes' names end.
CHUNKS_BYTES = 256
# A ratchet too: MicroPython's table of names (qstrs) doubles at 1,260 of an ESP32's, which takes 9 kB at once.
NAMES = 850


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


def names(state):
    """How many names MicroPython's table holds beside those in the ROM, as the board has noted; None while it has not."""
    noted = Path(state, "names")
    found = re.search(r"n_qstr=(\d+), .*\n", noted.read_text() if noted.exists() else "")
    return int(found[1]) if found else None


def names_now(state):
    """The board notes them when it feeds the watchdog next."""
    Path(state, "names").unlink()
    Path(state, "note").write_text("1")
    deadline_s = time.monotonic() + 30
    while names(state) is None:
        assert time.monotonic() < deadline_s, "the watchdog is not fed"
        time.sleep(0.05)
    return names(state)


def test_live_heap_and_names_stay_what_they_are(tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    Path(state, "note").write_text("0")
    options = ("--interpreter", "32", "--state", state, *ROD)
    with (
        Site(EXAMPLE) as site,
        bridge.running(tmp_path, EXAMPLE, site.bridge_tty, *options) as board,
    ):
        board.until(lambda a: a.status == 200, "values")
        # The first report still tells of the collection before it was made.
        live = board.get("/status.json").body["health"]["heap_live"]
        assert live - int(Path(state, "heap").read_text()) <= LIVE_BYTES + CHUNKS_BYTES
        assert board.get("/metrics").status == board.get().status == 200
        before = names(state)
        assert names_now(state) - before <= NAMES
