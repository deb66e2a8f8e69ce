# SPDX-License-Identifier: MIT
"""`make calibrate` against the running bridge, while a meter of the simulated site measures the same conductor."""

import contextlib
import json
import threading
from dataclasses import replace

import pytest
from PIL import Image

import bridge
from host_tools.owner import calibrate
from host_tools.simulate.run import Clamps
from host_tools.simulate.site import Site
from host_tools.simulate.site.physics import Physics

# The third meter of the site is the heating rod's; a single-phase house lies around it.
METERS = [
    {"category": "energy_meters", "profile": "eastron-sdm630", "unit": unit, "when_stale": "omit"}
    for unit in (1, 2, 3)
]
ROD = {"category": "smart_loads", "clamp": "ct1"}
BUS = {"baudrate": 38400, "poll_interval_ms": 200}
LOADS_W = (400, 1500, 3000)
STEP_S = 14


class Steps(Physics):
    """The rod's power goes up in steps."""

    def at(self, second):
        step = int(second - self.first_second) // STEP_S
        return replace(super().at(second), rod_w=float(LOADS_W[step % len(LOADS_W)]))


def config(amps_per_volt):
    rod = dict(ROD, amps_per_volt=amps_per_volt)
    return {"wifi": bridge.WIFI, "devices": [*METERS, rod], "bus": BUS}


@contextlib.contextmanager
def playing(site, clamps):
    """The clamp sees what the meter's conductor carries, and a tenth of a second later what it carries then."""
    ended = threading.Event()

    def play():
        while not ended.wait(0.1):
            clamps.write(site.truth())

    thread = threading.Thread(target=play)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@pytest.fixture
def run(tmp_path):
    """Calibrate a bridge that takes its clamp for 27 A/V, though it has 30; (exit status, its entry, picture)."""

    def run(*words):
        physics = Steps(seed=2, hour=9.5)
        file, picture = tmp_path / "config.json", tmp_path / "fit.png"
        with Site(config(30), physics=physics) as site:
            clamps = Clamps(site, tmp_path)
            with (
                playing(site, clamps),
                bridge.running(tmp_path, config(27), site.bridge_tty, *clamps.options()) as board,
            ):
                board.until(lambda a: "smart_loads" in str(a.body), "the clamp", limit_s=30)
                given = ["--port", board.address, "--config", str(file), "--picture", str(picture)]
                status = calibrate.main([*given, "--yes", *words])
        return status, json.loads(file.read_text())["devices"][-1], picture

    return run


def test_a_clamp_is_calibrated_by_the_meter_on_the_running_bridge(run, capsys):
    status, entry, picture = run("--meter", "energy_meters.2", "--minutes", "0.65")
    said = capsys.readouterr().out
    assert status == 0, said
    assert entry["amps_per_volt"] == pytest.approx(30, rel=0.005), said
    assert 1.0 <= entry["error_percent"] <= 2.0
    assert "calibrated clamp" in said and "residual" in said
    with Image.open(picture) as image:
        assert image.format == "PNG"
