# SPDX-License-Identifier: MIT
"""The strict charger: what is wrong with an answer of the bridge, by what the simulated units know to be true.

A number counts as true if it was true at its device at some moment between its age and the answer: not longer ago than `limit_s`,
and for a power not longer than the header Age says. To both comes what the docs admit: a unit takes its values before it answers.
"""

import itertools
import json
import re
from dataclasses import dataclass

from host_tools.simulate.chaos.sites import is_power

RECOVERY_MS = 5000  # docs/design/reads.md: after a unit answers well again...
_PIECES_MS = 3000  # ...and so much more at the most while reads are in pieces
START_MS = 8000  # docs/performance.md: from power-on to the first values
COUNTS = ("answers", "while well", "503", "503 while well", "values", "believed")
_RESTLESS_STEPS, _RESTLESS_MS = (
    3,
    36000,
)  # docs/clamp.md: three steps, eight windows of rest and sixteen of averaging
_DONE_MS = 1000
_TAIL_MS = 100  # a reply that has begun may pause; the loop's own milliseconds
_HEADER = re.compile(
    rb"HTTP/1\.1 (200 OK|503 Service Unavailable)\r\n"
    rb"Content-Type: application/json\r\n"
    rb"Content-Length: +(\d+)\r\n"
    rb"(?:Age: +(\d+)\r\n)?"
    rb"Cache-Control: no-store\r\nConnection: close\r\n\r\n"
)
_STALE = re.compile(r"(\w+) (\d) has no reading younger than (\d+) s")


@dataclass(frozen=True)
class Violation:
    kind: str
    at_ms: int
    text: str

    def __str__(self):
        return f"{self.at_ms / 1000:8.2f} s  {self.kind}: {self.text}"


