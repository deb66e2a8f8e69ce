"""The composition: builds every part once from the checked config. The only file that knows all parts; unloaded after the boot."""

import gc
import json
import select
import sys

import machine

from firmware import glue, log, supervisor

# What makes devices, links and clamps of the config. The server's code comes when this has gone: a small heap holds
# one of the two.
_DESCRIPTIONS = (
    "firmware.devices",
    "meters.profile",
    "meters.plan",
    "meters.sunspec",
    "meters.identity",
    "meters.quantities",
    "clamp.models",
    "daytime.zone",
)


def forget(names):
    """Drop modules that are not needed again; what they made stays."""
    for name in names:
        if name in sys.modules:
            del sys.modules[name]
            package, _, module = name.partition(".")
            delattr(sys.modules[package], module)
    gc.collect()


def parts(config, store, root, life, about):
    """[(name, part)] of everything that runs. about: what the status page is to tell of this run."""
    board = store.load("board", config["board"])
    lamp = None
    if board["led"]:
        from firmware import led

        lamp = led.make(board["led"])
    switch_on(board)
    made, routes, subjects = _measuring(config, store, board, about)
    del board
    forget(_DESCRIPTIONS)
    about["board"] = config["board"]
    about["config"] = store.complaint
    routes[b"/log"] = log.ring
    return made + _service(config, made, routes, subjects, root, life, lamp, about)


def _measuring(config, store, board, about):
    """The parts that measure, the charger's two documents by their paths, and (devices, links, clamps)."""
    from firmware.devices import Site
    from nrgkick.documents import Info

    site = Site(config, store.load)
    about["doubts"] = site.doubts
    made = []
    bus = clamps = None
    if site.links:
        bus = make_bus(config, board, site)
        made.append(("bus", bus))
    if site.clamps:
        clamps = make_clamps(board, site, store.models(), bus)
        made.append(("clamps", clamps))
    values = _values(config, site, [part for _, part in made])
    made.append(("values", values))
    if site.clock:
        made.append(("time", site.clock))
    routes = {b"/api/v1/values.json": values, b"/api/v1/info.json": Info(site.infos)}
    devices = site.devices + ([site.load] if site.load else [])
    return made, routes, (devices, site.links, clamps.clamps if clamps else [])


def switch_on(board):
    """The pins that power or enable the transceiver."""
    for pin in board["on"]:
        machine.Pin(pin, machine.Pin.OUT, value=1)


def make_bus(config, board, site):
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


def make_clamps(board, site, models, bus):
    from clamp.models import scale
    from clamp.part import Clamps
    from clamp.reading import Clamp, PhaseSum
    from firmware.clamp_adc import ClampADC
    from firmware.devices import VOLTAGES

    clamps = []
    for device, entry in site.clamps:
        names = entry["clamp"]
        figures = scale(entry, models)
        several = PhaseSum(device, device.power, names) if len(names) > 1 else None
        for phase in range(len(names)):
            sampler = ClampADC(board["clamps"][names[phase]])
            volts = _voltage(site.voltage_device, VOLTAGES[phase])
            key = names[phase] if several else device.power
            clamps.append(Clamp(names[phase], sampler, figures, several or device, key, volts))
    return Clamps(clamps, may_hold=glue.quiet(bus))


def _values(config, site, clocks):
    from nrgkick.documents import Values, load_parts

    load = ()
    if site.load:
        load = (site.load,)
    elif config["load_power"] == "computed":
        load = load_parts(site.devices, site.locations)
    return Values(site.devices, clocks, load)


def _service(config, measuring, routes, subjects, root, life, lamp, about):
    """Wi-Fi, the server and what it serves. subjects: what the reports tell of."""
    from firmware.health import Health
    from firmware.wifi import Station
    from httpd.answers import File
    from httpd.listener import listen
    from httpd.server import Server

    http = config["http"]
    complaint = about["config"]
    station = Station(config["wifi"], glue.announcer(life, http["port"]), glue.resetter(life))
    bus = dict(measuring).get("bus")
    health = Health(glue.quiet(bus))
    routes[b"/"] = File(root + "/firmware/page.html", "text/html; charset=utf-8")
    server = Server(listen(http["host"], http["port"]), routes, select.poll())
    counters = [("health", health.stats), ("wifi", station.stats), ("http", server.stats)]
    counters += [("log", log.stats), ("falls", supervisor.falls)]
    if bus:
        counters += [("bus", bus.stats), ("line", bus.master.stats)]
    clock = dict(measuring).get("time")
    if clock:
        clock.network = station.network
        counters.append(("time", clock.stats))
    made = [("server", server), ("wifi", station), ("health", health)]
    about = json.dumps(about).encode()
    server.add(b"/status.json", glue.OnDemand("status", about, counters, *subjects))
    server.add(b"/metrics", glue.OnDemand("metrics", counters, *subjects))
    if lamp:
        lamp.look = glue.looker(station, dict(measuring)["values"], complaint)
        made.append(("led", lamp))
    return made


def _voltage(device, key):
    """What asks the meter for its volts, or None where none measures them."""
    return glue.reader(device.fields, key) if device and key in device.fields else None
