"""Second on the board: chooses a slot, runs it, and keeps over a reset why it ended.

Whole in itself, since it has to cope with a slot that does not even import. What /slot and the RTC memory hold
is told in docs/design.md.
"""

import gc
import io
import os
import sys

import machine
import micropython
import vfs
from micropython import const

# Between a crash and the reset: time for a Ctrl-C, but not for a charger to give up.
_CRASH_MS = const(5000)
_SAFE_CRASH_MS = const(600000)  # nothing runs then: the console is what is left
_TEXT_BYTES = const(500)
_TRIES = const(2)  # failed starts after which a new slot is given up
_SAFE = const(5)  # failed starts after which nothing is tried any more
_HEAD = b"N\0\0\0\0\0"  # mark, failed starts, uptime
_FILE = (0x8000,) + (0,) * 9
_FOLDER = (0x4000,) + (0,) * 9


class Slot:
    """What lies below a root, as a file system that knows the names it has seen.

    An import asks for three names before it opens a file, and littlefs answers each by reading every folder on the way.
    """

    def __init__(self, root):
        self._root = root
        self._folders = {}  # path: "/name/name/...", of folders with a dot at the end

    def mount(self, readonly, mkfs):
        pass

    def umount(self):
        pass

    def forget(self):
        """From now on names are looked for where they are: the boot is over."""
        self._folders = None

    def stat(self, path):
        folders = self._folders
        if folders is None:
            return os.stat(self._root + path)
        folder, name = path.rsplit("/", 1)
        if folder not in folders:
            folders[folder] = _names(self._root + folder)
        if "/" + name + "/" in folders[folder]:
            return _FILE
        if "/" + name + "./" in folders[folder]:
            return _FOLDER
        raise OSError(2)

    def open(self, path, mode):
        return open(self._root + path, mode)


def _names(folder):
    return "/%s/" % "/".join(e[0] + "." if e[1] == 0x4000 else e[0] for e in os.ilistdir(folder))


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


def remember(error):
    """Keep the end of a traceback over the reset."""
    gc.collect()
    text = io.StringIO()
    sys.print_exception(error, text)
    rtc = machine.RTC()
    rtc.memory(rtc.memory()[:6] + text.getvalue().encode()[-_TEXT_BYTES:])


def forget(reason):
    """Somebody is at the console, and may reset as he likes."""
    machine.RTC().memory(b"N\0\0\0\0\0" + reason)


def start(root, on_trial, safe):
    slot = Slot(root)
    vfs.mount(slot, "/app")
    sys.path[:] = ["/app", "/app/lib", ".frozen"]
    try:
        if safe:
            from firmware import safe as app
        else:
            from firmware import app
        app.forget_names = slot.forget
        app.main(root)
        if on_trial:
            raise RuntimeError("the new version ended")
        forget(b"ended")
    except KeyboardInterrupt:
        # A second Ctrl-C must not cut this short; the REPL turns it on again.
        micropython.kbd_intr(-1)
        forget(b"interrupted at the console")
        raise
    except Exception as error:
        # Without anybody at the console it goes on with a reset; until then the REPL shows what happened.
        machine.WDT(timeout=_SAFE_CRASH_MS if safe else _CRASH_MS)
        remember(error)
        raise


chosen = counted()
del counted
start(*chosen)
