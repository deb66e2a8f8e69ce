# SPDX-License-Identifier: MIT
"""What the fakes need of the PC: the C library, the folder of control files, the run's parameters.

Nothing here allocates once it is imported: heap per poll is measured through these fakes.
"""

import gc
import os

import ffi
import micropython
import vfs

libc = ffi.open("libc.so.6")
read = libc.func("i", "read", "ipi")
write = libc.func("i", "write", "ipi")
ioctl = libc.func("i", "ioctl", "iip")
close = libc.func("i", "close", "i")
exit_ = libc.func("v", "_exit", "i")

# Exit statuses that tell the virtual board what became of the firmware.
RESET = 120
ENDED = 121
RAISED = 122
EXITED = 123
LEFT = 124  # raised, and the watchdog will bite

# Never mounted, so that the firmware cannot see it.
disk = vfs.VfsPosix()
_STATE = os.getenv("BOARD_STATE")
_NEW_FILE = 0x241  # O_WRONLY | O_CREAT | O_TRUNC
_MODE = 0o644
_open = libc.func("i", "open", "sii")
_dup = libc.func("i", "dup", "i")
_dup2 = libc.func("i", "dup2", "ii")


def open_state(name, mode):
    """Open a file of the state folder."""
    return disk.open(_STATE + "/" + name, mode)


def note_names():
    """Put the bytes of heap in use, and what MicroPython tells of its names (qstrs), into the state folder's file `names`."""
    gc.collect()
    _print_names("/names")


def names():
    """How many names there are beside those in the ROM."""
    _print_names("/names-now")
    with open_state("names-now", "r") as file:
        file.readline()
        return int(file.readline().split("n_qstr=")[1].split(",")[0])


def _print_names(name):
    file = _open(_STATE + name, _NEW_FILE, _MODE)
    console = _dup(1)
    _dup2(file, 1)
    print(gc.mem_alloc())
    micropython.qstr_info()  # prints them
    _dup2(console, 1)
    close(console)
    close(file)


def say(*words):
    print("virtual board:", *words)


class Knob:
    """A control file whose first byte tests turn while the board runs."""

    def __init__(self, name, default):
        self._byte = bytearray(1)
        self._default = ord(default)
        try:
            self._file = open_state(name, "rb")
        except OSError:
            self._file = None

    def read(self):
        """Return the first byte as a number. No heap."""
        if self._file is None:
            return self._default
        self._file.seek(0)
        if not self._file.readinto(self._byte):
            return self._default
        return self._byte[0]