class StrictCharger:
    """world: what is true; found: [Violation]; counts: what was seen."""

    def __init__(self, world, config):
        self.found = []
        self.counts = dict.fromkeys(COUNTS, 0)
        self._world = world
        self._site = world.site
        self._limit_ms = 1000 * config["freshness"]["limit_s"]
        self._policy = config["freshness"]["when_stale"]
        self._slack_ms = {unit: _TAIL_MS + ms for unit, ms in world.latencies_ms().items()}
        self._at_ms = 0
        self._fixed = world.site.fixed()

    def _recovery_ms(self):
        """5 s; or twice the sum of all time-outs and the longest once more; and what a cycle takes beyond its interval."""
        timeouts_ms = self._world.timeouts_ms()
        longest_ms = max(RECOVERY_MS, 2 * sum(timeouts_ms) + max(timeouts_ms))
        return longest_ms + min(self._world.overrun_ms(), _PIECES_MS)

    def complain(self, kind, text):
        self.found.append(Violation(kind, self._at_ms, text))

    def look(self, answer, asked_ms, done_ms):
        """One answer to values.json, asked for and whole at these moments."""
        self._at_ms = asked_ms
        self.counts["answers"] += 1
        self.counts["while well"] += self._world.well_for_ms() > 0
        if done_ms is None or done_ms - asked_ms > _DONE_MS:
            self.complain("late", f"no whole answer within {_DONE_MS} ms")
            return
        match = _HEADER.match(answer)
        if not match:
            self.complain("malformed", repr(answer[:90]))
            return
        body = answer[match.end() :]
        if int(match[2]) != len(body):
            self.complain("malformed", f"Content-Length {int(match[2])} of {len(body)} bytes")
            return
        try:
            found = json.loads(body, object_pairs_hook=_without_doubles)
        except ValueError as error:
            self.complain("malformed", f"{error} in {body!r}")
            return
        if json.dumps(found) != body.decode():
            self.complain("malformed", f"not as json.dumps writes it: {body!r}")
        if match[1][:3] == b"503":
            self._look_at_503(found)
        elif match[3] is None:
            self.complain("malformed", "values without Age")
        else:
            self._look_at_values(found, int(match[3]))

    def look_at_info(self, body, serials, asked_ms):
        """info.json: whole, and its serial numbers are those of the units. serials: {(category, index): number}."""
        self._at_ms = asked_ms
        try:
            found = json.loads(body)["device_info"]
        except (ValueError, KeyError):
            self.complain("malformed", f"info.json {body!r}")
            return
        for category, devices in found.items():
            for index, info in devices.items():
                if "serial" in info and info["serial"] != serials.get((category, int(index))):
                    self.complain("invented", f"serial {info['serial']} of {category} {index}")

    def _look_at_503(self, found):
        self.counts["503"] += 1
        if set(found) != {"error"}:
            self.complain("malformed", f"503 with {found}")
            return
        well_ms = self._world.well_for_ms()
        if well_ms:
            self.counts["503 while well"] += 1
        if well_ms > self._recovery_ms() and self._at_ms > START_MS:
            self.complain(
                "false 503", f"all was well for {well_ms / 1000:.1f} s: {found['error']}"
            )

    def _look_at_values(self, found, age_s):
        values = found.get("device_values")
        if set(found) != {"device_values"} or not isinstance(values, dict):
            self.complain("malformed", f"keys {sorted(found)}")
            return
        heard = {}
        for category, devices in values.items():
            if category == "load_power_w":
                continue
            for index, fields in devices.items():
                for key, value in fields.items():
                    heard[category, int(index), key] = value
        for place, value in heard.items():
            if place in self._fixed:
                if json.dumps(value) != json.dumps(self._fixed[place]):
                    self.complain("invented", f"{place} {value!r}, not {self._fixed[place]!r}")
            else:
                self._look_at_value(place, value, age_s)
        self._look_at_load(values.get("load_power_w"), heard)
        self._look_for_missing(heard)

    def _look_at_value(self, place, value, age_s):
        self.counts["values"] += 1
        name = "{}.{}.{}".format(*place)
        category, index, key = place
        is_tenth = key in ("soc", "temp")
        if type(value) is not (float if is_tenth else int):
            self.complain("malformed", f"{name} is {value!r}")
            return
        if (category, index) == self._site.clamp:
            self._look_at_clamp(name, value, age_s)
            return
        if place not in self._site.heard:
            self.complain("invented", f"{name}: nothing measures it")
            return
        counted = round(10 * value) if is_tenth else value
        unit, parts = self._site.heard[place]
        window_ms = self._slack_ms[unit]
        if is_power(key):
            window_ms += 1000 * age_s + 999
        if not is_power(key) or self._policy != "hold":
            most_ms = self._limit_ms + self._slack_ms[unit]
            window_ms = min(window_ms, most_ms) if is_power(key) else most_ms
        if self._policy == "hold" and not is_power(key):
            return  # a held device's other fields are as old as they may be
        since_ms = self._at_ms - window_ms - self._world.copied_ms(unit)
        if counted in self._true(unit, parts, since_ms):
            return
        if abs(counted) in {abs(one) for one in self._world.said(unit, since_ms, self._at_ms)}:
            self.counts["believed"] += 1
            return
        self._name(name, counted, unit, parts, age_s, since_ms)

    def _true(self, unit, parts, since_ms):
        sets = [
            {sign * one for one in self._world.truths(unit, signal, since_ms, self._at_ms)}
            for signal, sign in parts
        ]
        if len(sets) > 1:
            said = self._world.said(unit, since_ms, self._at_ms)
            sets = [one | said for one in sets]
        return {sum(one) for one in itertools.product(*sets)}

    def _name(self, name, value, unit, parts, age_s, since_ms):
        """Say what kind of untruth it is."""
        told = f"{name} {value}, Age {age_s}"
        if -value in self._true(unit, parts, since_ms):
            self.complain("mis-signed", f"{told}: it is {-value}")
            return
        before = self._true(unit, parts, -10000)
        if value in before:
            last_ms = (
                max(self._world.last_ms(unit, *parts[0], value) or 0, 0) if len(parts) == 1 else 0
            )
            self.complain("stale", f"{told}: true {(self._at_ms - last_ms) / 1000:.1f} s ago")
            return
        for factor in (10, 100):
            if value * factor in before or (value % factor == 0 and value // factor in before):
                self.complain("torn", f"{told}: a power of ten of what it was")
                return
        now = sorted(self._true(unit, parts, self._at_ms - 1))
        self.complain("invented", f"{told}: it was never that; now {now}")

    def _look_at_clamp(self, name, value, age_s):
        """The mean of some windows, by its uncertainty; an age as any other power. A restless load is averaged."""
        window_ms = 1000 * age_s + 999
        if self._policy != "hold":
            window_ms = min(window_ms, self._limit_ms)
        since_ms = self._at_ms - window_ms - 1500
        watts = self._world.sampler.watts_in(since_ms, self._at_ms)
        if any(abs(value - one) <= 12 + one // 20 for one in watts):
            return
        recent = self._world.sampler.watts_in(since_ms - _RESTLESS_MS, self._at_ms)
        if (
            len(recent) <= _RESTLESS_STEPS
            or not min(recent) - 12 <= value <= max(recent) * 21 // 20 + 12
        ):
            self.complain("invented", f"{name} {value}, Age {age_s}: it was {watts}")

    def _look_at_load(self, load, heard):
        """It is the sum of the numbers beside it."""
        parts = [
            value
            for (category, index, key), value in heard.items()
            if is_power(key) and (category, index) in self._site.load
        ]
        if load is None:
            return
        if type(load) is not int or load != sum(parts) or len(parts) != len(self._site.load):
            self.complain("invented", f"load_power_w {load}: the parts are {parts}")

    def _look_for_missing(self, heard):
        """While all is well every power is there."""
        if self._world.well_for_ms() <= self._recovery_ms() or self._at_ms <= START_MS:
            return
        for place in self._site.heard:
            if is_power(place[2]) and place not in heard:
                self.complain("missing", "{}.{}.{} while all is well".format(*place))


def _without_doubles(pairs):
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a key twice")
    return dict(pairs)
