"""What the example config takes of an ESP32's heap, as compiled for the board, on the 32-bit interpreter.

A chip without PSRAM starts with 56,000 bytes and doubles them once; the growth after that would take the RAM that Wi-Fi
and lwIP live on.
"""

import json
from pathlib import Path

import bridge
from host_tools.site import Site

EXAMPLE = json.loads(Path(bridge.ROOT, "config.example.json").read_text())
# 112,000 bytes, and 9 kB that the reports' names take here only: with those of the fakes the table of names doubles.
GROWN_ONCE = "118k"
LIVE_BYTES = (
    94_000  # a ratchet: what is reached and not to be lost. docs/performance.md says where it goes
)


def test_example_boots_serves_and_reports_before_the_second_growth(tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    options = ("--interpreter", "32", "--heap", GROWN_ONCE, "--state", state)
    options += ("--clamp", "ct1=sine(amps_rms=4, hz=50, mv_per_amp=33, bias_mv=1200)")
    with (
        Site(EXAMPLE) as site,
        bridge.running(tmp_path, EXAMPLE, site.bridge_tty, *options) as board,
    ):
        board.until(lambda a: a.status == 200, "values")
        # The first report still tells of the collection before it was made.
        live = board.get("/status.json").body["health"]["heap_live"]
        fakes = int(Path(state, "heap").read_text())
        assert live - fakes <= LIVE_BYTES
        assert board.get("/metrics").status == 200
        assert board.get().status == 200 and board.get("/").status == 200
