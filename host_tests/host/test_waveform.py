# SPDX-License-Identifier: MIT
"""A WAVEFORM becomes the microvolts that a clamp's pin sees."""

import math
import struct

import pytest

from host_tools.simulate.virtual_board.waveform import WaveformError, pack


def unpacked(text):
    data = pack(text)
    period_us, step_us, noise_uv, _ = struct.unpack_from("<4I", data)
    microvolts = struct.unpack_from(f"<{period_us // step_us}i", data, 16)
    assert len(data) == 16 + 4 * len(microvolts)
    return period_us, noise_uv, microvolts


def rms(values):
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))


def test_sine_has_the_given_rms_bias_and_period():
    period_us, noise_uv, microvolts = unpacked(
        "sine(amps_rms=10, hz=50, mv_per_amp=33, bias_mv=1200)"
    )
    assert period_us == 100_000 and noise_uv == 0
    assert rms(microvolts) == pytest.approx(330_000, rel=1e-4)
    assert sum(microvolts) / len(microvolts) == pytest.approx(1_200_000, rel=1e-5)
    assert max(microvolts) == pytest.approx(1_200_000 + 330_000 * math.sqrt(2), rel=1e-4)


def test_rms_counts_the_harmonics_in():
    _, noise_uv, microvolts = unpacked(
        "sine(amps_rms=10, mv_per_amp=33, h3=0.5, h5=0.2, noise_mv=2)"
    )
    assert noise_uv == 2000
    assert rms(microvolts) == pytest.approx(330_000, rel=1e-4)


@pytest.mark.parametrize("hz", [16.7, 49.9, 50, 60])
def test_period_holds_whole_cycles(hz):
    period_us, _, _ = unpacked(f"sine(amps_rms=1, hz={hz})")
    assert period_us * hz / 5e6 == pytest.approx(1, rel=2e-4)


def test_steady_voltage():
    assert unpacked("dc(mv=1234.5)") == (1000, 0, (1_234_500,))


def test_samples_come_from_a_file(tmp_path):
    (tmp_path / "mv.txt").write_text("1000\n1100.5\n900\n")
    wave = unpacked(f"samples(path={tmp_path}/mv.txt, rate_hz=4000)")
    assert wave == (750, 0, (1_000_000, 1_100_500, 900_000))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sinus(amps_rms=1)",
        "sine(amps_rms=1",
        "sine(amps=1)",
        "sine(amps_rms=many)",
        "sine(amps_rms=nan)",
        "sine(hz=0)",
        "sine(10)",
        "samples(path=/no/such/file)",
        "samples(rate_hz=0, path=/dev/null)",
    ],
)
def test_what_is_no_waveform_is_refused(text):
    with pytest.raises(WaveformError):
        pack(text)
