# SPDX-License-Identifier: MIT
"""The bridge: every component of a run, in the order in which the data flow. This list is the boot."""

import gc
import select
import sys

from micropython import const

from firmware import callbacks, health, log, supervisor
from firmware.hw import chip, led
from firmware.hw.watchdog import Watchdog
from firmware.hw.wifi import Station
from firmware.modes.reset_reason import last_end
from firmware.modes.version import VERSION
from firmware.trial import Trial
from httpd import chargers, connection, request, responses
from httpd.report_stream import ReportStream
from httpd.ring import Ring
from httpd.server import Server
from loading import values as loading
from loading.listener import listen, networks
from values.documents import Info, Values

# The page has its script and its style within; it asks nobody but us, and nobody may put it into a page of his.
_PAGE_FIELDS = const(
    "Content-Security-Policy: default-src 'self' 'unsafe-inline'; img-src data:; frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
)
_VITAL = ("bus", "values", "server", "wifi")  # worth a reset when they make no progress


def built(root, memory, plan, reserve):
    """run() of everything. memory: main.py's ResetMemory; plan: docs/formats/plan.md, used up on the way: its
    heap is wanted for what is made of it. reserve: what heap_reserve.grown() gave.
    """
    gc.collect()  # of what the import left: the heap would grow once more for it, and take what Wi-Fi needs
    health.reserve = reserve
    stream = ReportStream()  # while there is a piece that large
    about = _about(root, memory, plan)
    trial = Trial(memory, *plan["renames"])
    memory.begin()
    watchdog = Watchdog(trial)
    parts = {"led": _optional("led", led.make, plan["led"], plan["button"])}
    reset = callbacks.resetter(trial)
    devices, info = _measure(parts, plan, reset)
    _unload_measuring(parts, devices)
    watchdog.feed()
    _serve(parts, plan, root, trial, devices, info, reset)
    units = parts["bus"].units if parts["bus"] else ()
    parts["health"].watch = callbacks.watcher(units, parts["server"].chargers)
    watchdog.tasks = [
        supervisor.Task(name, parts[name], name in _VITAL) for name in parts if parts[name]
    ]
    tasks = watchdog.tasks + [supervisor.Task("watchdog", watchdog)]
    _unload(type(parts[name]) for name in parts if parts[name])
    _unload((connection.Connection, chargers.Chargers, request.Request, responses.Copy))
    _unload((responses.Refusal, responses.File, Ring, Info, Trial, Watchdog, supervisor.Task))
    led.make = led.shower = None
    for name in ("announcer", "resetter", "quiet", "day_counter", "led_state", "watcher"):
        delattr(callbacks, name)
    template = root + "/firmware/metrics.txt"
    return callbacks.start(tasks, parts, about, devices, stream, template)


def _unload_measuring(parts, devices):
    """What makes units and clamps goes before the server comes: both at once would not fit."""
    bus, clamps = parts["bus"], parts["clamps"]
    kinds = [type(devices[0])]
    if bus:
        kinds += [type(bus), type(bus.line), type(bus.units[0])]
    if clamps:
        kinds += [type(one) for one in (clamps, clamps.mains, clamps.clamps[0])]
        kinds.append(type(clamps.clamps[0].sampler))
    _unload(kinds)
    _drop("clamps")
    for name in ("_about", "_measure", "bus_of", "clamps_of", "clock_of"):
        globals()[name] = None
    gc.collect()


def _drop(loader):
    """A module of lib/loading that is not needed any more."""
    if sys.modules.pop("loading." + loader, None):
        delattr(sys.modules["loading"], loader)
    gc.collect()


def _unload(kinds):
    """Code lies on the heap: of these classes no more is made. `del` would keep it: MicroPython leaves the value in the map."""
    for kind in kinds:
        kind.__init__ = None
    gc.collect()


def _measure(parts, plan, reset):
    """What reads the meters and the clamps, and where the values go."""
    _optional("power", chip.switch_on, plan["on"])
    devices = loading.devices(plan.pop("devices"))
    info = Info(plan["info"])
    parts["time"] = _optional("time", clock_of, plan)
    parts["bus"] = bus_of(plan, devices, info, parts["time"], reset)
    _drop("units")  # it has no room beside the clamps
    parts["clamps"] = _optional("clamps", clamps_of, plan, devices, parts["bus"])
    return devices, info


