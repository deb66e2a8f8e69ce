# SPDX-License-Identifier: MIT
"""Registers and values as tables: of a profile, or as they are."""

import struct

from rich import box
from rich.table import Table

from host_tools.owner.finding import Reads
from recognition import identity, values, words
from recognition.unit import Unit

_COLUMNS = ("Quantity", "Label", "Function", "Register", "Raw", "Value", "Meaning")


def profile_values(unit: Unit, profile: dict, heading: str) -> Reads:
    """A table of all quantities of a profile. A generator of reads."""
    rows = []
    for role, names in values.own_roles(profile):
        rows.append([role, "", "", "", "", "", ""])
        for name in names:
            rows.extend((yield from _rows(unit, profile, role, name)))
    table = Table(title=heading, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    labelled = any(row[1] for row in rows)
    for name in _COLUMNS if labelled else _COLUMNS[:1] + _COLUMNS[2:]:
        right = name in ("Register", "Value")
        table.add_column(name, no_wrap=True, justify="right" if right else "left")
    for row in rows:
        table.add_row(
            *(row if labelled else row[:1] + row[2:]),
            style="bold" if row[0] in profile["roles"] else "",
        )
    return table


def _rows(unit, profile, role, name):
    """The registers of a quantity, and their sum where there are several. A generator of reads."""
    specs = profile["roles"][role][name]
    specs = specs if isinstance(specs, list) else [specs]
    specs = [
        part for spec in specs for part in ([spec, spec["high"]] if "high" in spec else [spec])
    ]
    taken, quantity = values.quantity(profile, role, name)
    rows = []
    for spec, register in zip(specs, quantity.registers, strict=True):
        helpers = yield from _helpers(unit, register)  # first, for the value needs them
        found = yield from values.read(unit, register)
        shown = words.amount(name, register.value) if found else "no such register"
        meaning = words.direction(role, name, register.value)
        rows.append(["", spec.get("label", ""), *_place(unit, register, found), shown, meaning])
        rows += helpers
    plausible = quantity.update()
    if len(specs) > 1:
        total = words.amount(name, taken.value)
        rows.append(["  sum", "", "", "", "", total, words.direction(role, name, taken.value)])
    if not plausible:
        rows[-1][-1] = "not plausible"
    rows[0][0] = name
    return rows


def _helpers(unit, register):
    """The factors, the exponent and the direction of a register. A generator of reads."""
    rows = []
    for helper in register.helpers():
        found = yield from values.read(unit, helper)
        place = _place(unit, helper, found)
        rows.append([f"  {_role_of(register, helper)}", "", *place, str(helper.value), ""])
    return rows


def _role_of(register, helper):
    """What a helper is to the register."""
    if helper is register.direction:
        return "direction"
    if helper is register.mains:
        return "volts or hertz"
    return "exponent" if helper is register.exponent else "factor"


def _place(unit, register, found):
    """[function, address as makers write it, its words]"""
    address = values.address_of(unit, register)
    place = f"no model {register.models}" if address is None else f"{address} 0x{address:04X}"
    return [str(register.function), place, " ".join(f"{word:04X}" for word in found or ()) or "-"]


def raw(registers: list[int], address: int, heading: str) -> Table:
    """Registers read in every way that makers use; two of them together from the first on."""
    table = Table(title=heading, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in (
        "Register",
        "",
        "Raw",
        "u16",
        "s16",
        "u32",
        "s32",
        "f32",
        "u32 low first",
        "f32 low first",
        "Text",
    ):
        table.add_column(name, no_wrap=True, justify="right")
    for i, word in enumerate(registers):
        pair = registers[i : i + 2]
        table.add_row(
            str(address + i),
            f"0x{address + i:04X}",
            f"{word:04X}",
            str(word),
            str(word - 0x10000 if word > 0x7FFF else word),
            *(_pair(pair) if len(pair) == 2 else [""] * 5),
            identity.ascii([word]),
        )
    return table


def _pair(pair):
    """u32, s32, f32 with the high word first; u32, f32 with the low word first."""
    high, low = (struct.pack(">HH", *words) for words in (pair, pair[::-1]))
    return [
        str(struct.unpack(">I", high)[0]),
        str(struct.unpack(">i", high)[0]),
        f"{struct.unpack('>f', high)[0]:.7g}",
        str(struct.unpack(">I", low)[0]),
        f"{struct.unpack('>f', low)[0]:.7g}",
    ]
