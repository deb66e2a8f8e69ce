"""The virtual board's boot ROM: become an ESP32, then run boot.py and main.py as its port does."""

import asyncio.core
import gc
import os
import sys

import host
import machine
import vfs

import __main__

_PR_SET_PDEATHSIG = 1
_SIGKILL = 9


def _become_esp32():
    host.prctl(_PR_SET_PDEATHSIG, _SIGKILL)
    if os.getenv("BOARD_TICK") == "1":
        import tick_select

        sys.modules["select"] = tick_select
        asyncio.core.select = tick_select.ForAsyncio
        asyncio.core._io_queue.poller = tick_select.ForAsyncio.poll()
    flash = vfs.VfsPosix(os.getenv("BOARD_IMAGE"))
    vfs.umount("/")
    vfs.mount(flash, "/")
    os.chdir("/")
    sys.path[:] = ["", ".frozen", "/lib"]
    for name in ("start", "host", "chips", "waveform", "tick_select"):
        sys.modules.pop(name, None)
    gc.collect()


def _run(name):
    try:
        execfile(name, __main__.__dict__)
        return True
    except SystemExit as exit:
        if machine._soft:
            _soft_reset()
        sys.print_exception(exit)
        host.exit_(host.EXITED)
    except BaseException as error:
        sys.print_exception(error)
        host.exit_(host.RAISED)


def _soft_reset():
    """Start the interpreter anew; what lives outside it goes on, the watchdog above all."""
    for fd in range(3, 64):
        host.close(fd)
    os.putenv("BOARD_RESET_CAUSE", str(machine.SOFT_RESET))
    host.execl("/bin/sh", "sh", "-c", host.COMMAND, None)


_become_esp32()
_run("boot.py")
_run("main.py")
host.exit_(host.ENDED)
