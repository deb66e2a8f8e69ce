# SPDX-License-Identifier: MIT
"""Clamps end to end: a waveform on the pin of the virtual board, the charger's document at the other end."""

import math

import bridge
from host_tools.simulate.site import Site

METER = {"category": "energy_meters", "profile": "eastron-sdm630", "unit": 1}
ROD = {"category": "smart_loads", "clamp": "ct1", "amps_per_volt": 30}


def config(*devices, **sections):
    quick = {"bus": {"baudrate": 19200, "poll_interval_ms": 200}}
    return {"wifi": bridge.WIFI, "devices": list(devices), **quick, **sections}


def ready(board, limit_s=40):
    """values.json and the clamps' own figures, once everything is fresh."""
    values = board.until(lambda a: a.status == 200, "every reading", limit_s)
    return values.body["device_values"], board.get("/status.json").body["clamps"]


def test_a_smart_load_is_amps_times_the_meters_volts(tmp_path):
    settings = config(METER, ROD)
    with Site(settings, hour=12) as site:
        site.freeze()
        volts = site.truth().voltages_v[0]
        wave = "ct1=sine(amps_rms=5, mv_per_amp=33.3333, h3=0.3, h5=0.1, noise_mv=2)"
        with bridge.running(tmp_path, settings, site.bridge_tty, "--clamp", wave) as board:
            values, clamps = ready(board)
            assert abs(values["smart_loads"]["0"]["sl_power_w"] / (5 * volts) - 1) < 0.01
            seen = clamps["ct1"]
            assert seen["voltage_measured"] == 1 and abs(seen["voltage_dv"] - 10 * volts) <= 1
            assert seen["samples"] >= 100 and abs(seen["offset_mv"] - 1200) <= 2
            assert set(seen["rejected"]) == {"few", "uneven", "dead", "clipped", "frequency"}
            # 3 % of the clamp and 3 % of the chip (models.json), the rest of the noise, a rounded watt.
            assert 0.055 < seen["error_w"] / seen["power_w"] < 0.07
            metrics = board.get("/metrics").body
            assert 'nrgkick_clamp_error_watts{clamp="ct1"}' in metrics
            assert (
                'nrgkick_clamp_rejected_windows_total{clamp="ct1",reason="clipped"} 0' in metrics
            )


def test_an_inverter_by_model_burden_power_factor_and_nominal_volts(tmp_path):
    entry = {"category": "inverters", "clamp": "ct2", "model": "SCT-013-000", "burden_ohm": 33}
    entry.update(power_factor=0.9, voltage=240, error_percent=2)
    # 10 A over 2000 turns and 33 ohm are 165 mV.
    wave = "ct2=sine(amps_rms=165, mv_per_amp=1)"
    settings = config(entry)
    with (
        Site(config(METER)) as site,
        bridge.running(tmp_path, settings, site.bridge_tty, "--clamp", wave) as board,
    ):
        values, clamps = ready(board)
        power_w = values["inverters"]["0"]["inv_power_ac_w"]
        assert abs(power_w / (10 * 240 * 0.9) - 1) < 0.01
        assert clamps["ct2"]["voltage_measured"] == 0
        # 2 % as calibrated and 10 % of volts that nobody measures.
        assert abs(clamps["ct2"]["error_w"] / power_w - 0.12) < 0.005


def test_three_clamps_measure_the_house_load(tmp_path):
    load = {"clamp": ["ct1", "ct2", "ct3"], "model": "SCT-013-030"}
    elsewhere = dict(METER, info={"location": 3})
    settings = config(elsewhere, load_power=load)
    with Site(settings, hour=19) as site:
        site.freeze()
        waves = [f"--clamp={name}={wave}" for name, wave in site.waveforms().items()]
        assert len(waves) == 3
        expected_w = site.expected()["device_values"]["load_power_w"]
        with bridge.running(tmp_path, settings, site.bridge_tty, *waves) as board:
            answer = board.until(
                lambda a: a.status == 200 and "load_power_w" in a.body["device_values"],
                "the load",
                limit_s=40,
            )
            load_w = answer.body["device_values"]["load_power_w"]
            assert abs(load_w / expected_w - 1) < 0.015, (load_w, expected_w)
            status = board.get("/status.json").body
            clamps = status["clamps"].values()
            assert [clamp["voltage_measured"] for clamp in clamps] == [1, 1, 1]
            assert "load" in [device["device"] for device in status["devices"]]
            assert 'nrgkick_clamp_power_watts{clamp="ct3"}' in board.get("/metrics").body


def test_clipping_lets_the_reading_age_until_the_document_is_refused(tmp_path):
    wave = tmp_path / "wave"
    wave.write_text("sine(amps_rms=5)\n")
    settings = config(ROD, freshness={"limit_s": 3})
    with (
        Site(config(METER)) as site,
        bridge.running(tmp_path, settings, site.bridge_tty, "--clamp", f"ct1=@{wave}") as board,
    ):
        values, clamps = ready(board)
        assert abs(values["smart_loads"]["0"]["sl_power_w"] / (5 * 230) - 1) < 0.01
        windows = clamps["ct1"]["windows"]
        wave.write_text(f"sine(amps_rms={1500 / math.sqrt(2)}, mv_per_amp=1)\n")
        seen = []
        board.until(lambda a: seen.append(a) or a.status == 503, "refusal", limit_s=15)
        # Until then the last good reading, never one of the cut wave, and its age told.
        powers = [a.body["device_values"]["smart_loads"]["0"]["sl_power_w"] for a in seen[:-1]]
        assert all(abs(power_w / (5 * 230) - 1) < 0.01 for power_w in powers)
        assert "smart_loads 0" in seen[-1].body["error"]
        clamp = board.get("/status.json").body["clamps"]["ct1"]
        # On a busy PC one of them may have holes as well.
        assert clamp["rejected"]["clipped"] >= 1 and clamp["clipped_permille"] > 20
        assert sum(clamp["rejected"].values()) >= 2
        assert clamp["windows"] <= windows + 3
        wave.write_text("sine(amps_rms=5)\n")
        board.until(lambda a: a.status == 200, "healed", limit_s=30)
