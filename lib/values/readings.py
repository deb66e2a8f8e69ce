# SPDX-License-Identifier: MIT
"""The values that the charger may see, kept in dicts that are made at boot and written in place.

A field is None while it is unknown: never read, refused, or older than the freshness limit. Its age counts from the
end of its frame or sample window.
"""

from const import const
from ticks import ticks_add, ticks_diff

# What becomes of a device whose power is older than the limit.
ERROR = 0  # 503 for the whole document
OMIT = 1  # the device is left out
HOLD = 2  # the last value is served, Age telling
POLICIES = ("error", "omit", "hold")

# Ticks wrap around; an older stamp is moved along, so that it never looks young again.
_OLDEST_MS = const(100000000)


class Device:
    """One entry of `devices`: its fields by DiniTech's keys, and when each was read.

    power: the key without which it is not served; fields: {key: value}, None until it is read, all others never grow old;
    tenths: keys of those that have one decimal; policy: an index of POLICIES.
    """

    def __init__(self, category, index, power, fields, tenths=(), limit_ms=7000, policy=ERROR):
        self.category = category
        self.index = index
        self.power = power
        self.fields = fields
        self.tenths = tenths
        self.limit_ms = limit_ms
        self.policy = policy
        self.at_ms = {key: None for key in fields}  # None: never read, or fixed
        self.label = ("%s %d" % (category, index) if category != "load" else category).encode()

    def put(self, key, value, at_ms):
        """A new reading of a field, taken at at_ms. No heap."""
        self.fields[key] = value
        self.at_ms[key] = at_ms

    def expire(self, now_ms):
        """Forget what is older than the limit, unless it is held. No heap."""
        fields, stamps = self.fields, self.at_ms
        for key in fields:
            at_ms = stamps[key]
            if at_ms is not None:
                age_ms = ticks_diff(now_ms, at_ms)
                if age_ms > _OLDEST_MS:
                    stamps[key] = ticks_add(now_ms, -_OLDEST_MS)
                if age_ms > self.limit_ms and self.policy != HOLD:
                    fields[key] = None

    def known(self):
        """Is there a power to serve?"""
        return self.fields[self.power] is not None

    def fresh(self, now_ms):
        """Is there one to reckon with, whatever the policy? No heap."""
        at_ms = self.at_ms[self.power]
        return self.known() and (at_ms is None or ticks_diff(now_ms, at_ms) <= self.limit_ms)
