"""Builds the parts that serve what was measured: server, Wi-Fi, LED. Only the boot needs this code."""

import gc
import json
import select

from firmware import glue, log, supervisor
from firmware.health import Health
from firmware.wifi import Station
from httpd.answers import File
from httpd.listener import listen
from httpd.pieces import Desk
from httpd.server import Server


def serve(measured, http, wifi, root, life, about):
    """Add to the measured parts; returns what firmware.status.publish() takes.

    measured: see Composition.measured(); http, wifi: these of the config; about: what the page tells of this run.
    """
    parts, site, bus, clamps, values, info, lamp = measured
    gc.collect()  # the buffers want one piece each
    server, desk = _server(values, info, http, root), Desk()
    reset = glue.resetter(life)
    station = Station(wifi, glue.announcer(life, http["port"]), reset)
    health = Health(glue.quiet(bus), reset)
    parts += [("server", server), ("wifi", station), ("health", health)]
    counters = [("health", health.stats), ("wifi", station.stats), ("http", server.stats)]
    counters += [("log", log.stats), ("falls", supervisor.falls)]
    if bus:
        counters += [("bus", bus.stats), ("line", bus.master.stats)]
    if site.clock:
        site.clock.network = station.network
        parts.append(("time", site.clock))
        counters.append(("time", site.clock.stats))
    if lamp:
        lamp.look = glue.looker(station, values, about["config"])
        parts.append(("led", lamp))
    about = json.dumps(dict(about, doubts=site.doubts)).encode()
    devices = site.devices + ([site.load] if site.load else [])
    return server, desk, about, counters, devices, site.links, clamps.clamps if clamps else []


def _server(values, info, http, root):
    routes = {
        b"/api/v1/values.json": values,
        b"/api/v1/info.json": info,
        b"/log": log.ring,
        b"/": File(root + "/firmware/page.html", "text/html; charset=utf-8"),
    }
    return Server(listen(http["host"], http["port"]), routes, select.poll())
