# SPDX-License-Identifier: MIT
"""A unit as a profile's `limits` describe it."""

from meters.unit import Unit


def unit(address, limits, timeout_ms=None, pause_ms=None):
    """A Unit; what the config says goes before the limits."""
    return Unit(
        address,
        timeout_ms or limits.get("timeout_ms", 500),
        limits.get("pause_ms", 0) if pause_ms is None else pause_ms,
        min(limits.get("registers_per_read", 125), 125),
        limits.get("walls", ()),
        limits.get("holes", ()),
    )
