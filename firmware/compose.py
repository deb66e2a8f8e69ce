"""The composition: builds every part once from the checked config. The only file that knows all parts; unloaded after the boot."""

import json
import select

import machine

from firmware import glue, log, supervisor
from firmware.devices import VOLTAGES, Site


def parts(config, store, root, life, about):
    """[(name, part)] of everything that runs. about: what the status page is to tell of this run."""
    board = store.load("board", config["board"])
    lamp = None
    if board["led"]:
        from firmware import led

        lamp = led.make(board["led"])
    switch_on(board)
    site = Site(config, store.load)
    made = []
    bus = make_bus(config, board, site) if site.links else None
    if bus:
        made.append(("bus", bus))
    clamps = make_clamps(board, site, store.models(), bus) if site.clamps else None
    if clamps:
        made.append(("clamps", clamps))
    values = _values(config, site, [part for _, part in made])
    made.append(("values", values))
    about["board"] = config["board"]
    about["config"] = store.complaint
    return made + _service(config, site, values, bus, clamps, root, life, lamp, about)


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

    clamps = []
    for device, entry in site.clamps:
        names = entry["clamp"]
        figures = scale(entry, models)
        several = PhaseSum(device, device.power, names) if len(names) > 1 else None
        for phase in range(len(names)):
            sampler = ClampADC(board["clamps"][names[phase]])
            volts = _voltage(site.voltage_device, phase)
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


def _service(config, site, values, bus, clamps, root, life, lamp, about):
    """Wi-Fi, the server and what it serves."""
    from firmware.health import Health
    from firmware.wifi import Station
    from httpd.answers import File
    from httpd.server import Server, listen
    from nrgkick.documents import Info

    http = config["http"]
    station = Station(config["wifi"], glue.announcer(life, http["port"]), glue.resetter(life))
    health = Health(glue.quiet(bus))
    routes = {
        b"/api/v1/values.json": values,
        b"/api/v1/info.json": Info(site.infos),
        b"/log": log.ring,
        b"/": File(root + "/firmware/page.html", "text/html; charset=utf-8"),
    }
    server = Server(listen(http["host"], http["port"]), routes, select.poll())
    counters = [("health", health.stats), ("wifi", station.stats), ("http", server.stats)]
    counters += [("log", log.stats), ("falls", supervisor.falls)]
    if bus:
        counters += [("bus", bus.stats), ("line", bus.master.stats)]
    devices = site.devices + ([site.load] if site.load else [])
    subjects = (counters, devices, site.links, clamps.clamps if clamps else [])
    made = [("server", server), ("wifi", station), ("health", health)]
    reports = (
        ("/status.json", glue.OnDemand("Status", json.dumps(about).encode(), *subjects)),
        ("/metrics", glue.OnDemand("metrics", *subjects)),
    )
    for path, report in reports:
        server.add(path.encode(), report)
        made.append((path, report))
    if lamp:
        lamp.look = glue.looker(station, values, about["config"])
        made.append(("led", lamp))
    return made


def _voltage(device, phase):
    """What asks the meter for its volts, or None where none measures them."""
    fields, key = (device.fields if device else {}), VOLTAGES[phase]
    return glue.reader(fields, key) if key in fields else None
