# SPDX-License-Identifier: MIT
"""What the meters of the site have in which register, and how they write it down.

Written from the sources named at each model, apart from the firmware's profiles and decoder: the two
meet only on the wire, so an error in either shows. Addresses are those on the wire, from 0.
"""

import struct
from dataclasses import dataclass

# s16 is also the low word of an s32 whose high word, s32high, stands elsewhere.
_FORMATS = {
    "f32": ">f", "u16": ">H", "s16": ">h", "u32": ">I", "u32le": ">I", "s32high": ">i",
}  # fmt: skip
_LIMITS = {"u16": (0, 0xFFFF), "s16": (-0x8000, 0x7FFF), "u32": (0, 0xFFFFFFFF)}
_LIMITS["s32high"] = _LIMITS["s16"]


@dataclass(frozen=True)
class Model:
    """`rows` and `readable` by function; a read outside `readable` is answered by exception 2."""

    rows: dict  # function: [(address, type, what one count stands for, quantity or number)]
    readable: dict  # function: [(first, last)]
    registers_per_read: int = 125
    turnaround_ms: float = 20

    def words(self, function, address, count, quantities):
        """What a read gets. quantities: as of_meter or of_hybrid give them."""
        return image(self.rows[function], address, count, quantities)


# Eastron: volkszaehler/mbmd:meters/rs485/sdm.go and sdm72v2.go; meter code and power per direction from
# Tinkerforge/esp32-firmware:software/src/modules/meters_rs485_bricklet/meter_defs.h and
# arendst/Tasmota:tasmota/tasmota_xnrg_energy/xnrg_10_sdm630.ino; serial at 0xFC00 from openWB/core
# packages/modules/common/sdm.py. All 80 first registers can be read at once (esphome sdm_meter does);
# what is not listed reads as 0.
_SDM = [
    (0, "f32", 1, "voltage_l1"),
    (2, "f32", 1, "voltage_l2"),
    (4, "f32", 1, "voltage_l3"),
    (6, "f32", 1, "current_l1"),
    (8, "f32", 1, "current_l2"),
    (10, "f32", 1, "current_l3"),
    (12, "f32", 1, "power_l1"),
    (14, "f32", 1, "power_l2"),
    (16, "f32", 1, "power_l3"),
    (52, "f32", 1, "power"),
    (70, "f32", 1, "frequency"),
    (72, "f32", 1000, "import_energy"),
    (74, "f32", 1000, "export_energy"),
    (342, "f32", 1000, "total_energy"),
    (1280, "f32", 1, "import_power"),
    (1282, "f32", 1, "export_power"),
]
_SDM_PHASE_ENERGIES = [
    (346, "f32", 1000, "import_energy_l1"),
    (348, "f32", 1000, "import_energy_l2"),
    (350, "f32", 1000, "import_energy_l3"),
    (352, "f32", 1000, "export_energy_l1"),
    (354, "f32", 1000, "export_energy_l2"),
    (356, "f32", 1000, "export_energy_l3"),
]


def _eastron(rows, readable, meter_code):
    return Model(
        rows={
            4: rows,
            3: [(0xFC00, "u32", 1, "serial"), (0xFC02, "u16", 1, meter_code)],
        },
        readable={4: readable, 3: [(0xFC00, 0xFC02)]},
        registers_per_read=80,
    )


# Chint, manual ZTY0.464.1002: volkszaehler/mbmd:meters/rs485/dtsu666.go, and the blocks which
# lmatula/ha_chint_pm:custom_components/chint_pm/coordinator.py reads in one piece. Volts, amperes and
# watts are those of the secondary side: the reader multiplies by IrAt and UrAt/10. The energies at
# 0x101E and 0x1028 are primary.
_DTSU666 = Model(
    rows={
        3: [
            (0x0006, "u16", 1, "ct_ratio"),
            (0x0007, "u16", 0.1, "vt_ratio"),
            (0x101E, "f32", 1000, "import_energy"),
            (0x1028, "f32", 1000, "export_energy"),
            (0x2006, "f32", 0.1, "secondary_voltage_l1"),
            (0x2008, "f32", 0.1, "secondary_voltage_l2"),
            (0x200A, "f32", 0.1, "secondary_voltage_l3"),
            (0x200C, "f32", 0.001, "secondary_current_l1"),
            (0x200E, "f32", 0.001, "secondary_current_l2"),
            (0x2010, "f32", 0.001, "secondary_current_l3"),
            (0x2012, "f32", 0.1, "secondary_power"),
            (0x2014, "f32", 0.1, "secondary_power_l1"),
            (0x2016, "f32", 0.1, "secondary_power_l2"),
            (0x2018, "f32", 0.1, "secondary_power_l3"),
            (0x2044, "f32", 0.01, "frequency"),
        ]
    },
    readable={
        3: [(0, 0x0B), (0x101E, 0x1029), (0x2000, 0x2021), (0x202A, 0x2031), (0x2044, 0x2045)]
    },
)

