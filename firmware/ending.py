"""How the last run ended, in words. Needed once, at boot."""

_CAUSES = ("?", "power-on or brown-out", "reset", "watchdog", "wake-up", "soft reset")
_HARD_RESET = 2


def last_end(memory, cause):
    """Such as: watchdog after 3601 s: no progress: bus."""
    words = _CAUSES[cause] if cause < len(_CAUSES) else _CAUSES[0]
    text = bytes([c if c == 10 or 32 <= c < 127 else 63 for c in memory[6:]]).decode().strip()
    if cause == _HARD_RESET and not text:
        text = "crash of the interpreter, or the reset button"
    uptime_s = memory[2] | memory[3] << 8 | memory[4] << 16 if len(memory) > 5 else 0
    if uptime_s:
        words += " after %d s" % uptime_s
    return words + ": " + text if text else words
