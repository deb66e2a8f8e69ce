# SPDX-License-Identifier: MIT
"""The set-up mode, instead of the bridge; begin at mode.py.

Its heap grows here, before anything large is imported, for the reason that heap_reserve.py tells.
"""

from micropython import const

from firmware.modes import heap_reserve

# Beyond a chip's first heap: with it every unit is held against every profile.
_HEAP_BYTES = const(96000)
_NETWORK_BYTES = const(66000)  # Wi-Fi with two phones, and six connections

is_short = heap_reserve.allowed_bytes(_HEAP_BYTES, _NETWORK_BYTES) < _HEAP_BYTES
reserve = heap_reserve.grown(_HEAP_BYTES, _NETWORK_BYTES)


def main(root, memory, is_factory_reset):
    from firmware.modes.setup import mode

    return mode.main(root, memory, is_factory_reset)
