# SPDX-License-Identifier: MIT
"""What the doctor says of faults on the simulated wire, with the real bridge at its other end."""

import json
import time

import pytest

import bridge
from host_tools.owner import doctor
from host_tools.simulate.site import Site, orders

EXAMPLE = json.loads((bridge.ROOT / "config.example.json").read_text("utf-8"))
WATCH_S = 13  # a unit counts as quiet after 10 s

# Faults as `make run FAULT=` takes them, and what the doctor says of them.
CASES = {
    "a line that is well": ("", set()),
    "its own echo on a line that is well": ("echo", set()),
    "hears only itself": ("deaf", {"hears_itself"}),
    "rate of one wrong, parity of the other": ("1:wrong-baud 2:wrong-parity", {"nobody"}),
    "swapped against the bias": ("bias", {"restless"}),
    "one is swapped": ("1:swapped", {"silent"}),
    "nothing is readable": ("bad-crc", {"unreadable_all"}),
    "another unit answers, and another model": (
        "1:other-unit 2:other-model",
        {"unreadable", "refuses"},
    ),
    "two with one address": ("1:twin", {"unreadable"}),
    "no termination": ("disturbed", {"disturbed"}),
    "a second master": ("two-masters", {"second_master"}),
}


@pytest.mark.parametrize("name", CASES)
def test_a_fault_on_the_wire_is_found_and_a_line_that_is_well_is_left_alone(tmp_path, name):
    faults, expected = CASES[name]
    with Site(EXAMPLE, hour=11) as site:
        site.freeze()
        clamps = [f"--clamp={ct}={wave}" for ct, wave in site.waveforms().items()]
        with bridge.running(tmp_path, EXAMPLE, site.bridge_tty, *clamps) as board:
            board.until(lambda a: a.status == 200, "values", limit_s=30)
            for unit, kind in orders.parsed(faults) if faults else ():
                orders.give(site, unit, kind)
            before = board.get("/status.json").body
            time.sleep(WATCH_S)
            status = board.get("/status.json").body
            info = board.get("/api/v1/info.json?test").body
    found = doctor.findings(status, before, is_dark=False)
    assert {one.id for one in found} == expected, json.dumps(
        (before["units"], status["units"], status["line"])
    )
    for one in found:
        assert "{" not in doctor.sentence(one, doctor.names_of(status, info))
