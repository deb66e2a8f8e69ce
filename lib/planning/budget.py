"""What a plan takes: bytes of heap."""

# What an ESP32 needs beyond its first 56,000 bytes, with both reports and some garbage (docs/performance.md).
_BASE_BYTES = 33000
_DEVICE_BYTES = 3200
_CLAMPS_BYTES = 14000
_SUNSPEC_BYTES = 13000


def heap_bytes(plan):
    """How much heap the bridge needs beyond a chip's first one."""
    found = _BASE_BYTES + _DEVICE_BYTES * len(plan["devices"])
    if plan["clamps"]:
        found += _CLAMPS_BYTES
    if any([unit["sunspec"] for unit in plan["units"]]):
        found += _SUNSPEC_BYTES
    return found
