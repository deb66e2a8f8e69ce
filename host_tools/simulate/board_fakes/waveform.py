# SPDX-License-Identifier: MIT
"""A waveform in shared memory, laid there by the virtual board (host_tools/simulate/virtual_board/waveform.py).

u32 period_us, u32 step_us, u32 noise_uv, u32 unused, then one i32 of microvolts for each step of the period.
"""

import host
import uctypes

_SIZE = 1 << 18
_HEAD = {
    "period_us": uctypes.UINT32 | 0,
    "step_us": uctypes.UINT32 | 4,
    "noise_uv": uctypes.UINT32 | 8,
    "uv": (uctypes.ARRAY | 16, uctypes.INT32 | (_SIZE // 4 - 4)),
}


def load(name):
    """Return the Waveform in this file of the state folder, or None."""
    try:
        file = host.open_state(name, "rb")
    except OSError:
        return None
    mmap = host.libc.func("p", "mmap", "piiiii")
    address = mmap(None, _SIZE, 1, 1, file.fileno(), 0)  # PROT_READ, MAP_SHARED
    file.close()
    return Waveform(uctypes.struct(address, _HEAD))


class Waveform:
    def __init__(self, memory):
        self._memory = memory
        self._uv = memory.uv

    def at(self, now_us, noise):
        """Return microvolts; noise is -1000 to 1000 thousandths. No heap."""
        memory = self._memory
        uv = self._uv[now_us % memory.period_us // memory.step_us]
        return uv + memory.noise_uv * noise // 1000
