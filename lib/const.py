# SPDX-License-Identifier: MIT
"""const() on every interpreter: mpy-cross folds `_NAME = const(1)` away, so that it costs no heap."""

try:
    from micropython import const
except ImportError:

    def const(value):
        return value
