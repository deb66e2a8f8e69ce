# SPDX-License-Identifier: MIT
"""One run: a site and its faults by a seed, the bridge, and three chargers that ask it, in virtual time."""

import heapq
import random
from collections import deque
from dataclasses import dataclass, field

from host_tools.simulate.chaos import faults, http, sites
from host_tools.simulate.chaos.bridge import Bridge
from host_tools.simulate.chaos.charger import StrictCharger
from host_tools.simulate.chaos.clamp import Sampler
from host_tools.simulate.chaos.wire import Wire

VALUES, INFO = b"/api/v1/values.json", b"/api/v1/info.json"
_TICKS = 1 << 30
_POLLS_MS = (1000, 200, 7000)  # an NRGkick, a hasty one, and as slow as may be
_SLOW_BYTES, _SLOW_MS = 90, 40
_VALUES_MS = 20
_STEPS = 2  # of the server for each of other clients
_EVER_MS = 10**12
_LATENESS_MS = (0, 0, 0, 1, 0, 0, 2, 0, 0, 0, 1, 0, 3)  # of a pass of the loop


@dataclass
class Result:
    seed: int
    site: str
    faults: list
    violations: list
    counts: dict
    requests: int = 0
    fields: dict = field(default_factory=dict)


class World:
    """seconds of a run; keep: numbers of the faults that are in it, all if left out; kinds: of faults to draw from."""

    def __init__(self, seed, seconds, keep=None, site=None, kinds=None):
        self.seed = seed
        self.now_ms = 0
        self.slow = False
        self.end_ms = 1000 * seconds
        self._events = []
        self._order = 0
        self._chance = random.Random(f"{seed} world")
        self._first_tick = self._chance.choice(
            (0, _TICKS - 1000 * seconds // 2, _TICKS // 2 - 5000)
        )
        self.site, config = sites.drawn(seed, site)
        units = {}
        for address, (kind, options) in self.site.units.items():
            units[address] = [
                (0, kind(f"{seed} {address}", -20000, self.end_ms + 1000, **options))
            ]
        bits = 10
        self.wire = Wire(self, units, self.site.bus["baudrate"], bits, f"{seed} wire")
        self.sampler = None
        if self.site.clamp:
            self.sampler = Sampler(self, f"{seed} clamp", self.end_ms, 30)
        drawn = faults.drawn(seed, list(units), bool(self.sampler), self.end_ms, kinds)
        self.faults = [one for one in drawn if keep is None or one.number in keep]
        self._listener, self._sockets = http.Listener(), []
        self._network_is_there = True
        self.bridge = Bridge(
            config,
            self.wire,
            self.sampler,
            self._listener,
            http.Poller(),
            lambda device, of: device,
        )
        self.charger = StrictCharger(self, config)
        self._lateness = deque(_LATENESS_MS)
        self._plan_events()

    def _plan_events(self):
        for fault in self.faults:
            self.later(fault.begin_ms, lambda fault=fault: self._begin(fault))
        for number, every_ms in enumerate(_POLLS_MS):
            self.later(
                self._chance.randrange(every_ms), lambda n=number, ms=every_ms: self._poll(n, ms)
            )
        self.later(500, self._ask_info)

    def _begin(self, fault):
        self.wire.faults.append(fault)
        fault.start(self)

    # What devices, wire and faults ask.

    def connect(self, host, data, takes):
        """A client that is no charger, and the server's work with it."""
        if self._network_is_there:
            self._opened(http.Socket(data, takes), host)
        for _ in range(_STEPS):
            self.bridge.server.step(self.tick())

    def lose_network(self, fails):
        """fails: the server hears so at once of each connection, else nothing comes of it any longer."""
        self._network_is_there = False
        for sock in self._sockets:
            sock.fails, sock.hangs = fails, not fails

    def find_network(self):
        self._network_is_there = True

    def _opened(self, sock, host):
        self._sockets = [one for one in self._sockets if not one.is_closed]
        self._sockets.append(sock)
        self._listener.queue.append((sock, host))

    def later(self, at_ms, what):
        self._order += 1
        heapq.heappush(self._events, (max(at_ms, self.now_ms), self._order, what))

    def hold(self, for_ms):
        """The loop stands still."""
        self.now_ms += for_ms

    def device(self, address, at_ms):
        """Who answers to this address at that moment, or None."""
        found = None
        for since_ms, device in self.wire.units.get(address, ()):
            if since_ms <= at_ms:
                found = device
        return found

    def swap(self, address, at_ms, chance):
        """From then on another unit of the same kind has the address."""
        old = self.wire.units[address][-1][1]
        options = dict(old.options)
        if "before" in options or "base" in options:
            options["before"] = chance.choice(([], [(120, 26)], [(120, 26), (121, 30)], [(64, 4)]))
        new = type(old)(f"{self.seed} {address} {at_ms}", at_ms, self.end_ms + 1000, **options)
        self.wire.units[address].append((at_ms, new))

    def addresses(self, device):
        """[(function, address)] of all that a unit measures."""
        return [row[:2] for row in device.rows(device._states[0])]

    def gaps(self, device):
        """[(function, address)] near them that mean nothing."""
        used = {(f, a + i) for f, a in self.addresses(device) for i in range(4)}
        used |= {(f, a) for f, x, y in device.together for a in range(x, y + 1)}
        near = {(f, a + i) for f, a in self.addresses(device) for i in range(-3, 9)} - used
        return sorted(
            (f, a) for f, a in near if any(x <= a <= y for x, y in device.ranges(f) or ())
        )

    # What the charger asks.

    def truths(self, unit, signal, begin_ms, end_ms):
        found = set()
        units = self.wire.units[unit]
        for i, (since_ms, device) in enumerate(units):
            until_ms = units[i + 1][0] if i + 1 < len(units) else _EVER_MS
            if since_ms <= end_ms and begin_ms < until_ms:
                found |= device.truths(signal, max(begin_ms, since_ms), min(end_ms, until_ms - 1))
        return found

    def last_ms(self, unit, signal, sign, value):
        found = [d.last_ms(signal, sign * value, self.now_ms) for _, d in self.wire.units[unit]]
        return max([ms for ms in found if ms is not None], default=None)

    def said(self, unit, begin_ms, end_ms):
        """Numbers that a unit's registers held though nothing was so."""
        units = self.wire.units[unit]
        return set().union(*(device.said(begin_ms, end_ms) for _, device in units))

    def copied_ms(self, unit):
        """docs/design.md admits that a copy of a read's own last reply is taken: by how much it may have come late."""
        late_ms = [
            fault.copied_ms
            for fault in self.faults
            if fault.unit in (None, unit) and fault.begin_ms <= self.now_ms < fault.end_ms + 20000
        ]
        return max(late_ms, default=0)

    def latencies_ms(self):
        """{unit: from the moment that it takes its values to the end of the reply, at the most}."""
        return {unit.address: unit.timeout_ms + 300 for unit in self.bridge.poller.units}

    def timeouts_ms(self):
        return [unit.timeout_ms for unit in self.bridge.poller.units]

    def overrun_ms(self):
        """How much longer the last cycle took than it should: reads that are in pieces take their time."""
        return max(0, self.bridge.poller.stats["cycle_ms"] - 1000)

    def well_for_ms(self):
        """How long no fault has had an effect; 0: one has."""
        ends_ms = [one.over_ms() for one in self.faults if one.begin_ms <= self.now_ms]
        return max(0, self.now_ms - max(ends_ms, default=0))

    # The run.

    def run(self):
        poller, values = self.bridge.poller, self.bridge.values
        clamps = self.bridge.clamps
        poll_ms = clamp_ms = values_ms = 0
        while self.now_ms < self.end_ms:
            next_ms = min(poll_ms, values_ms, self._events[0][0])
            if clamps and clamp_ms < next_ms:
                next_ms = clamp_ms
            if next_ms > self.now_ms:
                self.now_ms = next_ms
            while self._events and self._events[0][0] <= self.now_ms:
                heapq.heappop(self._events)[2]()
            if poll_ms <= self.now_ms:
                delay_ms = poller.step(self.tick())
                poll_ms = self.now_ms + (delay_ms if delay_ms > 0 else 1) + self._lateness[0]
                self._lateness.rotate()
                values.step(self.tick())
            if clamps and clamp_ms <= self.now_ms:
                clamp_ms = self.now_ms + max(clamps.step(self.tick()), 1)
            if values_ms <= self.now_ms:
                values.step(self.tick())
                values_ms = self.now_ms + _VALUES_MS
        return Result(
            self.seed,
            self.site.name,
            self.faults,
            self.charger.found,
            self.charger.counts,
            self.wire.requests,
        )

    def tick(self):
        return (self._first_tick + self.now_ms) % _TICKS

    # The clients.

    def _poll(self, number, every_ms):
        self.later(self.now_ms + every_ms, lambda: self._poll(number, every_ms))
        takes = _SLOW_BYTES if self.slow and number == 0 else 1 << 20
        sock = http.Socket(http.request(VALUES), takes)
        self._ask(sock, f"192.168.1.{60 + number}", self.charger.look)

    def _ask_info(self):
        self.later(self.now_ms + 9000, self._ask_info)
        self._ask(http.Socket(http.request(INFO)), "192.168.1.60", self._look_at_info)

    def _ask(self, sock, host, look):
        if not self._network_is_there:
            return
        self._opened(sock, host)
        self._serve(sock, look, self.now_ms)

    def _serve(self, sock, look, asked_ms):
        """Let the server work until it has done what it can for this client."""
        step = self.bridge.server.step
        if sock.fails or sock.hangs:
            step(self.tick())
            return  # the client has given up
        for _ in range(4):
            step(self.tick())
            if len(sock.answer) == http.expected_length(sock.answer):
                sock.incoming = b""  # the client closes
                step(self.tick())
                look(sock.answer, asked_ms, self.now_ms)
                return
        if sock.is_closed or self.now_ms - asked_ms > 3000:
            look(sock.answer, asked_ms, None)
            return
        sock.room = sock.takes
        self.later(self.now_ms + _SLOW_MS, lambda: self._serve(sock, look, asked_ms))

    def _look_at_info(self, answer, asked_ms, done_ms):
        body = answer.partition(b"\r\n\r\n")[2]
        serials = self.site.serials()
        self.charger.look_at_info(body, serials, asked_ms)


def run(seed, seconds=100, keep=None, site=None, kinds=None):
    return World(seed, seconds, keep, site, kinds).run()
