# SPDX-License-Identifier: MIT
"""A load that is switched all the time: averaged, with an error that covers its ends, and only as long as it is (docs/clamp.md)."""

from clamp_fakes import Bench
from host_tools.simulate.clamp_waves import WAVES, Input, burst


def test_burst_fired_heater_is_averaged_and_the_stated_error_holds_its_error():
    # 3000 W on so many of so many cycles. A window may hold parts of two bursts of one cycle: their mean current is more.
    for on, of, mean_off_w in ((1, 2, 400), (2, 4, 200), (3, 4, 200), (100, 200, 200)):
        source = Input(burst(on, of), 3000 / 230 * 1000 / 30, noise_mv=1.5, seed=on)
        bench = Bench(source, voltage_dv=lambda: 2300)
        bench.run(20)
        off_w = []
        for _ in range(30):
            result = bench.run(1)
            off_w.append(result["power_w"] - 3000 * on // of)
            assert abs(off_w[-1]) <= result["error_w"], (on, of, result)
        assert abs(sum(off_w)) <= 30 * mean_off_w, (on, of, off_w)


def test_load_that_was_restless_and_rests_is_told_as_it_is():
    source = Input(WAVES["sine"], 300, noise_mv=1.5)
    bench = Bench(source)
    bench.run(5)
    for rms_mv in (30, 300, 30, 300):
        source.rms_mv = rms_mv
        result = bench.run(1)
    assert 1000 < result["current_ma"] < 8500
    assert result["error_w"] * 1000 // 230 > 9000 - result["current_ma"]
    bench.run(8)
    assert abs(result["current_ma"] - 9000) <= 60
    source.rms_mv = 30
    assert abs(bench.run(1)["current_ma"] - 900) <= 40, "one step is followed at once"


def test_load_that_is_switched_now_and_then_is_told_as_it_is():
    source = Input(WAVES["sine"], 300, noise_mv=1.5)
    bench = Bench(source)
    bench.run(5)
    for rms_mv in (30, 300) * 3:
        source.rms_mv = rms_mv
        for windows in (1, 9):
            assert abs(bench.run(windows)["current_ma"] - 30 * rms_mv) <= 60
