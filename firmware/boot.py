"""First on the board: says which slot main.py is to run; it is all that runs when mpremote enters its raw REPL.

Whole in itself, since it has to cope with a slot that does not even import. What /slot and the RTC memory hold is
told in docs/design.md.
"""

import gc
import os

import machine
import vfs
from flashbdev import bdev
from micropython import const

_TRIES = const(2)  # failed starts after which a new slot is given up
_SAFE = const(5)  # failed starts after which nothing is tried any more
_HEAD = b"N\0\0\0\0\0"  # mark, failed starts, uptime
_READ_BYTES = const(128)

# Collect before the heap is full: garbage must not make it grow into the RAM that Wi-Fi and lwIP need.
gc.threshold(4096)


def read_in_bulk():
    """Mount littlefs anew, to read 128 bytes at a time instead of 32: every read stops both cores."""
    try:
        disk = vfs.VfsLfs2(bdev, readsize=_READ_BYTES)
    except OSError:
        return  # not littlefs
    vfs.umount("/")
    vfs.mount(disk, "/")


def slots():
    """What /slot names: the root to start and, while that is on trial, the one to go back to."""
    try:
        with open("/slot") as file:
            return file.read().split() or ["/"]
    except OSError:
        return ["/"]


def counted():
    """Count this start: (root, whether it is on trial, whether it is to be in safe mode)."""
    rtc = machine.RTC()
    memory = rtc.memory()
    head = bytearray(memory[:6] if memory[:1] == b"N" and len(memory) > 5 else _HEAD)
    roots = slots()
    if len(roots) > 1 and head[1] >= _TRIES:
        try:
            with open("/slot.tmp", "w") as file:
                file.write(roots[1])
            os.rename("/slot.tmp", "/slot")
        except OSError:
            pass  # no room: the old version runs all the same, and sets /slot right when it has proved itself
        memory = head + b"the new version was given up: " + memory[6:]
        del roots[0]
        head[1] = 0
    failed = head[1]
    # However safe mode ends, the start after it is one more try.
    head[1] = failed + 1 if failed < _SAFE else _SAFE - 1
    rtc.memory(head + memory[6:])
    return roots[0].rstrip("/"), len(roots) > 1, failed >= _SAFE


read_in_bulk()