# Deye SUN-xxK-SG04LP3 and kin (low voltage): evcc-io/evcc:templates/definition/meter/deye-hybrid-3p.yaml,
# Tinkerforge/esp32-firmware:software/src/modules/meters_modbus_tcp/deye.py, energies of the day
# and high words from kellerza/sunsynk:src/sunsynk/definitions/three_phase_common.py. 32-bit counters low word first.
_DEYE_3P = Model(
    rows={
        3: [
            (0, "u16", 1, 5),  # 3-phase, low voltage
            (516, "u32le", 100, "charge_energy"),
            (518, "u32le", 100, "discharge_energy"),
            (522, "u32le", 100, "import_energy"),
            (524, "u32le", 100, "export_energy"),
            (527, "u32le", 100, "load_energy"),
            (529, "u16", 100, "pv_energy_day"),
            (534, "u32le", 100, "pv_energy"),
            (588, "u16", 1, "soc"),
            (590, "s16", 1, "battery_power"),
            (598, "u16", 0.1, "voltage_l1"),
            (599, "u16", 0.1, "voltage_l2"),
            (600, "u16", 0.1, "voltage_l3"),
            (609, "u16", 0.01, "frequency"),
            (613, "s16", 0.01, "current_l1"),
            (614, "s16", 0.01, "current_l2"),
            (615, "s16", 0.01, "current_l3"),
            (616, "s16", 1, "power_l1"),
            (617, "s16", 1, "power_l2"),
            (618, "s16", 1, "power_l3"),
            (619, "s16", 1, "power"),
            (622, "s16", 1, "power_l1"),
            (623, "s16", 1, "power_l2"),
            (624, "s16", 1, "power_l3"),
            (625, "s16", 1, "power"),
            (636, "s16", 1, "inverter_power"),
            (650, "s16", 1, "load_power_l1"),
            (651, "s16", 1, "load_power_l2"),
            (652, "s16", 1, "load_power_l3"),
            (653, "s16", 1, "load_power"),
            (672, "u16", 1, "pv1_power"),
            (673, "u16", 1, "pv2_power"),
            (687, "s32high", 1, "power_l1"),
            (688, "s32high", 1, "power_l2"),
            (689, "s32high", 1, "power_l3"),
            (690, "s32high", 1, "power"),
            (694, "s32high", 1, "inverter_power"),
            (708, "s32high", 1, "power"),
        ]
    },
    readable={3: [(0, 59), (500, 559), (586, 709)]},
    turnaround_ms=40,
)

# Keys are the profile names of config.json.
MODELS = {
    "eastron-sdm630": _eastron(
        _SDM + _SDM_PHASE_ENERGIES, [(0, 81), (342, 357), (1280, 1283)], meter_code=0x0070
    ),
    "eastron-sdm72d-m-v2": _eastron(_SDM, [(0, 81), (342, 343), (1280, 1283)], meter_code=0x0089),
    "chint-dtsu666": _DTSU666,
    "deye-3p-hybrid": _DEYE_3P,
}

HYBRIDS = ("deye-3p-hybrid",)  # inverter, battery and grid meter in one unit


def encode(kind, scale, value):
    """Registers (a tuple of 16-bit numbers) of a value in its base unit (W, Wh, V, A, Hz, %)."""
    if kind == "f32":
        raw = value / scale
    else:
        low, high = _LIMITS[kind.removesuffix("le")]
        raw = min(max(round(value / scale), low), high)  # a counter at its end stands still
    data = struct.pack(_FORMATS[kind], raw)
    words = struct.unpack(f">{len(data) // 2}H", data)
    if kind == "s32high":
        return words[:1]
    return words[::-1] if kind.endswith("le") else words


def image(rows, first, count, quantities):
    """Registers `first` .. `first + count - 1` as a list; what no row names is 0."""
    registers = [0] * count
    for address, kind, scale, quantity in rows:
        if first - 2 < address < first + count:
            value = quantities[quantity] if isinstance(quantity, str) else quantity
            for offset, word in enumerate(encode(kind, scale, value), address - first):
                if 0 <= offset < count:
                    registers[offset] = word
    return registers
