# SPDX-License-Identifier: MIT
"""The plan: all that a run needs, made from what the owner wrote, the board and the profiles. What is in it: docs/plan.md.

    config = settings.read(text, load, names)
    plan = plan.make(config, load)

Pure and portable: the same plan to the byte on every interpreter (plan_text), whole numbers only.
"""

from modbus.master import Master
from planning import access, budget, layout, profile_file, zone
from planning.site import Site

FORMAT = 1
_LEAST_CYCLE_MS = 100  # what a cycle takes at least, for how often a slow quantity is due
_WIFI = ("ssid", "password", "hostname", "ip")


def make(config, load):
    """A dict of dicts, lists, texts, whole numbers, booleans and None. load(kind, name): as for settings.read()."""
    board = load("board", config["board"])
    site = Site(config, profile_file.loader(load, lambda kind: ()))
    line = _line(config["bus"], board)
    master = Master(None, line["baudrate"], line["bits"])
    interval_ms = config["bus"]["poll_interval_ms"]
    # Three tries for a slow quantity before it would be too old.
    slow_ms = max(interval_ms, config["freshness"]["limit_s"] * 1000 // 3)
    slow_every = max(1, slow_ms // max(_LEAST_CYCLE_MS, interval_ms))
    plan = {
        "format": FORMAT,
        "board": config["board"],
        "led": board["led"],
        "button": board["button"],
        "on": board["on"],
        "wifi": {key: config["wifi"][key] for key in _WIFI},
        "http": _http(config["http"], config["wifi"]["hostname"]),
        "line": line if site.units else None,
        "poll_interval_ms": interval_ms,
        "slow_interval_ms": slow_ms,
        "slow_every": slow_every,
        "units": [unit.planned(master, slow_every) for unit in site.units],
        "clamps": _clamps(site, board),
        "time": _time(config["time"]) if site.needs_clock else None,
        "devices": site.devices,
        "load": _load(config, site),
        "document": layout.document(site.devices[: site.load_device], site.with_battery),
        "info": layout.info(site.infos, site.told),
        "caveats": site.caveats,
    }
    plan["heap_bytes"] = budget.heap_bytes(plan)
    return plan


def stamped(plan, version, sources, is_doubtful=False, complaint=""):
    """The plan with what tells whether it still fits. sources: {"config", "board NAME", "profile NAME": CRC of the file}; is_doubtful:
    starts with the config failed; complaint: why it is that of the last good config.
    """
    plan["version"] = version
    plan["sources"] = sources
    plan["is_doubtful"] = is_doubtful
    plan["complaint"] = complaint
    return plan


def _http(http, hostname):
    """Where to listen, who is answered ([[address, mask], ...]), and under which host names the page is known."""
    made = {key: http[key] for key in ("host", "port")}
    made["allow"] = access.networks(http["allow"])
    made["names"] = access.names(hostname, http["names"])
    return made


def _line(bus, board):
    """The RS485 line. `bits` of a character: start, 8 data, parity, stop."""
    line = {key: bus[key] for key in ("baudrate", "parity", "stop_bits", "tx", "rx", "de")}
    line["uart"] = board["uart"]["id"]
    line["bits"] = 9 + (bus["parity"] != "none") + bus["stop_bits"]
    return line


def _clamps(site, board):
    return [
        dict(clamp, pin=board["clamps"][clamp["name"]]) for clamp in site.clamps_with_voltages()
    ]


def _time(time):
    standard_s, summer_s, changes = zone.changes(time["zone"])
    return {
        "server": time["server"],
        "port": time["port"],
        "zone": [standard_s, summer_s, list(changes)],
    }


def _load(config, site):
    """The devices whose powers make load_power_w."""
    if site.load_device is not None:
        return [site.load_device]
    if config["load_power"] == "computed":
        return layout.load_parts(site.devices, site.with_battery, site.locations())
    return []
