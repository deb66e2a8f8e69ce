# SPDX-License-Identifier: MIT
"""What a config.json may say and yet may not be what its owner wants: one sentence each, with what to do."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from host_tools.build import boards
from planning import budget, profile_file, profile_format
from planning.devices import has_battery

if TYPE_CHECKING:
    from host_tools.owner.check import Files

_CHARGERS_LIMIT_S = 7  # the age beyond which NRGkick's maker calls values too old
_DEVICES = 8  # docs/performance.md, "Live heap"
_GRID = (None, 1)  # info.location of a meter at the grid
_PARITY = {"none": "N", "even": "E", "odd": "O"}


def warnings(config: dict, files: "Files", made: dict) -> Iterator[str]:
    """What is allowed and yet may not be what the owner wants."""
    if config["freshness"]["limit_s"] > _CHARGERS_LIMIT_S:
        yield f"freshness.limit_s: the charger wants no value older than {_CHARGERS_LIMIT_S} s"
    if len(config["devices"]) > _DEVICES:
        yield f"devices: {len(config['devices'])} may take more memory than a chip without PSRAM has; {_DEVICES} fit"
    yield from _board_warnings(config, files)
    yield from _serial_warnings(config, files)
    yield from _unit_warnings(config, files)
    yield from _info_warnings(config, made["info"]["serials"])
    yield from _grid_warnings(config)
    yield from _battery_warnings(config)
    told = set()
    for i, device in enumerate(config["devices"]):
        name = device.get("profile")
        if name and name not in told:
            told.add(name)
            profile = files.profile(name)
            yield from profile_format.check(profile, name)
            caveat = profile_file.caveat(profile)
            if caveat:
                yield f"devices[{i}].profile: {caveat}"
        if "clamp" in device and device["power_factor"] == 1:
            yield f"devices[{i}].clamp: power_factor is 1, so watts are volt-amperes"
    yield from _pace_warnings(config, made)


def _board_warnings(config, files):
    board = files.load("board", config["board"])
    pins = {key: config["bus"][key] for key in ("tx", "rx", "de")}
    chosen = {**board, "uart": {**board["uart"], **pins}}
    chosen["free"] = [pin for pin in board["free"] if pin not in pins.values()]
    for problem in boards.problems(chosen) + boards.warnings(chosen):
        yield f"board: {problem}"


def _pace_warnings(config, made):
    """How old the powers become by reading them."""
    cycle_ms = budget.cycle_ms(made)
    interval_ms = config["bus"]["poll_interval_ms"]
    if interval_ms and cycle_ms > interval_ms:
        yield f"bus.poll_interval_ms: reading all powers takes about {cycle_ms} ms, not {interval_ms}"
    limit_s = config["freshness"]["limit_s"]
    well_s, one_s, _ = (ms / 1000 for ms in budget.ages_ms(made))
    if well_s > limit_s:
        yield (
            f"freshness.limit_s: a power gets up to {well_s:.1f} s old while all units answer, too old at times; "
            "a faster bus.baudrate, a shorter poll_interval_ms, fewer devices or a longer limit_s helps"
        )
    elif one_s > limit_s and len(made["units"]) > 1:
        yield (
            f"freshness.limit_s: while one unit does not answer, the powers of the others get up to {one_s:.1f} s old, too "
            "old at times; a shorter timeout_ms, a faster bus.baudrate or a longer limit_s helps"
        )
    elif cycle_ms * 2 > limit_s * 1000:
        yield f"bus.baudrate: reading all powers takes about {cycle_ms} ms; one lost reply makes them stale"


def _with_profile(config):
    """(place, device) of all that are read from the bus."""
    return [(f"devices[{i}]", one) for i, one in enumerate(config["devices"]) if "profile" in one]


def _serial_warnings(config, files):
    """A new device talks as its maker set it."""
    bus = config["bus"]
    told = set()
    for place, device in _with_profile(config):
        name = device["profile"]
        serial = files.profile(name).get("serial", {})
        if name in told or serial.get("source") in (None, "default", "software default"):
            continue
        told.add(name)
        there = {key: serial.get(key, bus[key]) for key in ("baudrate", "parity", "stop_bits")}
        if any(there[key] != bus[key] for key in there):
            yield (
                f"{place}.profile: a new {name} talks {_setting(there)}, and bus says {_setting(bus)}: "
                "set the device or bus, so that all on the line are the same"
            )


def _setting(of):
    return f"{of['baudrate']} 8{_PARITY[of['parity']]}{of['stop_bits']}"


def _unit_warnings(config, files):
    """Two devices of one number answer at once."""
    first = {}
    for place, device in _with_profile(config):
        name, unit = device["profile"], device["unit"]
        other = first.setdefault(unit, name)
        if name != other and _are_two_devices(files.profile(name), files.profile(other)):
            yield (
                f"{place}.unit: {unit} is {other} already; two devices of one number answer at once, "
                f"so give the {name} another one"
            )


def _are_two_devices(one, other):
    """Not the inverter and the meter behind it, for which a maker may have two profiles."""
    return one["vendor"] != other["vendor"] or (_is_meter(one) and _is_meter(other))


def _is_meter(profile):
    """A meter that sits at an inverter serves as one, too."""
    return profile["roles"].get("inverters") == "energy_meters"


def _info_warnings(config, told):
    """told: devices whose unit tells its serial number itself."""
    yield from _missing_serials(config, told)
    first = {}
    for i, device in enumerate(config["devices"]):
        serial = device["info"].get("serial")
        place = f"devices[{i}].info.serial"
        if serial is None:
            continue
        key = device["category"], serial
        if key in first:
            yield f'{place}: "{serial}" is that of {first[key]}, too; the charger tells devices apart by it'
        first.setdefault(key, f"devices[{i}]")


def _missing_serials(config, told):
    """Of a category with one device alone there is nothing to tell apart."""
    categories = [one["category"] for one in config["devices"]]
    for i, device in enumerate(config["devices"]):
        category = device["category"]
        if categories.count(category) > 1 and "serial" not in device["info"] and i not in told:
            yield (
                f"devices[{i}].info.serial: missing; the charger tells {category} apart by it: "
                "write the one that stands on the device"
            )


def _grid_warnings(config):
    meters = [
        (i, one)
        for i, one in enumerate(config["devices"])
        if one["category"] == "energy_meters" and one["info"].get("location") in _GRID
    ]
    if not meters:
        yield "devices: no meter at the grid; without one the charger cannot follow the sun"
    for i, device in meters:
        if "fixed" in device:
            yield f"devices[{i}].fixed: the power at the grid never changes so; this is for a try only"


def _battery_warnings(config):
    """An inverter with a battery of the same unit: is the battery's power within the inverter's?"""
    for i, device in enumerate(config["devices"]):
        if device.get("battery_connected") is False and has_battery(device, config["devices"]):
            yield (
                f"devices[{i}].battery_connected: false, though the battery is of the same unit; "
                "true is right where the inverter's AC power counts the battery, too"
            )
