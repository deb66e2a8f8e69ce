# SPDX-License-Identifier: MIT
"""What belongs to the whole site: network, bus and board. Its devices are in devices.py."""

from planning import devices
from planning.checks import complain, filled, ip_number, nothing_named
from planning.schema import rows

_SECTIONS = ("wifi", "http", "bus", "freshness", "time", "site")


def completed(written, load, names):
    config = filled(written, rows(""), "")
    for name in _SECTIONS:
        config[name] = filled(config[name], rows(name), name)
    if config["wifi"]["ip"] is not None:
        config["wifi"]["ip"] = filled(config["wifi"]["ip"], rows("wifi.ip"), "wifi.ip")
        _check_network(config["wifi"]["ip"])
    _check_pace(config["bus"]["poll_interval_ms"], config["freshness"]["limit_s"])
    board = load("board", config["board"])
    if board is None:
        nothing_named("board", "board", config["board"], names("board"))
    _choose_pins(config["bus"], written.get("bus", {}), board)
    devices.complete(config, board, load, names)
    if type(config["load_power"]) is dict:
        devices.complete_load(config, board, load, names)
    return config


def _check_network(ip):
    if ip["dns"] is None:
        ip["dns"] = ip["gateway"]
    address, mask, gateway = [ip_number(ip[key]) for key in ("address", "netmask", "gateway")]
    hosts = mask ^ 0xFFFFFFFF
    if hosts & (hosts + 1) or not 2 < hosts < 0xFFFFFFFF:
        problem = '%s is no netmask; one like "255.255.255.0" is allowed'
        complain("wifi.ip.netmask", problem, ip["netmask"])
    if (address ^ gateway) & mask or address == gateway:
        problem = "%s does not fit; another address of the network of %s is allowed"
        complain("wifi.ip.gateway", problem, ip["gateway"], ip["address"])


def _check_pace(poll_interval_ms, limit_s):
    limit_ms = limit_s * 1000
    if poll_interval_ms >= limit_ms:
        problem = (
            "%s lets every reading grow stale; less than freshness.limit_s, %s ms, is allowed"
        )
        complain("bus.poll_interval_ms", problem, poll_interval_ms, limit_ms)


def _choose_pins(bus, written, board):
    """Pins not written are the board's own; a written one must be free. RX may take a clamp's."""
    uart = board["uart"]
    outputs = board["free"] + [
        pin for pin in (uart["tx"], uart["rx"], uart["de"]) if pin is not None
    ]
    used = []
    for key in ("tx", "rx", "de"):
        allowed = outputs + list(board["clamps"].values()) if key == "rx" else outputs
        if key not in written:
            bus[key] = uart[key]
        pin = bus[key]
        if pin is None:
            continue
        if pin not in allowed:
            problem = "the board has no free pin %s; %s is allowed"
            complain("bus." + key, problem, pin, tuple(sorted(allowed)))
        if pin in used:
            problem = "pin %s has another use on the bus; one pin for each is allowed"
            complain("bus." + key, problem, pin)
        used.append(pin)
