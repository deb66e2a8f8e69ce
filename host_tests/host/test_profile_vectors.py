# SPDX-License-Identifier: MIT
"""Raw registers that were once misread, or could be, and what the charger must get: from reports, captures and data sheets.

Each row: profile, role, {address: words in hex}, {quantity: value in its base unit, or None where there must be none}.
"""

import struct

import pytest

from host_tests.host.modbus_device import read_profile
from host_tests.host.register_facts import Device
from host_tools.build import profiles_doc

PROFILES = profiles_doc.load()


def words(*values):
    """Of 16-bit numbers, negative ones included."""
    return " ".join(f"{value & 0xFFFF:04X}" for value in values)


def floats(*values):
    """32-bit floats, high word first."""
    return " ".join(struct.pack(">f", value).hex(" ", 2).upper() for value in values)


# Voltages, currents and powers of the other DTS6619, at the places of arendst/Tasmota#9508.
OTHER_DTS6619 = floats(230.1, 231.2, 229.5, 0, 5.43, 11.2, 15.33, 0, 0, 1250, 2590, 3510, 0, 0)

VECTORS = [
    # SmartEVSE-3.5 adds three phases; the meter has no total.
    (
        "sinotimer-dts6619",
        "energy_meters",
        {
            0: words(2301, 2312, 2295, 543, 1120, 1533, 0, 0, 1250, -2600, -3500),
            39: "0001 86A0",
            49: "0000 03E8",
        },
        {"power": -4850, "power_l2": -2600, "energy_import": 1000000, "energy_export": 10000},
    ),
    (
        "sinotimer-dts6619",
        "energy_meters",
        {0: OTHER_DTS6619},
        {"power": None, "power_l1": None, "power_l2": None, "power_l3": None},
    ),
    # Bouni/empro_exporter: 33024 counts what is taken from the grid.
    (
        "phoenix-contact-eem-ma370",
        "energy_meters",
        {33024: "2400 4974", 33030: "4800 4674"},
        {"energy_import": 1000000, "energy_export": 15634},
    ),
    # 5.20 kW of feed-in on the screen of a 12 kW model (davidrapan/ha-solarman#1072).
    (
        "deye-1p-hybrid-16kw",
        "energy_meters",
        {169: "FDF8"},
        {"power": -5200},
    ),
    ("deye-1p-hybrid", "energy_meters", {169: "FDF8"}, {"power": -520}),
    (
        "deye-1p-hybrid-16kw",
        "inverters",
        {175: words(4800), 186: words(2700, 2441)},
        {"power": 4800},
    ),
    ("deye-1p-hybrid", "inverters", {175: words(-1500)}, {"power": -1500}),
    # The high words lie apart (githubDante/deye-controller#25).
    ("deye-3p-hybrid-hv", "energy_meters", {625: "9C40", 690: "0000"}, {"power": 40000}),
    ("deye-3p-hybrid-hv", "energy_meters", {625: "63C0", 690: "FFFF"}, {"power": -40000}),
    ("deye-3p-hybrid-hv", "energy_meters", {625: "FF9C", 690: "FFFF"}, {"power": -100}),
    ("deye-3p-hybrid-hv-fw1098", "energy_meters", {625: "9C40", 690: "0000"}, {"power": 40000}),
    ("deye-3p-hybrid-hv", "inverters", {636: "88B8", 694: "0000"}, {"power": 35000}),
    ("deye-3p-hybrid-hv-fw1098", "inverters", {636: "88B8", 694: "0000"}, {"power": 35000}),
    ("deye-3p-hybrid-hv-ext-ct", "inverters", {636: "88B8", 694: "0000"}, {"power": 35000}),
    ("deye-3p-hybrid-hv-ext-ct", "energy_meters", {619: "9C40", 708: "0000"}, {"power": 40000}),
    ("deye-3p-hybrid-ext-ct", "energy_meters", {619: "9C40", 708: "0000"}, {"power": 40000}),
    ("deye-3p-hybrid-ext-ct", "energy_meters", {619: "EC78", 708: "FFFF"}, {"power": -5000}),
    # The high word comes late, or never: far too large is no value (kellerza/sunsynk#398).
    ("deye-3p-hybrid-hv", "energy_meters", {625: "FF9C", 690: "0000"}, {"power": None}),
    ("deye-3p-hybrid-hv", "energy_meters", {625: "0064", 690: "FFFF"}, {"power": None}),
    ("deye-3p-hybrid", "energy_meters", {625: "EC78", 690: "0000"}, {"power": None}),
    # Low-voltage models give 20 kW at most: one word, which firmware without high words has, too.
    ("deye-3p-hybrid", "inverters", {636: "D120", 694: "0000"}, {"power": -12000}),
    ("deye-3p-hybrid-ext-ct", "inverters", {636: "88B8", 694: "0000"}, {"power": None}),
    # 619 has the phases 616 to 618, 625 has 622 to 624.
    (
        "deye-3p-hybrid",
        "energy_meters",
        {616: words(0, 0, 0, 0), 622: words(-700, 400, 1300)},
        {"power_l1": -700, "power_l2": 400, "power_l3": 1300},
    ),
    # Whole kWh from firmware 1098 on (evcc-io/evcc#23428).
    (
        "deye-3p-hybrid-hv-fw1098",
        "energy_meters",
        {522: "04D2 0000", 524: "0457 0001"},
        {"energy_import": 1234000, "energy_export": 66647000},
    ),
    (
        "deye-3p-hybrid-hv-fw1098",
        "batteries",
        {516: "04D2 0000", 518: "0457 0000"},
        {"energy_import": 1234000, "energy_export": 1111000},
    ),
    # 2344.7 kWh on the screen of an H3-Pro with manager 1.44 (nathanmarlor/foxess_modbus#1079).
    ("foxess-h3-pro", "batteries", {39605: "0003 93E6"}, {"energy_import": 2344700}),
    ("foxess-h3-pro-pre122", "batteries", {39605: "0000 5B97"}, {"energy_import": 2344700}),
    # 62 counts all, 66 since it was last set to zero.
    (
        "carlo-gavazzi-em24",
        "energy_meters",
        {62: "3039 0000", 66: "0007 0000"},
        {"energy_import": 1234500},
    ),
    # Tariffs 1 and 2 (SBC data sheet ALE3D5FD10C3A00, page 6).
    (
        "saia-ale3",
        "inverters",
        {27: "0000 3039 0000 0000 0000 0400"},
        {"energy_total": 133690},
    ),
    ("lovato-dmg610", "energy_meters", {49: "0000 1387"}, {"frequency": 49990}),
    # At night: -3.7 W of solar power, 800 W out of the battery (johanmeijer/grott#416).
    (
        "growatt-sph",
        "inverters",
        {1: "FFFF FFDB", 1009: "0000 1F40 0000 0000"},
        {"power": 796},
    ),
    (
        "growatt-sph",
        "energy_meters",
        {1021: "0000 0078", 1029: "0000 0000"},
        {"power": 12},
    ),
    (
        "growatt-sph",
        "batteries",
        {1009: "0000 1F40 0000 0000", 1014: "0037"},
        {"power": 800, "soc": 550},
    ),
    # The AC side, as the other energies and powers of the role.
    (
        "growatt-sph",
        "inverters",
        {53: "0000 00D2 0000 3039", 91: "0001 86A0"},
        {"energy_total": 1234500, "energy_day": 21000},
    ),
    (
        "growatt-min-tl-xh",
        "inverters",
        {3049: "0000 00D2 0000 3039 0001 86A0"},
        {"energy_total": 1234500},
    ),
    (
        "solax-x3-hybrid",
        "inverters",
        {82: "3039 0000", 108: words(-700), 112: words(-650), 116: words(-710)},
        {"power": -2060, "energy_total": 1234500},
    ),
    ("solax-x1-hybrid", "inverters", {2: words(-2060)}, {"power": -2060}),
    (
        "sofar-hyd-es",
        "inverters",
        {525: words(-100), 532: words(-95), 533: words(5)},
        {"power": -950},
    ),
    ("foxess-h1", "inverters", {11011: words(-1500)}, {"power": -1500}),
    ("foxess-h1", "energy_meters", {11021: words(2500)}, {"power": -2500}),
    ("foxess-avocado", "inverters", {39134: words(-1, -800)}, {"power": 800}),
    ("foxess-avocado", "inverters", {39134: words(0, 1200)}, {"power": -1200}),
    ("marstek-venus-a", "inverters", {30006: words(800)}, {"power": 800}),
    ("saj-h2", "inverters", {16553: words(-1800)}, {"power": -1800}),
    ("saj-h2", "energy_meters", {16637: "0000 3039"}, {"energy_import": 123450}),
    (
        "siemens-pac3200",
        "energy_meters",
        {801: "4132 D687 0000 0000", 809: "4093 4800 0000 0000"},
        {"energy_import": 1234567, "energy_export": 1234},
    ),
    ("solis-string", "inverters", {3014: words(123)}, {"energy_day": 12300}),
    ("solis-string", "energy_meters", {3284: "0000 3039"}, {"energy_export": 123450}),
    # What an inverter takes at night, in registers of either width.
    ("goodwe-dt", "inverters", {781: words(-3)}, {"power": -3}),
    ("goodwe-dt", "inverters", {781: "FFFF"}, {"power": None}),
    ("saj-r5", "inverters", {275: words(-3)}, {"power": -3}),
    ("solax-x3-mic-g2", "inverters", {1038: words(-3)}, {"power": -3}),
    ("solis-string", "inverters", {3004: words(-1, -3)}, {"power": -3}),
    ("sungrow-sg", "inverters", {5030: words(-3, -1)}, {"power": -3}),
    ("deye-micro", "inverters", {86: words(-30, -1)}, {"power": -3}),
    # A meter that counts exported energy down (wlcrs/huawei-solar-lib#54).
    (
        "huawei-sun2000",
        "energy_meters",
        {37119: "FFFF FF00 0000 3039"},
        {"energy_import": 123450, "energy_export": None},
    ),
    # An inverter that sleeps answers for its meter with zeros (nmakel/solaredge_modbus#106).
    ("solaredge-se", "energy_meters", {40204: "0000 0000 0000", 40210: "0000"}, {"power": None}),
    ("solaredge-se", "energy_meters", {40204: "1388 FFFE 0000", 40210: "0000"}, {"power": 0}),
    ("solaredge-se", "energy_meters", {40204: "8000 8000 0000", 40210: "0000"}, {"power": 0}),
    ("solaredge-se", "energy_meters", {40204: "0000 0000 03E8", 40210: "0000"}, {"power": -1000}),
    # A state that is no longer written says nothing of the direction (evcc-io/evcc#18838).
    ("sungrow-sh-old-firmware", "batteries", {13000: "0000", 13021: "00B8"}, {"power": None}),
    ("sungrow-sh-old-firmware", "batteries", {13000: "0000", 13021: "0000"}, {"power": 0}),
    ("sungrow-sh-old-firmware", "batteries", {13000: "0003", 13021: "00B8"}, {"power": -184}),
    ("sungrow-sh-old-firmware", "batteries", {13000: "0005", 13021: "00B8"}, {"power": 184}),
]


def image(profile, rows):
    device = Device([])
    for function in (3, 4):
        for address, text in rows.items():
            for i, word in enumerate(text.split()):
                device.words[function, address + i] = int(word, 16)
    return device.fill_gaps(profile["limits"].get("holes", ()))


@pytest.mark.parametrize(("name", "role", "rows", "expected"), VECTORS)
def test_the_charger_gets_what_the_display_shows(name, role, rows, expected):
    profile = PROFILES[name]
    got = read_profile(profile, role, image(profile, rows), expected)
    assert got == {quantity: value for quantity, value in expected.items() if value is not None}


def is_split(name, role):
    power = PROFILES[name]["roles"][role]["power"]
    return "high" in power


SPLIT = [row for row in VECTORS if "power" in row[3] and is_split(*row[:2])]


@pytest.mark.parametrize(("name", "role", "rows", "expected"), SPLIT)
def test_both_words_of_a_value_come_in_one_reply(name, role, rows, expected):
    reads = []
    read_profile(PROFILES[name], role, image(PROFILES[name], rows), expected, reads)
    assert any({address + i for i in range(count)} >= set(rows) for _, address, count in reads), (
        reads
    )
