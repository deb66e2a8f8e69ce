# SPDX-License-Identifier: MIT
"""The virtual board's boot ROM: become an ESP32, then run boot.py and main.py as its port does."""

import asyncio.core
import collections
import gc
import os
import sys
import time

import esp32  # noqa: F401  (loaded now: later there is no folder to load it from)
import flashbdev  # noqa: F401
import host
import idf_heap
import lwip
import machine
import network  # noqa: F401
import vfs
from sampling import now_us

import __main__

# Without it the console can only be read, and the board ends when main.py does.
repl = __import__("repl") if os.getenv("BOARD_CONSOLE") else None

_PR_SET_PDEATHSIG = 1
_SIGKILL = 9


class _Time:
    """time with the microseconds of whoever samples."""

    def __init__(self):
        for name in dir(time):
            setattr(self, name, getattr(time, name))
        self.ticks_us = now_us
        self.sleep_ms = _sleep_ms


def _sleep_ms(span_ms):
    """lwIP is a task of its own: it goes on meanwhile."""
    time.sleep_ms(span_ms)
    lwip.step()


class _Sys:
    """sys with the name of the chip's port."""

    def __init__(self):
        for name in dir(sys):
            setattr(self, name, getattr(sys, name))
        self.platform = "esp32"
        i = sys.implementation
        kind = collections.namedtuple("implementation", ("name", "version", "_machine", "_mpy"))
        self.implementation = kind(i[0], i[1], "A with " + os.getenv("BOARD_CHIP").upper(), i[3])


def _disk():
    """littlefs on an image, or a folder."""
    image = os.getenv("BOARD_FLASH")
    if image:
        import flash

        return flash.load(image)
    import folder

    return folder.Folder(os.getenv("BOARD_IMAGE"))


def _become_esp32():
    host.libc.func("i", "prctl", "ii")(_PR_SET_PDEATHSIG, _SIGKILL)
    if os.getenv("BOARD_TICK") == "1":
        import tick_select

        sys.modules["select"] = tick_select
        asyncio.core.select = tick_select
        asyncio.core._io_queue.poller = tick_select.poll(0)
    sys.modules["time"] = _Time()
    sys.modules["socket"] = lwip
    sys.modules["sys"] = _Sys()
    disk = _disk()
    vfs.umount("/")
    vfs.mount(disk, "/")
    os.chdir("/")
    sys.path[:] = ["", ".frozen", "/lib"]
    if repl:
        repl.install()
    for name in ("start", "host", "pin", "sampling", "uart", "waveform", "repl", "flash"):
        sys.modules.pop(name, None)
    for name in ("folder", "flash_time", "idf_heap", "kernel_tcp", "lwip"):
        sys.modules.pop(name, None)


def _run(name):
    """Run a script, if it is there; returns whether it ended well."""
    try:
        os.stat(name)
    except OSError:
        return True
    raised = _call(execfile, name, __main__.__dict__)  # noqa: F821
    if raised is None:
        return True
    if isinstance(raised, SystemExit):
        if repl or machine._soft:
            _soft_reset()
        host.exit_(host.EXITED)
    if repl:
        repl.tell(raised)
        return False
    sys.print_exception(raised)
    host.exit_(host.LEFT if machine.WDT.armed else host.RAISED)


def _call(function, *arguments):
    """Returns what was raised, or None."""
    if repl:
        return repl.run(function, *arguments)
    try:
        function(*arguments)
    except BaseException as error:
        return error


def _soft_reset():
    """Start the interpreter again; what lives outside it goes on, the watchdog above all."""
    if repl:
        sys.stdout.write("MPY: soft reboot\r\n")
        os.putenv("BOARD_RAW_REPL", "1" if repl.raw else "0")
    for fd in range(3, 64):
        host.close(fd)
    os.putenv("BOARD_RESET_CAUSE", str(machine.SOFT_RESET))
    host.libc.func("i", "execl", "ssssp")("/bin/sh", "sh", "-c", os.getenv("BOARD_COMMAND"), None)


def _note_heap():
    """For those who measure the firmware's heap and names: what was taken before it came."""
    host.note_names()
    gc.collect()
    with host.open_state("heap", "w") as file:
        file.write(str(gc.mem_alloc()))


_become_esp32()
_note_heap()
idf_heap.start()
if _run("boot.py") and not (repl and repl.raw):
    _run("main.py")
if repl:
    repl.serve()
    _soft_reset()
host.exit_(host.ENDED)
