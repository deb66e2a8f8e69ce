# SPDX-License-Identifier: MIT
"""Where a unit is searched first: settings of the line and addresses, those of new devices before all others. Pure.

A setting is (baudrate, parity, stop bits).
"""

# Where nothing is known of a device.
UNITS = (1, 2, 3, 11, 126, 247)
ALL_UNITS = range(1, 248)
# What owners set, and makers that the profiles do not name.
_COMMON = (
    (9600, "none", 1),
    (9600, "even", 1),
    (19200, "none", 1),
    (19200, "even", 1),
    (115200, "none", 1),
    (9600, "none", 2),
    (19200, "none", 2),
    (38400, "none", 1),
    (4800, "none", 1),
    (2400, "none", 1),
    (57600, "none", 1),
)
# Siemens SENTRON PAC as delivered (RS485 module's manual).
_DELIVERED = (((19200, "none", 2), 126),)
_WEIGHTS = {"factory": 4, "preset": 3, "software default": 1}  # by who says so


def tries(serials):
    """(delivered, others), both [(setting, unit)]: how devices are delivered, then all settings with all units.

    serials: the `serial` sections of all profiles.
    """
    weights = _weigh(serials)
    settings = _ranked(weights)
    delivered = []
    units = list(UNITS)
    for setting in settings:
        known = weights[setting]
        delivered.extend(
            [(setting, unit) for unit in sorted(known, key=lambda unit: -known[unit])]
        )
        units.extend([unit for unit in sorted(known) if unit not in units])
    settings.extend([setting for setting in _COMMON if setting not in weights])
    pairs = [(setting, unit) for setting in settings for unit in units]
    return delivered, [pair for pair in pairs if pair not in delivered]


def _ranked(weights):
    return sorted(weights, key=lambda setting: (-sum(weights[setting].values()), setting[0]))


def _weigh(serials):
    """{setting: {unit: weight}}; what a profile leaves out may be anything usual."""
    weights = {}
    for serial in serials:
        if "baudrate" not in serial:
            continue
        parities = (serial["parity"],) if "parity" in serial else ("none", "even")
        for parity in parities:
            setting = (serial["baudrate"], parity, serial.get("stop_bits", 1))
            _add(weights, setting, serial.get("unit", 1), _WEIGHTS[serial["source"]])
    for setting, unit in _DELIVERED:
        _add(weights, setting, unit, 1)
    return weights


def _add(weights, setting, unit, weight):
    units = weights.setdefault(setting, {})
    units[unit] = units.get(unit, 0) + weight


def units_first(serials):
    """Units to ask at a known setting: the usual, those of the profiles, and the first of a line with several."""
    found = list(UNITS)
    for serial in serials:
        unit = serial.get("unit", 1)
        if unit not in found and unit in ALL_UNITS:
            found.append(unit)
    return found + [unit for unit in range(1, 17) if unit not in found]
