# SPDX-License-Identifier: MIT
"""The bridge's own parts, as its planner and firmware/modes/bridge.py make them, for a virtual clock."""

import functools
import json

from host_tools.owner import check
from host_tools.paths import ROOT


@functools.cache
def _planned(text):
    """plan.json of a config.json, both as texts."""
    from planning import plan, settings

    files = check.Files(ROOT / "no profiles of an owner")
    config = settings.read(text, files.load, files.names)
    return json.dumps(plan.make(config, files.load))


class Bridge:
    """poller, clamps (or None), values, info, server."""

    def __init__(self, config, port, sampler, listener, poll, count_day):
        from clamp.component import Clamps
        from httpd.server import Server
        from loading import clamps as clamp_rows
        from loading import units
        from loading import values as loading
        from meters.poller import Poller
        from modbus.master import Master
        from values.documents import Info, Values

        plan = json.loads(_planned(json.dumps(config)))
        self.plan = plan
        line = plan["line"]
        self.devices = loading.devices(plan["devices"])
        self.info = Info(plan["info"])
        self.resets = []
        master = Master(port, line["baudrate"], line["bits"])
        made = [
            units.unit(
                row,
                self.devices,
                count_day,
                self.info.serials,
                plan["slow_every"],
                self.resets.append,
            )
            for row in plan["units"]
        ]
        self.poller = Poller(master, made, plan["poll_interval_ms"], plan["slow_interval_ms"])
        self.clamps = None
        if plan["clamps"]:
            clamps = clamp_rows.clamps(plan["clamps"], self.devices, lambda pin: sampler)
            self.clamps = Clamps(clamps, may_hold=lambda: self.poller.quiet)
        categories = loading.categories(plan["document"], self.devices)
        counters = [one for one in (self.poller, self.clamps) if one]
        load = [self.devices[i] for i in plan["load"]]
        self.values = Values(self.devices, categories, plan["document"]["bytes"], load, counters)
        routes = {b"/api/v1/values.json": self.values, b"/api/v1/info.json": self.info}
        self.server = Server(listener, routes, poll)
