# SPDX-License-Identifier: MIT
"""One thing that goes wrong for a while. It has a chance of its own: taking others away changes nothing in it."""

import random

EVER_MS = 10**9


class Fault:
    """number: in the list; unit: whom it is about, None: everybody; from begin_ms to end_ms."""

    name = ""
    lasting_ms = 0
    copied_ms = 0  # how late a copy of a reply may come
    needs = ""  # "unit": it is about one of them; "clamp": about the clamp; "sunspec", "twin"
    odds = 1.0  # of each request that it is about
    longest_ms = 40000

    def __init__(self, number, unit, begin_ms, end_ms, seed):
        self.number = number
        self.unit = unit
        self.begin_ms = begin_ms
        self.end_ms = end_ms
        self.chance = random.Random(seed)
        self.choose()

    def choose(self):
        """What else there is to choose."""

    def start(self, world):
        """At its beginning."""

    def reply(self, reply):
        now_ms = reply.asked_us // 1000
        if self.begin_ms <= now_ms < self.end_ms and self.unit in (None, reply.unit):
            if reply.frame is not None and self.chance.random() < self.odds:
                self.spoil(reply)

    def spoil(self, reply):
        """Change what the unit is about to send."""

    def over_ms(self):
        """When its last effect has come."""
        return self.end_ms + self.lasting_ms

    def __str__(self):
        of = "" if self.unit is None else f" unit {self.unit}"
        till = "the end" if self.end_ms >= EVER_MS else f"{self.end_ms / 1000:.1f}"
        return f"{self.name}{of} {self.begin_ms / 1000:.1f} to {till} s{self.told()}"

    def told(self):
        return ""
