"""What the example config takes of an ESP32's heap, as compiled for the board, on the 32-bit interpreter.

A chip without PSRAM starts with 56,000 bytes and grows once (firmware/room.py); the growth after that would take the RAM that
Wi-Fi and lwIP live on.
"""

import json
from pathlib import Path

import bridge
from host_tools.simulate.site import Site
from host_tools.simulate.virtual_board.board import NAMES_HEAP

EXAMPLE = json.loads(Path(bridge.ROOT, "config.example.json").read_text())
ROD = ("--clamp", "ct1=sine(amps_rms=4, hz=50, mv_per_amp=33, bias_mv=1200)")
GROWN_ONCE = "110k"  # 118,000 bytes, less what only an ESP32 has there: asyncio, littlefs, sockets
# A ratchet: what is reached and not to be lost (docs/performance.md), and the table of names that doubles beside the fakes.
LIVE_BYTES = 99_500 + NAMES_HEAP[32]


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


def test_live_heap_stays_what_it_is(tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    options = ("--interpreter", "32", "--state", state, *ROD)
    with (
        Site(EXAMPLE) as site,
        bridge.running(tmp_path, EXAMPLE, site.bridge_tty, *options) as board,
    ):
        board.until(lambda a: a.status == 200, "values")
        # The first report still tells of the collection before it was made.
        live = board.get("/status.json").body["health"]["heap_live"]
        assert live - int(Path(state, "heap").read_text()) <= LIVE_BYTES
        assert board.get("/metrics").status == board.get().status == 200
