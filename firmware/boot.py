# SPDX-License-Identifier: MIT
"""First on the board: makes the flash quick to read, since each read stops both cores, and littlefs reads a lot to find a file.

It is all that runs when mpremote enters its raw REPL.
"""

import gc

import vfs
from flashbdev import bdev
from micropython import const

_READ_BYTES = const(128)  # at a time, instead of 32

# Collect before the heap is full: garbage must not make it grow into the RAM that Wi-Fi and lwIP need.
gc.threshold(4096)

# With nothing more imported: that looks for a file first, even where the module is built in.
try:
    disk = vfs.VfsLfs2(bdev, readsize=_READ_BYTES)
    vfs.umount("/")
    vfs.mount(disk, "/")
except OSError:
    pass  # not littlefs
