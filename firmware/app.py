"""The composition: reads the settings, builds every part once, and runs them. The only file that knows all parts."""

import gc
import json
import select
import sys

import machine

from firmware import log, supervisor
from firmware.life import Life, uncounted

VERSION = "0.1.0"

_BOOT_ONLY = (
    "firmware.devices",
    "firmware.ending",
    "firmware.store",
    "meters.profile",
    "meters.plan",
    "meters.sunspec",
    "meters.identity",
    "meters.quantities",
    "clamp.models",
)
_VITAL = ("bus", "clamps", "values", "server", "wifi")  # worth a reset when they make no progress


def main(root):
    """Run for ever. A config.json that is refused ends it with one line, and leaves the REPL reachable."""
    from firmware.store import Store

    store = Store(root)
    config = _settings(store)
    if config is None:
        return
    if store.is_new and not store.complaint:
        # The checker leaves its names and holes in the heap. Begin anew without it.
        uncounted(machine.RTC())
        machine.soft_reset()
    gc.collect()
    from firmware.watchdog import Watchdog

    life = Life(machine.RTC(), machine.reset_cause())
    watchdog = Watchdog(life)
    try:
        log.info("version", VERSION, "in", root or "/", "- last end:", life.last)
        if store.complaint:
            log.error(store.complaint)
        parts = build(config, store, root, life)
        store.prove_slot()
        life.renames = store.renames
        tasks = [supervisor.Task(name, part, name in _VITAL) for name, part in parts]
        watchdog.tasks = tasks
        del store, config, parts
        _unload()
        supervisor.run(tasks + [supervisor.Task("watchdog", watchdog)])
    except KeyboardInterrupt:
        watchdog.relax()
        raise


def _settings(store):
    """The checked config, or None with its fault on the console."""
    try:
        return store.config(_check)
    except ValueError as error:  # a SettingsError
        print(error)
    except OSError:
        print("config.json: no such file; copy config.example.json and fill it in")
    return None


def _check(text, load, names):
    """settings.read, loaded and unloaded again."""
    import settings

    try:
        return settings.read(text, load, names)
    finally:
        settings.unload()


def _unload():
    """Forget the modules that only the boot needs; what they made stays."""
    for name in _BOOT_ONLY:
        if name in sys.modules:
            del sys.modules[name]
            package, _, module = name.partition(".")
            delattr(sys.modules[package], module)
    gc.collect()


def build(config, store, root, life):
    """[(name, part)] of everything that runs."""
    from firmware.devices import Site

    board = store.load("board", config["board"])
    lamp = None
    if board["led"]:
        from firmware import led

        lamp = led.make(board["led"])
    for pin in board["on"]:
        machine.Pin(pin, machine.Pin.OUT, value=1)
    site = Site(config, store.load)
    parts = []
    bus = _bus(config, board, site) if site.links else None
    if bus:
        parts.append(("bus", bus))
    clamps = _clamps(board, site, store, bus) if site.clamps else None
    if clamps:
        parts.append(("clamps", clamps))
    values = _values(config, site, [part for _, part in parts])
    parts.append(("values", values))
    parts += _service(config, site, values, bus, clamps, root, life, lamp, store.complaint)
    return parts