def _serve(parts, plan, root, trial, devices, info, reset):
    """What answers the charger, and what keeps all of it alive."""
    counters = [parts[name] for name in ("bus", "clamps") if parts[name]]
    document = plan.pop("document")
    categories = loading.categories(document, devices)
    load = [devices[i] for i in plan["load"]]
    values = parts["values"] = Values(devices, categories, document["bytes"], load, counters)
    parts["health"] = health.Health(callbacks.quiet(parts["bus"]), reset)
    parts["server"] = _server(plan["http"], values, info, root, parts["health"].admits)
    gc.collect()
    station = Station(plan["wifi"], callbacks.announcer(trial, plan["http"]["port"]), reset)
    parts["wifi"] = station
    if parts["time"]:
        parts["time"].network = station.network
    if parts["led"]:
        parts["led"].get_state = callbacks.led_state(station, values, plan["complaint"])


def _about(root, memory, plan):
    """Say what starts here: in the log, and for the page."""
    place = root or "/"
    last = last_end(memory, chip.reset_cause())
    log.info("version", VERSION, "in", place, "- last end:", last)
    if plan["complaint"]:
        log.error(plan["complaint"])
    return {
        "version": VERSION,
        "slot": place,
        "last_end": last,
        "board": plan["board"],
        "complaint": plan["complaint"],
        "caveats": plan["caveats"],
    }


def _optional(name, make, *arguments):
    """A fault of this hardware costs only what depends on it."""
    try:
        return make(*arguments)
    except Exception as error:
        log.error(name, "is left out:", repr(error))
        return None


def clock_of(plan):
    if not plan["time"]:
        return None
    from firmware.clock import Clock  # only where a day is counted

    return Clock(plan["time"])


def bus_of(plan, devices, info, clock, reset=None):
    line = plan["line"]
    if not line:
        return None
    from firmware.hw.bus_port import BusPort
    from loading import units
    from meters.poller import Poller
    from modbus.master import Master

    master = Master(BusPort(line), line["baudrate"], line["bits"])
    count_day = callbacks.day_counter(clock)
    found, rows = [], plan.pop("units")
    while rows:
        row = rows.pop(0)
        found.append(units.unit(row, devices, count_day, info.serials, plan["slow_every"], reset))
    return Poller(master, found, plan["poll_interval_ms"], plan["slow_interval_ms"])


def clamps_of(plan, devices, bus):
    rows = plan.pop("clamps")
    if not rows:
        return None
    from clamp.component import Clamps
    from firmware.hw.clamp_adc import ClampADC
    from loading import clamps as clamp_rows

    samplers = {row["pin"]: _optional(row["name"], ClampADC, row["pin"]) for row in rows}
    # A device without all of its phases has no power.
    lost = [row["device"] for row in rows if not samplers[row["pin"]]]
    rows = [row for row in rows if row["device"] not in lost]
    if not rows:
        return None
    clamps = clamp_rows.clamps(rows, devices, samplers.get)
    for row, one in zip(rows, clamps):
        if not one.sampler.calibrated and row["error_permille"] != row["uncalibrated_permille"]:
            log.warn(one.name, "may be 10 % off, by a chip without calibration: make calibrate")
    return Clamps(clamps, may_hold=callbacks.quiet(bus))


def _server(http, values, info, root, admits):
    gc.collect()  # its buffers want one piece each
    routes = {
        b"/api/v1/values.json": values,
        b"/api/v1/info.json": info,
        b"/log": log.ring,
        b"/": responses.File(
            root + "/firmware/page.html.gz", "text/html; charset=utf-8", _PAGE_FIELDS
        ),
    }
    names = "".join([name + "\n" for name in http["names"]]).encode()
    access = networks(http["allow"]), names
    listener = listen(http["host"], http["port"])
    return Server(listener, routes, select.poll(), admits=admits, access=access)
