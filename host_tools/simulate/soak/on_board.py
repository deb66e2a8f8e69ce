# SPDX-License-Identifier: MIT
"""For MicroPython: the bridge's components in virtual time, for hours or weeks; every so often what they hold, on one line each.

    on_board.py PLAN HOURS FIRST_TICK UTC_S

Goes wrong now and then, each day alike: a unit falls silent or refuses, the network is gone, clients hang. When a line is printed all is well.
"""

import gc
import json
import struct
import sys

import micropython
from house import (
    Chip,
    Client,
    Line,
    Listener,
    Net,
    Poller,
    Time,
)  # before the firmware, which finds its chip and its time there

import firmware.clock
import firmware.trial
from firmware import callbacks, health, supervisor
from firmware.hw.watchdog import Watchdog
from httpd import server
from loading import units
from loading import values as loading
from meters.poller import Poller as Bus
from modbus import frame
from modbus.master import Master
from values.documents import Info, Values

firmware.clock.socket = Net
HOUR_MS = 3600000
LOOK_MS = HOUR_MS // 2  # at the half of each hour, when nothing has gone wrong for long
VALUES = b"GET /api/v1/values.json HTTP/1.1\r\nHost: 192.168.1.50\r\n\r\n"
# Every so many seconds: (what a client sends, does it take the answer?)
CLIENTS = (
    (7, VALUES, True),
    (59, b"GET /api/v1/info.json HTTP/1.1\r\nHost: 192.168.1.50\r\n\r\n", True),
    (301, b"GET /log HTTP/1.1\r\nHost: 192.168.1.50\r\n\r\n", True),
    (367, b"GET /api/v1/val", True),
    (371, VALUES, False),
    (373, None, True),
    (379, b"POST / HTTP/1.1\r\n\r\n", True),
)


class Memory:
    """Stands for main.py's ResetMemory."""

    failed = uptime_s = 0

    def note(self, reason):
        pass


def total_wh():
    """What the inverter has made."""
    return 4000000 + Time.ms // 3600


def words(unit, function, address, count):
    """Registers of 32-bit floats. In each hour unit 2 is silent for a minute, later refuses for another one."""
    second = Time.ms // 1000 % 3600
    if unit == 2 and 300 <= second < 360:
        return None
    if unit == 2 and 900 <= second < 960:
        return 4
    found = []
    for at in range(address, address + count, 2):
        value = 230.0
        if at & 0xFFFE in (12, 52):
            value = float(second % 700 + 100)
        elif at & 0xFFFE in (72, 74):
            value = total_wh() / 1000
        found += struct.unpack(">HH", struct.pack(">f", value))
    return found[:count]


def network():
    """Gone for five minutes of each hour."""
    if 1200 <= Time.ms // 1000 % 3600 < 1500:
        return None
    return ("192.168.1.7", "255.255.255.0", "192.168.1.1", "192.168.1.2")