def _bus(config, board, site):
    from firmware.bus_port import BusPort, character_bits
    from meters.bus import Bus
    from modbus.master import Master

    settings = config["bus"]
    port = BusPort(settings, board["uart"]["id"])
    master = Master(port, settings["baudrate"], character_bits(settings))
    # Three tries for a slow quantity before it would grow stale.
    slow_ms = max(settings["poll_interval_ms"], config["freshness"]["limit_s"] * 1000 // 3)
    slow_every = max(1, slow_ms // max(100, settings["poll_interval_ms"]))
    plan = site.transactions(master, slow_every)
    return Bus(master, plan, settings["poll_interval_ms"], slow_ms)


def _clamps(board, site, store, bus):
    from clamp.models import scale
    from clamp.part import Clamps
    from clamp.reading import Clamp, PhaseSum
    from firmware.clamp_adc import ClampADC

    clamps = []
    for device, entry in site.clamps:
        names = entry["clamp"]
        figures = scale(entry, store.models())
        several = PhaseSum(device, device.power, names) if len(names) > 1 else None
        for phase in range(len(names)):
            sampler = ClampADC(board["clamps"][names[phase]])
            volts = _voltage(site.voltage_device, phase)
            key = names[phase] if several else device.power
            clamps.append(Clamp(names[phase], sampler, figures, several or device, key, volts))
    return Clamps(clamps, may_hold=_quiet(bus))


def _values(config, site, clocks):
    from nrgkick.documents import Values, load_parts

    load = ()
    if site.load:
        load = (site.load,)
    elif config["load_power"] == "computed":
        load = load_parts(site.devices, site.locations)
    return Values(site.devices, clocks, load)


def _service(config, site, values, bus, clamps, root, life, lamp, complaint):
    """Wi-Fi, the server and what it serves."""
    from firmware.health import Health
    from firmware.wifi import Station
    from httpd.answers import File
    from httpd.server import Server, listen
    from nrgkick.documents import Info

    http = config["http"]

    def up(address):
        log.info("serving http://%s:%d/" % (address, http["port"]))

    def reset(reason):
        log.error("reset:", reason)
        life.note(reason)
        machine.reset()

    station = Station(config["wifi"], up, reset)
    routes = {
        b"/api/v1/values.json": values,
        b"/api/v1/info.json": Info(site.infos),
        b"/log": log.ring,
        b"/": File(root + "/firmware/page.html", "text/html; charset=utf-8"),
    }
    health = Health(_quiet(bus))
    server = Server(listen(http["host"], http["port"]), routes, select.poll())
    counters = [("health", health.stats), ("wifi", station.stats), ("http", server.stats)]
    counters += [("log", log.stats), ("falls", supervisor.falls)]
    if bus:
        counters += [("bus", bus.stats), ("line", bus.master.stats)]
    clamps = clamps.clamps if clamps else []
    devices = site.devices + ([site.load] if site.load else [])
    links = site.links  # not the site itself: it goes with its module
    about = {"version": VERSION, "board": config["board"], "slot": root or "/"}
    about["last_end"] = life.last
    about["config"] = complaint
    about = json.dumps(about).encode()

    def status():
        from firmware.status import Status

        return Status(about, counters, devices, links, clamps)

    def metrics():
        from firmware.status import Metrics, families

        return Metrics(families(counters, devices, links, clamps))

    parts = [("server", server), ("wifi", station), ("health", health)]
    for path, make in ((b"/status.json", status), (b"/metrics", metrics)):
        report = OnDemand(make)
        server.add(path, report)
        parts.append((path.decode(), report))
    if lamp:
        lamp.look = _look(station, values, complaint)
        parts.append(("led", lamp))
    return parts


class OnDemand:
    """A report, part and source, that is made when somebody first asks: a board that serves only a charger saves its heap."""

    def __init__(self, make):
        self._make = make
        self._report = None

    def step(self, now_ms):
        return self._report.step(now_ms) if self._report else 1000

    def open(self, now_ms):
        if self._report is None:
            self._report = self._make()
        return self._report.open(now_ms)


def _look(station, values, complaint):
    """How the bridge is: asked by the LED."""
    from firmware import led

    def look():
        if not station.stats["connected"]:
            return led.NO_WIFI
        if values.stale is not None:
            return led.NO_METER
        return led.LAST_GOOD if complaint else led.SERVING

    return look


def _voltage(device, phase):
    """Tenths of a volt as a meter has just measured them, or None: asked by the clamps."""
    from firmware.devices import VOLTAGES

    fields, key = (device.fields if device else {}), VOLTAGES[phase]
    return (lambda: fields[key]) if key in fields else None


def _quiet(bus):
    """A question to the bus: is nothing on the line?"""
    return (lambda: bus.quiet) if bus else (lambda: True)
