"""The composition: builds from the checked config every part that measures, and the values; then firmware/serving.py builds those
that serve them. The two know all parts, and each is unloaded when it has done its work.

What is needed for a while only is dropped as soon as it is not: an ESP32's heap would grow into lwIP's RAM.
"""

import gc

import machine

from firmware import glue, log
from unload import unload

_DESCRIPTIONS = (
    "firmware.devices",
    "planning.profile",
    "planning.grouping",
    "meters.sunspec",
    "meters.identity",
    "planning.quantities",
    "planning.zone",
    "planning.clamp_models",
    "planning.layout",
    "values.fields",
)


class Composition:
    """`parts`: [(name, part)] of everything that runs, in the order in which it was built."""

    def __init__(self, config):
        self._config = config
        self.parts = []
        self.site = self.bus = self.clamps = self.values = self.info = self.lamp = None

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

    def measured(self):
        """What serving.serve() takes: no longer us, or our code would stay on the heap."""
        return self.parts, self.site, self.bus, self.clamps, self.values, self.info, self.lamp

    def _add(self, name, part):
        self.parts.append((name, part))
        return part

    def _light(self, described):
        if described:
            from firmware import led

            self.lamp = led.make(described)

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
        from clamp.part import Clamps
        from clamp.reading import Clamp, PhaseSum
        from firmware.clamp_adc import ClampADC
        from planning.clamp_models import scale

        clamps = []
        volts = {}
        for phase in self.site.voltages:
            volts[phase] = glue.reader(*self.site.voltages[phase])
        for device, entry in self.site.clamps:
            names = entry["clamp"]
            samplers = [ClampADC(board["clamps"][name]) for name in names]
            calibrated = samplers[0].calibrated
            if not calibrated and entry.get("error_percent") is None:
                log.warn(
                    names[0], "may be 10 % off, by a chip without calibration: make calibrate"
                )
            figures = scale(entry, models, calibrated)
            several = PhaseSum(device, device.power, names) if len(names) > 1 else None
            for phase in range(len(names)):
                name = names[phase]
                key = name if several else device.power
                target = several or device
                clamps.append(Clamp(name, samplers[phase], figures, target, key, volts.get(phase)))
        self.clamps = self._add("clamps", Clamps(clamps, may_hold=glue.quiet(self.bus)))

    def _value(self):
        from planning.layout import load_parts
        from values.documents import Info, Values

        site = self.site
        load = ()
        if site.load:
            load = (site.load,)
        elif self._config["load_power"] == "computed":
            load = load_parts(site.devices, site.locations)
        clocks = [part for _, part in self.parts]
        self.values = self._add("values", Values(site.devices, clocks, load))
        self.info = Info(site.infos)
