"""What the fakes need of the PC: the C library, the folder of control files, the run's parameters.

Nothing here allocates once it is imported: heap per poll is measured through these fakes.
"""

import os

import ffi
import vfs

_libc = ffi.open("libc.so.6")
read = _libc.func("i", "read", "ipi")
write = _libc.func("i", "write", "ipi")
open_ = _libc.func("i", "open", "si")
close = _libc.func("i", "close", "i")
ioctl = _libc.func("i", "ioctl", "iip")
tcdrain = _libc.func("i", "tcdrain", "i")
tcflush = _libc.func("i", "tcflush", "ii")
setitimer = _libc.func("i", "setitimer", "ipp")
mmap = _libc.func("p", "mmap", "piiiii")
prctl = _libc.func("i", "prctl", "ii")
execl = _libc.func("i", "execl", "ssssp")
exit_ = _libc.func("v", "_exit", "i")

CHIP = os.getenv("BOARD_CHIP")
DEVICE = os.getenv("BOARD_UART")
COMMAND = os.getenv("BOARD_COMMAND")
CAUSE = int(os.getenv("BOARD_RESET_CAUSE"))

# Exit statuses that tell the virtual board what became of the firmware.
RESET = 120
ENDED = 121
RAISED = 122
EXITED = 123

# Never mounted, so that the firmware cannot see it.
_disk = vfs.VfsPosix()
_STATE = os.getenv("BOARD_STATE")


def open_state(name, mode):
    """Open a file of the state folder."""
    return _disk.open(_STATE + "/" + name, mode)


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