class House:
    def __init__(self, plan):
        self.clock = firmware.clock.Clock(plan["time"])
        self.clock.network = network
        self.devices = loading.devices(plan["devices"])
        info = Info(plan["info"])
        rows = plan["line"]
        master = Master(Line(words, frame, rows["baudrate"]), rows["baudrate"], rows["bits"])
        count_day = callbacks.day_counter(self.clock)
        rest = self.devices, count_day, info.serials, plan["slow_every"]
        made = [units.unit(row, *rest) for row in plan["units"]]
        self.bus = Bus(master, made, plan["poll_interval_ms"], plan["slow_interval_ms"])
        categories = loading.categories(plan["document"], self.devices)
        load = [self.devices[i] for i in plan["load"]]
        self.values = Values(
            self.devices, categories, plan["document"]["bytes"], load, (self.bus,)
        )
        self.listener, self.poller = Listener(), Poller()
        routes = {b"/api/v1/values.json": self.values, b"/api/v1/info.json": info}
        from firmware import log

        routes[b"/log"] = log.ring
        self.server = server.Server(self.listener, routes, self.poller)
        self.health = health.Health(lambda: self.bus.quiet, Chip.reset)
        self.health.watch = callbacks.watcher(made, self.server.chargers)
        trial = firmware.trial.Trial(Memory())
        self.watchdog = Watchdog(trial)
        parts = ("bus", "values", "server", "time", "health")
        steps = (self.bus, self.values, self.server, self.clock, self.health)
        self.tasks = [supervisor.Task(*pair) for pair in zip(parts, steps)]
        self.watchdog.tasks = self.tasks
        self.tasks.append(supervisor.Task("watchdog", self.watchdog))
        self.due_ms = [0] * len(self.tasks)
        self.client_ms = [0] * len(CLIENTS)
        self.answered = self.refused = 0
        self.midnight_wh = None  # what the day began with, by the true time

    def run(self, until_ms):
        """All components as the supervisor runs them, but the server, which is always ready, with each client."""
        while Time.ms < until_ms:
            for i, task in enumerate(self.tasks):
                if self.due_ms[i] <= Time.ms:
                    delay_ms = task.component.step(Time.tick())
                    task.moved = True
                    self.due_ms[i] = Time.ms + max(delay_ms, self.least_ms(task.component))
            for i, (every_s, data, takes) in enumerate(CLIENTS):
                if self.client_ms[i] <= Time.ms:
                    self.client_ms[i] = Time.ms + every_s * 1000
                    if network():
                        self.ask(i, data, takes)
            soonest_ms = min(self.due_ms)
            Time.ms = max(Time.ms + 1, min(soonest_ms, min(self.client_ms)))

    def least_ms(self, component):
        """Until the next step: server and values are always ready, and are looked at now and then here."""
        if component is self.values:
            return 1000
        if component is not self.server:
            return 1
        return 25 if Client.open else 1000

    def ask(self, number, data, takes):
        client = Client(data, takes)
        self.listener.queue.append((client, (f"192.168.1.{60 + number}", 50000)))
        for _ in range(4):
            self.server.step(Time.tick())
        if number == 0:
            if client.answer.startswith(b"HTTP/1.1 200"):
                self.answered += 1
            else:
                self.refused += 1
        if takes:
            client.incoming = b""
            self.server.step(Time.tick())

    def settle(self):
        """Until no client is left."""
        for _ in range(1000):
            if not Client.open:
                return
            Time.ms += 25
            self.server.step(Time.tick())

    def live_bytes(self):
        """The least of some looks: the collector keeps what an old frame on the C stack still seems to name."""
        found = []
        for _ in range(4):
            self.run(Time.ms + 3000)
            self.settle()
            gc.collect()
            found.append(gc.mem_alloc())
        return min(found)

    def report(self):
        live = self.live_bytes()
        inverter = self.devices[1]
        print("look", json.dumps({
            "hour": Time.ms / HOUR_MS, "tick": Time.tick(), "live": live, "unfed_ms": Chip.unfed_ms, "clients": Client.open,
            "polled": self.poller.count(), "sockets": Net.open, "answered": self.answered, "refused": self.refused,
            "cycles": self.bus.cycles, "day": self.clock.day(), "day_wh": inverter.fields["pv_energy_day_wh"], "total_wh": total_wh(),
            "crashes": sum([supervisor.crashes[task.name] for task in self.tasks]), "reads": sum([len(unit.reads) for unit in self.bus.units]),
        }))  # fmt: skip
        micropython.mem_info()
        micropython.qstr_info()
        self.answered = self.refused = Chip.unfed_ms = 0


def main(path, hours, first, utc_s):
    Time.first, Time.utc_s = int(first), int(utc_s)
    with open(path) as file:
        house = House(json.load(file))
    gc.collect()
    gc.threshold(8192)
    at_ms = LOOK_MS
    while at_ms <= int(hours) * HOUR_MS + LOOK_MS:
        house.run(at_ms)
        house.report()
        at_ms += HOUR_MS


main(*sys.argv[1:])
