# SPDX-License-Identifier: MIT
"""How the last run ended, in words. Needed once, at boot."""

_CAUSES = ("?", "power-on or brown-out", "reset", "watchdog", "wake-up", "soft reset")
_HARD_RESET = 2


def last_end(memory, cause):
    """Such as: watchdog after 3601 s: no progress: bus. memory: main.py's ResetMemory; cause: machine.reset_cause()."""
    words = _CAUSES[cause] if cause < len(_CAUSES) else _CAUSES[0]
    text = bytes([c if c == 10 or 32 <= c < 127 else 63 for c in memory.text]).decode().strip()
    if cause == _HARD_RESET and not text:
        text = "crash of the interpreter, or the reset button"
    if memory.uptime_s:
        words += " after %d s" % memory.uptime_s
    return words + ": " + text if text else words
