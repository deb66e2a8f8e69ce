"""The composition: builds every part once from the checked config. The only file that knows all parts; unloaded after the boot.

What is needed for a while only is dropped as soon as it has done its work: an ESP32's heap would grow into lwIP's RAM.
"""

import gc
import json
import select

import machine

from firmware import glue, log, supervisor
from unload import unload

_DESCRIPTIONS = (
    "firmware.devices",
    "meters.profile",
    "meters.plan",
    "meters.sunspec",
    "meters.identity",
    "meters.quantities",
    "daytime.zone",
    "clamp.models",
    "nrgkick.layout",
    "nrgkick.fields",
)


class Composition:
    """`parts`: [(name, part)] of everything that runs, in the order in which it was built."""

    def __init__(self, config):
        self._config = config
        self.parts = []
        self.site = self.bus = self.clamps = self.values = None

    def measure(self, store):
        """Build what measures, and the values that come of it."""
        from firmware.devices import Builder

        config = self._config
        board = store.load("board", config["board"])
        self._light(board["led"])
        for pin in board["on"]:  # what powers or enables the transceiver
            machine.Pin(pin, machine.Pin.OUT, value=1)
        builder = Builder(config, store.load)
        self.site = builder.site
        if self.site.links:
            self._read(builder, board)
        del builder, Builder
        unload(*_DESCRIPTIONS)
        gc.collect()
        if self.site.clamps:
            self._clamp(store.models(), board)
        self._value()
        unload(*_DESCRIPTIONS)
        gc.collect()

    def _add(self, name, part):
        self.parts.append((name, part))
        return part

    def _light(self, described):
        self._lamp = None
        if described:
            from firmware import led

            self._lamp = led.make(described)

    def _read(self, builder, board):
        from firmware.bus_port import BusPort, character_bits
        from meters.bus import Bus
        from modbus.master import Master

        settings = self._config["bus"]
        interval_ms = settings["poll_interval_ms"]
        port = BusPort(settings, board["uart"]["id"])
        master = Master(port, settings["baudrate"], character_bits(settings))
        # Three tries for a slow quantity before it would grow stale.
        slow_ms = max(interval_ms, self._config["freshness"]["limit_s"] * 1000 // 3)
        plan = builder.transactions(master, max(1, slow_ms // max(100, interval_ms)))
        self.bus = self._add("bus", Bus(master, plan, interval_ms, slow_ms))

    def _clamp(self, models, board):
        from clamp.models import scale
        from clamp.part import Clamps
        from clamp.reading import Clamp, PhaseSum
        from firmware.clamp_adc import ClampADC

        clamps = []
        volts = {}
        for phase in self.site.voltages:
            volts[phase] = glue.reader(*self.site.voltages[phase])
        for device, entry in self.site.clamps:
            names = entry["clamp"]
            figures = scale(entry, models)
            several = PhaseSum(device, device.power, names) if len(names) > 1 else None
            for phase in range(len(names)):
                name = names[phase]
                sampler = ClampADC(board["clamps"][name])
                if not sampler.calibrated:
                    log.warn(
                        name,
                        "may be 10 % off: this chip's ADC is not calibrated; make calibrate helps",
                    )
                key = name if several else device.power
                target = several or device
                clamps.append(Clamp(name, sampler, figures, target, key, volts.get(phase)))
        self.clamps = self._add("clamps", Clamps(clamps, may_hold=glue.quiet(self.bus)))

    def _value(self):
        from nrgkick.documents import Info, Values
        from nrgkick.layout import load_parts

        site = self.site
        load = ()
        if site.load:
            load = (site.load,)
        elif self._config["load_power"] == "computed":
            load = load_parts(site.devices, site.locations)
        clocks = [part for _, part in self.parts]
        self.values = self._add("values", Values(site.devices, clocks, load))
        self._info = Info(site.infos)

    def serve(self, root, life, about):
        """Build the server and what it serves, Wi-Fi and LED. about: what the page tells of this run."""
        server = self._serve(root)
        from firmware.health import Health
        from firmware.wifi import Station

        up, reset = glue.announcer(life, self._config["http"]["port"]), glue.resetter(life)
        station = self._add("wifi", Station(self._config["wifi"], up, reset))
        health = self._add("health", Health(glue.quiet(self.bus), reset))
        counters = [("health", health.stats), ("wifi", station.stats), ("http", server.stats)]
        counters += [("log", log.stats), ("falls", supervisor.falls)]
        if self.bus:
            counters += [("bus", self.bus.stats), ("line", self.bus.master.stats)]
        clock = self.site.clock
        if clock:
            clock.network = station.network
            self._add("time", clock)
            counters.append(("time", clock.stats))
        self._report(server, dict(about, doubts=self.site.doubts), counters)
        if self._lamp:
            self._lamp.look = glue.looker(station, self.values, about["config"])
            self._add("led", self._lamp)

    def _serve(self, root):
        from httpd.answers import File
        from httpd.listener import listen
        from httpd.server import Server

        gc.collect()  # the server wants its buffers in one piece each
        http = self._config["http"]
        routes = {
            b"/api/v1/values.json": self.values,
            b"/api/v1/info.json": self._info,
            b"/log": log.ring,
            b"/": File(root + "/firmware/page.html", "text/html; charset=utf-8"),
        }
        server = Server(listen(http["host"], http["port"]), routes, select.poll())
        return self._add("server", server)

    def _report(self, server, about, counters):
        site = self.site
        devices = site.devices + ([site.load] if site.load else [])
        clamps = self.clamps.clamps if self.clamps else []
        subjects = (counters, devices, site.links, clamps)
        about = json.dumps(about).encode()
        server.add(
            b"/status.json", glue.OnDemand("status", about, server.charger_age_ms, *subjects)
        )
        server.add(b"/metrics", glue.OnDemand("metrics", *subjects))
