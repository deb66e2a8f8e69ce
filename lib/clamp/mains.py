# SPDX-License-Identifier: MIT
"""The length of a mains cycle, found from the phases of windows that are about a second apart.

A window holds one cycle at most, too little to tell 49 Hz from 51. Two windows of one clamp can:
from one to the next the fundamental has advanced by some whole cycles and a known part. While the
number of whole cycles is certain (the usual grid: within 0.12 Hz of the last figure) each
pair corrects the period. When pairs keep disagreeing, the period is sought that explains the last
eight pairs together; their gaps differ, so that no second one does.
"""

from array import array

from const import const

SHORTEST_US = 15385  # 65 Hz
LONGEST_US = 22222  # 45 Hz
_PAIRS = const(8)
_STRIDE_US = const(16)  # a quarter of a pair's tolerance at 65 cycles a second
_SLICE = const(8)  # candidates per step: some 2 ms on an ESP32
_LONGEST_GAP_US = const(3000000)
_LOST = const(4)


class Mains:
    """One per board: all its clamps hang on the same grid."""

    def __init__(self, nominal_hz=50):
        self._sixteenths = 16000000 // nominal_hz  # of a microsecond
        self._gaps_us = array("i", bytes(4 * _PAIRS))
        self._advances = array("H", bytes(2 * _PAIRS))  # 4096 to a turn
        self._count = 0
        self._doubt = _LOST  # nothing confirms the nominal period yet
        self._candidate_us = 0  # 0: no search under way
        self._best_us = self._best_error = 0

    @property
    def period_us(self):
        return self._sixteenths + 8 >> 4

    @property
    def frequency_mhz(self):
        period = self._sixteenths
        return 1000000000 // period * 16 + 1000000000 % period * 16 // period

    @property
    def lost(self):
        """True while the period is unconfirmed or wrong: such a window is off by up to a tenth."""
        return self._doubt >= _LOST

    def note(self, gap_us, advance):  # no heap
        """A clamp's fundamental advanced by whole turns and `advance` 4096ths in gap_us."""
        if not 0 < gap_us < _LONGEST_GAP_US or self._candidate_us:
            return
        slot = self._count % _PAIRS
        self._gaps_us[slot] = gap_us
        self._advances[slot] = advance
        self._count += 1
        self._follow(gap_us, advance)
        if self.lost and self._count >= _PAIRS:
            self._candidate_us = SHORTEST_US
            self._best_error = 1 << 29

    def _follow(self, gap_us, advance):
        period = self._sixteenths
        elapsed = (gap_us << 4) - (advance * (period >> 4) >> 8)
        cycles = (elapsed + period // 2) // period
        off = elapsed - cycles * period
        if abs(off) * 8 > period or not cycles:
            self._doubt = min(self._doubt + 2, _LOST)
            return
        self._doubt = max(self._doubt - 1, 0)
        period += off // (2 * cycles)
        self._sixteenths = max(SHORTEST_US << 4, min(period, LONGEST_US << 4))

    def step(self):  # no heap
        """Go on with a search; True while there is more to do."""
        if not self._candidate_us:
            return False
        for _ in range(_SLICE):
            error = self._error(self._candidate_us)
            if error < self._best_error:
                self._best_error = error
                self._best_us = self._candidate_us
            self._candidate_us += _STRIDE_US
        if self._candidate_us > LONGEST_US:
            self._candidate_us = self._count = self._doubt = 0
            self._sixteenths = self._best_us << 4
        return True

    def _error(self, period_us):
        """How far the pairs are from whole numbers of cycles, in 4096ths of a turn, added up."""
        gaps_us = self._gaps_us
        advances = self._advances
        total = 0
        for i in range(_PAIRS):
            off = (gaps_us[i] - (advances[i] * period_us >> 12)) % period_us
            if off * 2 > period_us:
                off = period_us - off
            total += (off << 12) // period_us
        return total
