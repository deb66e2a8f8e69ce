# SPDX-License-Identifier: MIT
"""What the doctor says of faults on the simulated wire, with the real bridge at its other end."""

import json
import time

import pytest

import bridge
from host_tools.owner import doctor
from host_tools.simulate.site import Site
from host_tools.simulate.site.faults import Fault

EXAMPLE = json.loads((bridge.ROOT / "config.example.json").read_text("utf-8"))
WATCH_S = 13  # a unit counts as quiet after 10 s

CASES = {
    "a line that is well": ({}, set()),
    "nobody answers": ({1: ["silent"], 2: ["silent"]}, {"nobody"}),
    "the meter is off": ({1: ["silent"]}, {"silent"}),
    "wrong parity": ({1: ["bad_crc"], 2: ["bad_crc"]}, {"unreadable_all"}),
    "wrong parity of one": ({1: ["bad_crc"]}, {"unreadable"}),
    "replies break off": ({1: ["short"]}, {"unreadable"}),
    "another unit answers": ({1: ["other_unit"]}, {"unreadable"}),
    "another model": ({1: ["exception", {"code": 2}]}, {"refuses"}),
}


@pytest.mark.parametrize("name", CASES)
def test_a_fault_on_the_wire_is_found_and_a_line_that_is_well_is_left_alone(tmp_path, name):
    faults, expected = CASES[name]
    with Site(EXAMPLE, hour=11) as site:
        site.freeze()
        clamps = [f"--clamp={ct}={wave}" for ct, wave in site.waveforms().items()]
        with bridge.running(tmp_path, EXAMPLE, site.bridge_tty, *clamps) as board:
            board.until(lambda a: a.status == 200, "values", limit_s=30)
            for unit, (kind, *more) in faults.items():
                site.fault(unit, Fault(kind, **(more[0] if more else {})))
            before = board.get("/status.json").body
            time.sleep(WATCH_S)
            status = board.get("/status.json").body
            info = board.get("/api/v1/info.json?test").body
    found = doctor.findings(status, before, is_dark=False)
    assert {one.id for one in found} == expected, status["units"]
    for one in found:
        assert "{" not in doctor.sentence(one, doctor.names_of(status, info))
