# SPDX-License-Identifier: MIT
"""What the person at the terminal sees: the site and the bridge's answer side by side."""

from dataclasses import dataclass

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

_NAMES = {
    "inv_power_ac_w": "Inverter",
    "pv_energy_day_wh": "  today",
    "pv_energy_total_wh": "  in all",
    "grid_power_w": "Grid",
    "bat_power_w": "Battery",
    "soc": "  charge",
    "sl_power_w": "Smart load",
}
_SIGNS = {  # what plus and minus say to the charger
    "grid_power_w": ("consumes", "feeds in"),
    "bat_power_w": ("discharges", "charges"),
}
_STILL_W = 5  # below it the direction is not worth a word


@dataclass
class Row:
    name: str
    site: str
    bridge: str = ""
    note: str = ""


def rows(site, truth, answer):
    """The lines of the comparison; what only the site knows comes first."""
    yield Row("Sun", _number("_w", truth.pv_w))
    yield Row("House", _number("_w", truth.house_w))
    yield Row("Heating rod", _number("_w", truth.rod_w), "", f"tank at {truth.rod_temp_c:.1f} °C")
    for device in site.devices:
        served = answer.fields(device.category, device.index)
        for key, value in device.fields(truth).items():
            named = device.entry.get("info", {}).get("name") if key.endswith("_w") else None
            note = " ".join(
                filter(None, (f"{device.category}.{device.index}.{key}", _sign(key, value)))
            )
            yield Row(named or _NAMES[key], _number(key, value), _served(served, key), note)
    load = _served(answer.values, "load_power_w")
    yield Row("Load", _number("_w", truth.load_w), load, "load_power_w")


def plain_line(site, truth, answer):
    """The comparison in one line, for a log."""
    pairs = [
        f"{row.name.strip()} {row.site} | {row.bridge}"
        for row in rows(site, truth, answer)
        if row.bridge
    ]
    told = f"bridge: {answer.summary}{_faults(site)}  site | bridge:  "
    return f"{clock(truth.second)}  {told}" + "   ".join(pairs)


def picture(site, truth, answer, address, log):
    """The comparison as rich shows it, with the address to open and the board's last words."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True)
    table.add_column("Site", justify="right", no_wrap=True, min_width=14)
    table.add_column("Bridge", justify="right", no_wrap=True, min_width=14)
    table.add_column("In values.json", style="dim", no_wrap=True)
    for row in rows(site, truth, answer):
        table.add_row(row.name, row.site, Text(row.bridge, _style(answer)), row.note)
    return Group(
        Text.assemble("Open ", (address, "bold underline"), "   end with Ctrl-C"),
        Text.assemble(
            f"It is {clock(truth.second)} at the site",
            "" if site.speed == 1 else f", {site.speed:g} times as fast",
            "; the bridge answers ",
            (answer.summary, _style(answer)),
            (_faults(site), "yellow"),
        ),
        table,
        *(Text(line, "dim", no_wrap=True, overflow="ellipsis") for line in log),
    )


def _faults(site):
    return f"  FAULT={' '.join(site.told_faults)}" if site.told_faults else ""


def clock(second):
    """Site time as a clock shows it."""
    minutes, seconds = divmod(int(second) % 86400, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"


def _style(answer):
    return "red" if answer.problem else "green"


def _served(fields, key):
    return _number(key, fields[key]) if key in fields else "-"


def _number(key, value):
    """With its unit; whole watts and watt-hours, as the charger gets them."""
    if not isinstance(value, (int, float)):
        return str(value)
    if key == "soc":
        return f"{value:.1f} %"
    return f"{round(value):,} {'Wh' if key.endswith('_wh') else 'W'}".replace(",", " ")


def _sign(key, value):
    if key not in _SIGNS or abs(value) < _STILL_W:
        return ""
    return "(" + _SIGNS[key][value < 0] + ")"
