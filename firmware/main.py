# SPDX-License-Identifier: MIT
"""Second on the board: chooses a slot and a mode, runs it, and notes over a reset why it ended.

Self-contained, since it has to cope with a slot that does not even import. What /slot, plan.json and the memory hold: docs/device.md.
"""

import binascii
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
_SAFE = const(
    5
)  # failed starts after which safe mode runs instead; above it stands who asks for the set-up mode
_FACTORY_RESET = const(7)  # the highest
_EMPTY = b"N\0\0\0\0\0"  # mark, failed starts, uptime
_WATCHDOG = "firmware.hw.watchdog"
_CHOSE = ("slots", "_is_whole", "_go_back", "count", "planned", "chosen", "main")
_FILE = (0x8000,) + (0,) * 9
_FOLDER = (0x4000,) + (0,) * 9


class ResetMemory:
    """RTC memory, which outlives every reset but the loss of power.

    failed: starts that did not prove themselves, this one included once it is counted; uptime_s and text: how long the last run lasted and
    why it ended, until this run notes its own.
    """

    def __init__(self):
        self._rtc = machine.RTC()
        memory = self._rtc.memory()
        if memory[:1] != _EMPTY[:1] or len(memory) < len(_EMPTY):
            memory = _EMPTY
        self.failed = memory[1]
        self.uptime_s = int.from_bytes(memory[2:6], "little")
        self.text = memory[6:]

    def write(self):
        head = _EMPTY[:1] + bytes([self.failed]) + self.uptime_s.to_bytes(4, "little")
        self._rtc.memory(head + self.text[:_TEXT_BYTES])

    def note(self, reason):
        """The reason for an end that is near; the next run tells it."""
        self.text = reason.encode()
        self.write()

    def begin(self):
        """This run tells its own end from now on."""
        self.uptime_s = 0
        self.text = b""
        self.write()

    def forget(self, reason):
        """Somebody is at the console, and may reset as he likes."""
        self.failed = self.uptime_s = 0
        self.note(reason)

    def remember(self, error):
        """The end of a traceback."""
        gc.collect()
        text = io.StringIO()
        sys.print_exception(error, text)
        self.text = text.getvalue().encode()[-_TEXT_BYTES:]
        self.write()


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
        """From now on names are looked for where they are: all is imported, and the names are no longer worth their heap."""
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
    """The root to start and, while that is on trial, the one to go back to: /slot names them, behind the CRC of their names.

    Where it is damaged or missing, or names what is not whole: all that are whole.
    """
    try:
        with open("/slot", "rb") as file:
            text = file.read()
    except OSError:
        text = b""
    roots = []
    if text[:8] == b"%08x" % binascii.crc32(text[9:]):
        roots = text[9:].decode().split()
    if not roots or not _is_whole(roots[0]):
        roots = list(filter(_is_whole, ("/a", "/b", "/"))) or ["/"]
    return roots


def _is_whole(root):
    """Deploy removes this file of a slot first, and writes it last."""
    try:
        return "/version." in _names(root + "/firmware/modes")
    except OSError:
        return False


def count(memory):
    """Count this start. Returns (root, whether it is on trial, the mode: 0 the bridge, _SAFE, or who asks for the set-up mode)."""
    roots = slots()
    mode = 0
    if memory.failed > _SAFE:
        mode = memory.failed if memory.failed <= _FACTORY_RESET else 0  # nobody writes more
        memory.failed = 0
    if len(roots) > 1 and memory.failed >= _TRIES:
        _go_back(roots[1])
        memory.text = b"the new version was given up: " + memory.text[-_TEXT_BYTES + 30 :]
        del roots[0]
        memory.failed = 0
    failed = memory.failed
    if failed >= _SAFE:
        mode = _SAFE
    # However safe mode ends, the start after it is one more try.
    memory.failed = failed + 1 if failed < _SAFE else _SAFE - 1
    memory.write()
    return roots[0].rstrip("/"), len(roots) > 1, mode


def _go_back(root):
    try:
        with open("/slot.tmp", "w") as file:
            file.write("%08x %s" % (binascii.crc32(root.encode()), root))
        os.rename("/slot.tmp", "/slot")
    except OSError:
        pass  # no room: the old version runs all the same, and sets /slot right when it has proved itself


def chosen(root, memory, mode):
    """Run the mode. Of the bridge run() comes back, so that nothing that built it stays on the heap."""
    if mode > _SAFE:
        from firmware.modes import setup

        return setup.main(root, memory, mode == _FACTORY_RESET)
    if mode:
        from firmware.modes import safe

        return safe.main(root, memory)
    plan = planned(root, memory)
    if plan is None:
        return None
    forget_boot()  # what made the plan: beside all of the bridge it would not fit
    from firmware.modes import heap_reserve

    # Before what fills the first heap is imported: it would double, and later take all that there is.
    reserve = heap_reserve.grown(plan["heap_bytes"])
    from firmware.modes import bridge

    return bridge.built(root, memory, plan, reserve)


def planned(root, memory):
    """The plan, and with it what is to be renamed once the run has proved itself; None where nothing can run."""
    from firmware.modes.store import Store

    store = Store(root)
    plan = store.plan(memory.failed - 1)
    if plan is None:
        from firmware.modes import planning

        plan = planning.main(root, memory)  # ends in a soft reset where the plan can be written
    if plan is not None:
        plan["renames"] = store.renames(plan)
    return plan


def forget_boot():
    """Give the heap back that only the boot needs: code lies on it, and all of the boot's is in two packages, and in what chose."""
    for name in _CHOSE:
        globals()[name] = None
    for name in list(sys.modules):
        if name.startswith("firmware.modes") or name.startswith("loading"):
            del sys.modules[name]
    del sys.modules["firmware"].modes
    gc.collect()


def start(root, memory, on_trial, mode):
    slot = Slot(root)
    vfs.mount(slot, "/app")
    sys.path[:] = ["/app", "/app/lib", ".frozen"]
    try:
        run = chosen(root, memory, mode)
        slot.forget()
        forget_boot()
        if run:
            run()
        if on_trial:
            raise RuntimeError("the new version ended")
        memory.forget("ended")
    except KeyboardInterrupt:
        # A second Ctrl-C must not cut this short; the REPL turns it on again.
        micropython.kbd_intr(-1)
        memory.forget("interrupted at the console")
        if _WATCHDOG in sys.modules:
            sys.modules[_WATCHDOG].relax()
        raise
    except Exception as error:
        # Without anybody at the console it goes on with a reset; until then the REPL shows what happened.
        machine.WDT(timeout=_SAFE_CRASH_MS if mode else _CRASH_MS)
        memory.remember(error)
        raise


def main():
    memory = ResetMemory()
    root, on_trial, mode = count(memory)
    start(root, memory, on_trial, mode)


if __name__ == "__main__":
    main()
