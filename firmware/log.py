# SPDX-License-Identifier: MIT
"""What the bridge has to tell: lines on the console, the latest of them also in a ring that /log serves.

    log.warn("unit", 3, "is silent")

Nothing that holds a secret is ever given to it; the config does.
"""

from firmware.trial import uptime_s
from httpd.ring import Ring

ring = Ring(1600)  # some 60 events, of 26 bytes: "123456 W unit 3 is silent"
stats = {"errors": 0, "warnings": 0}


def error(*words):
    stats["errors"] += 1
    _line("E", words)


def warn(*words):
    stats["warnings"] += 1
    _line("W", words)


def info(*words):
    _line("I", words)


def _line(level, words):
    text = "%d %s %s" % (uptime_s(), level, " ".join([str(word) for word in words]).strip())
    print(text)
    ring.write(text.encode() + b"\n")
