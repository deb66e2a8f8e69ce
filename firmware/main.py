"""Second on the board: runs the slot that boot.py chose, and keeps over a reset why it ended."""

import gc
import io
import sys

import machine
import micropython
from micropython import const

# Between a crash and the reset: time for a Ctrl-C, but not for a charger to give up.
_CRASH_MS = const(5000)
_SAFE_CRASH_MS = const(600000)  # nothing runs then: the console is what is left
_TEXT_BYTES = const(500)


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
    if root:
        sys.path[:] = [root, root + "/lib", ".frozen"]
    try:
        if safe:
            from firmware import safe as app
        else:
            from firmware import app
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


# boot.py shares our names; what it defined has done its work then.
chosen = counted()  # noqa: F821
del counted, slots  # noqa: F821
start(*chosen)
