# SPDX-License-Identifier: MIT
"""A folder of the PC as the board's file system, with the times of a flash."""

import flash_time
import host
import idf_heap
import vfs

_rename = host.libc.func("i", "rename", "ss")


class Folder:
    """What vfs.mount wants."""

    def __init__(self, path):
        self._path = path + "/"
        inner = vfs.VfsPosix(path)
        for name in (
            "mount",
            "umount",
            "stat",
            "ilistdir",
            "chdir",
            "getcwd",
            "mkdir",
            "remove",
            "rmdir",
            "statvfs",
        ):
            setattr(self, name, getattr(inner, name))
        self._open = inner.open

    def open(self, path, mode):
        idf_heap.look()  # an import may follow, and what was before it may be over
        file = self._open(path, mode)
        if "r" in mode:
            flash_time.read(host.disk.stat(self._path + path)[6])
        else:
            flash_time.write(1)
        return file

    def rename(self, old, new):
        """VfsPosix writes both paths into one buffer, and so does nothing."""
        flash_time.write(1)
        if _rename(self._path + old, self._path + new):
            raise OSError(2)
