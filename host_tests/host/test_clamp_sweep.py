# SPDX-License-Identifier: MIT
"""A clamp's published current over many runs: every one within what design.md promises, and its stated error honest."""

import pytest

from host_tools.measure.bench.clamp import sweep
from host_tools.simulate.clamp_waves import WAVES

RUNS = 12
WITHIN = 0.95


@pytest.mark.parametrize("name", sorted(WAVES))
@pytest.mark.parametrize(("level_percent", "most_percent"), [(100, 0.3), (10, 0.3), (1, 3)])
def test_every_run_is_within_the_promise(name, level_percent, most_percent):
    largest, within = sweep(WAVES[name], level_percent, RUNS)
    assert largest <= most_percent
    assert within >= WITHIN


@pytest.mark.parametrize("noise_mv", [0.5, 1.5, 3, 6])
def test_no_load_is_zero_within_the_stated_error(noise_mv):
    largest, within = sweep(WAVES["sine"], 0, RUNS, noise_mv)
    assert within == 1
    assert largest < 0.03 * (1 + noise_mv)


@pytest.mark.parametrize("name", sorted(WAVES))
def test_twice_the_noise_is_borne_at_the_lower_end(name):
    largest, within = sweep(WAVES[name], 1, RUNS, noise_mv=3)
    assert largest <= 4
    assert within >= WITHIN
