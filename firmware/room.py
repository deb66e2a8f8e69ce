"""The one growth of MicroPython's heap that the bridge needs, made while the boot has just begun.

Left alone, the heap doubles when its first 56,000 bytes are full, and when those are too little takes nearly all that Wi-Fi and
lwIP live on: the board stays up then, and hears nothing more. A request that does not fit in twice the heap makes it grow by what is
asked for instead (gc_try_add_heap in MicroPython's py/gc.c).
"""

from const import const

# What an ESP32 needs beyond its first 56,000 bytes, with both reports and some garbage (docs/performance.md). What
# is left to Wi-Fi and lwIP: 36 kB with three devices, 31 kB with four and clamps; with 80,000 here it would be 13.
_BASE_BYTES = const(33000)
_DEVICE_BYTES = const(3200)
_CLAMPS_BYTES = const(14000)
_SUNSPEC_BYTES = const(13000)
_MOST_BYTES = const(80000)
_WORD_BYTES = const(4)
_KEPT_WORDS = const(12)


def grown(config):
    """Make room for the bridge with this config. What is returned is to be kept: a part of the heap that is empty is given
    back.
    """
    try:
        room = [None] * (wanted(config) // _WORD_BYTES)
    except MemoryError:
        return None
    del room[_KEPT_WORDS:]
    while len(room) > 1:
        room.pop()  # gives back half of what the list takes
    return room


def wanted(config):
    """Bytes."""
    devices = config["devices"]
    found = _BASE_BYTES + _DEVICE_BYTES * len(devices)
    if isinstance(config["load_power"], dict) or any("clamp" in device for device in devices):
        found += _CLAMPS_BYTES
    if any(device.get("profile", "").startswith("sunspec") for device in devices):
        found += _SUNSPEC_BYTES
    return min(found, _MOST_BYTES)
