# SPDX-License-Identifier: MIT
"""What a clamp's pin sees: a line of text becomes microvolts in shared memory.

The board's fake ADC (host_tools/simulate/board_fakes/waveform.py) reads that memory, so a waveform may change while it runs.
"""

import math
import mmap
import re
import struct
from pathlib import Path

HELP = """\
WAVEFORM is what the pin sees:
  sine(amps_rms=10, hz=50, mv_per_amp=33, bias_mv=1200)
      a current through a clamp; also h2=.. to h40=.. (harmonics, as shares of the
      fundamental; amps_rms is the whole), phase_deg=, noise_mv= (evenly spread, +-)
  dc(mv=1200, noise_mv=0)
      a steady voltage
  samples(path=FILE, rate_hz=8000, noise_mv=0)
      millivolts, one a line, played again and again
  @FILE
      one line with one of these; the file may be rewritten at any time"""

SIZE = 1 << 18
_STEP_US = 20
_CYCLES = 5  # so that a period of 16 666.7 us is wrong by 8 parts in 100 000 at most
_MOST_STEPS = SIZE // 4 - 4
_SINE = {
    "amps_rms": 0.0,
    "hz": 50.0,
    "mv_per_amp": 100 / 3,
    "bias_mv": 1200.0,
    "phase_deg": 0.0,
    "noise_mv": 0.0,
}


class WaveformError(ValueError):
    """The text is no waveform."""


class Waveform:
    """One pin's waveform in a file that the board maps into its memory."""

    def __init__(self, text, file):
        self._source = Path(text[1:]) if text.startswith("@") else None
        self._stamp = None
        file.write_bytes(bytes(SIZE))
        with file.open("r+b") as opened:
            self._memory = mmap.mmap(opened.fileno(), SIZE)
        self._lay(self._read() if self._source else text)

    def refresh(self):
        """Take over what @FILE says now; a line that is half written or wrong changes nothing."""
        if self._source is None:
            return
        try:
            if self._stat() != self._stamp:
                self._lay(self._read())
        except (OSError, WaveformError):
            pass

    def _stat(self):
        assert self._source
        stat = self._source.stat()
        return stat.st_mtime_ns, stat.st_size, stat.st_ino

    def _read(self):
        assert self._source
        self._stamp = self._stat()
        return self._source.read_text()

    def _lay(self, text):
        laid = pack(text.strip())
        self._memory[: len(laid)] = laid


def pack(text):
    """Return the waveform as the board reads it: period_us, step_us, noise_uv, 0, then microvolts."""
    step_us, microvolts, noise_mv = _parse(text)
    head = struct.pack("<4I", step_us * len(microvolts), step_us, round(noise_mv * 1000), 0)
    return head + struct.pack(f"<{len(microvolts)}i", *microvolts)


def _parse(text):
    match = re.fullmatch(r"(\w+)\((.*)\)", text)
    kinds = {"sine": _sine, "dc": _dc, "samples": _samples}
    if not match or match[1] not in kinds:
        raise WaveformError(f"no waveform: {text!r}; allowed are {', '.join(kinds)} and @FILE")
    try:
        return kinds[match[1]](_arguments(match[2]))
    except WaveformError as error:
        raise WaveformError(f"{text!r}: {error}") from None


def _arguments(text):
    given = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = part.partition("=")
        if not equals:
            raise WaveformError(f"{part!r} is not name=value")
        given[name.strip()] = value.strip()
    return given


def _numbers(given, defaults):
    for name in given:
        if name not in defaults:
            raise WaveformError(f"unknown {name!r}; allowed are {', '.join(defaults)}")
    try:
        values = {name: float(given.get(name, value)) for name, value in defaults.items()}
    except ValueError as error:
        raise WaveformError(str(error)) from None
    if not all(math.isfinite(value) for value in values.values()):
        raise WaveformError("not a finite number")
    return values


def _sine(given):
    harmonics = {f"h{order}": 0.0 for order in range(2, 41)}
    values = _numbers(given, _SINE | harmonics)
    if not 1 <= values["hz"] <= 1000:
        raise WaveformError("hz is not 1 to 1000")
    orders = {1: 1.0} | {
        order: values[f"h{order}"] for order in range(2, 41) if values[f"h{order}"]
    }
    rms_uv = values["amps_rms"] * values["mv_per_amp"] * 1000
    top_uv = rms_uv * math.sqrt(2 / sum(share * share for share in orders.values()))
    bias_uv = values["bias_mv"] * 1000
    phase = math.radians(values["phase_deg"])
    steps = round(_CYCLES * 1e6 / values["hz"] / _STEP_US)
    turn = 2 * math.pi * _CYCLES / steps

    def microvolts(step):
        angle = turn * step + phase
        return round(bias_uv + top_uv * sum(s * math.sin(n * angle) for n, s in orders.items()))

    return _STEP_US, [microvolts(step) for step in range(steps)], values["noise_mv"]


def _dc(given):
    values = _numbers(given, {"mv": 0.0, "noise_mv": 0.0})
    return 1000, [round(values["mv"] * 1000)], values["noise_mv"]


def _samples(given):
    path = given.pop("path", "")
    values = _numbers(given, {"rate_hz": 8000.0, "noise_mv": 0.0})
    try:
        millivolts = [float(word) for word in Path(path).read_text().split()]
    except (OSError, ValueError) as error:
        raise WaveformError(str(error)) from None
    if not 1 <= len(millivolts) <= _MOST_STEPS:
        raise WaveformError(f"{path} does not hold 1 to {_MOST_STEPS} samples")
    step_us = round(1e6 / values["rate_hz"])
    return step_us, [round(mv * 1000) for mv in millivolts], values["noise_mv"]
