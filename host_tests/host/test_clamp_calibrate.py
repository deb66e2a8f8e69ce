# SPDX-License-Identifier: MIT
"""The calibration tool against a small web server that tells what a bridge would."""

import json
import math
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from PIL import Image

from host_tools.owner import calibrate

LOADS_A = (0.5, 0.5, 0.5, 0.5, 2, 2, 2, 2, 4, 4, 4, 4, 9, 9, 9, 9)


class Bridge(BaseHTTPRequestHandler):
    """One clamp whose gain is 5 % too low, with 100 mA of noise, beside a meter with 231 V."""

    windows = 0
    loads_a = LOADS_A

    def do_GET(self):
        assert self.path == "/status.json"
        Bridge.windows += 1
        load_a = Bridge.loads_a[Bridge.windows % len(Bridge.loads_a)]
        rms_ma = round(math.hypot(load_a * 1000 / 1.05, 100))
        result = {
            "windows": Bridge.windows,
            "rms_ma": rms_ma,
            "noise_ma": 100,
            "gain_ua": 3000,
            "rejected": {},
            "voltage_dv": 2310,
            "voltage_measured": 1,
        }
        fields = {"grid_power_w": -round(load_a * 231), "voltage_l1": 250.0}
        meter = {"device": "energy_meters 0", "fields": fields}
        meter["age_ms"] = {"grid_power_w": 300, "voltage_l1": 300}
        body = json.dumps({"clamps": {"ct1": result}, "devices": [meter]}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def url(monkeypatch):
    monkeypatch.setattr(calibrate.time, "sleep", lambda _: None)
    Bridge.loads_a = LOADS_A
    server = HTTPServer(("127.0.0.1", 0), Bridge)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.json"
    entry = {"category": "smart_loads", "clamp": "ct1", "model": "SCT-013-030"}
    path.write_text(json.dumps({"devices": [{"category": "energy_meters"}, entry]}))
    return path


def run(url, config, *words):
    picture = config.with_name("picture.png")
    words = ["--port", url, "--config", str(config), "--picture", str(picture), *words]
    code = calibrate.main(words)
    return code, json.loads(config.read_text())["devices"][1], picture


def test_against_the_meter_gain_and_noise_are_found_and_drawn(url, config, capsys):
    code, entry, picture = run(url, config, "--minutes", "0.01", "--yes")
    assert code == 0
    assert entry["amps_per_volt"] == pytest.approx(31.5, rel=0.003)
    assert entry["noise_floor_ma"] == pytest.approx(105, abs=12)  # the meter tells whole watts
    assert 1.0 <= entry["error_percent"] <= 2.0
    assert entry["model"] == "SCT-013-030"
    with Image.open(picture) as image:
        assert image.format == "PNG" and len(image.getcolors(100000)) > 3
    shown = capsys.readouterr().out
    assert "calibrated clamp" in shown and "residual" in shown


def test_a_load_that_never_varies_is_refused(url, config, capsys):
    Bridge.loads_a = (4,)
    code, entry, _ = run(url, config, "--minutes", "0.01", "--yes")
    assert code == 1
    assert "never varied enough" in capsys.readouterr().out
    assert "amps_per_volt" not in entry


def test_one_known_load_gives_the_gain(url, config):
    Bridge.loads_a = (9,)
    code, entry, _ = run(url, config, "--load", "9", "--yes")
    assert code == 0
    assert entry["amps_per_volt"] == pytest.approx(31.5, rel=0.002)
    assert "noise_floor_ma" not in entry  # nobody has measured it


def test_a_noise_floor_found_before_grows_with_the_gain(url, config):
    written = json.loads(config.read_text())
    written["devices"][1]["noise_floor_ma"] = 100
    config.write_text(json.dumps(written))
    Bridge.loads_a = (9,)
    _, entry, _ = run(url, config, "--load", "9", "--yes")
    assert entry["noise_floor_ma"] == 105


def test_a_clamp_on_no_conductor_gives_the_noise_floor(url, config):
    Bridge.loads_a = (0,)
    code, entry, _ = run(url, config, "--zero", "--yes")
    assert code == 0
    assert entry["noise_floor_ma"] == 100
    assert "amps_per_volt" not in entry


def test_nothing_is_written_unless_the_owner_agrees(url, config, monkeypatch):
    before = config.read_text()
    Bridge.loads_a = (0,)
    answers = ["", "n"]
    monkeypatch.setattr("builtins.input", lambda _: answers.pop(0))
    code, _, _ = run(url, config, "--zero")
    assert code == 1
    assert config.read_text() == before


def test_an_unknown_clamp_is_named(url, config, capsys):
    code, _, _ = run(url, config, "--clamp", "ct2", "--zero", "--yes")
    assert code == 1
    assert "has no device with clamp ct2" in capsys.readouterr().out
    config.write_text(config.read_text().replace("ct1", "ct2"))
    code, _, _ = run(url, config, "--clamp", "ct2", "--zero", "--yes")
    assert code == 1
    assert "the bridge has no clamp ct2; it has: ct1" in capsys.readouterr().out


def test_an_unknown_meter_is_named(url, config, capsys):
    code, _, _ = run(url, config, "--meter", "energy_meters.3", "--minutes", "0.01", "--yes")
    assert code == 1
    assert "no device energy_meters 3; it has: energy_meters 0" in capsys.readouterr().out


def test_a_clamp_of_a_set_is_refused_before_anything_is_measured(config, capsys):
    config.write_text(json.dumps({"devices": [{"clamp": ["ct1", "ct2"], "amps_per_volt": 30}]}))
    assert calibrate.main(["--port", "http://127.0.0.1:9/", "--config", str(config)]) == 1
    assert "one of a set" in capsys.readouterr().out


def test_a_bridge_that_is_not_there_is_told_in_a_line(config, capsys):
    assert calibrate.main(["--port", "http://127.0.0.1:9/", "--config", str(config)]) == 1
    assert "refused: " in capsys.readouterr().out
