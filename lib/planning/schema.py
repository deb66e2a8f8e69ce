# SPDX-License-Identifier: MIT
"""Every key of config.json, in one table. docs/config.md explains the same rows; a test compares.

A row is: key, kind, default, what is allowed. The default `needed` means that the key must be
written, `-` that it has none (None), `all` that a section may be left out and then has all its
defaults. Allowed are smallest and largest (of texts: bytes; of names: how many), for `one_of` the values. The table is
one string, since that takes a third of the heap that tuples take.
"""

from planning import decimals

_TABLE = """
[]
wifi section needed
board text esp32-devkit-max3485 1 64
http section all
bus section all
freshness section all
time section all
site section all
load_power load computed computed omit
devices list needed

[wifi]
ssid text needed 1 32
password password "" 0 64
hostname label nrgkick-bridge 1 32
ip section -

[wifi.ip]
address ip needed
netmask ip 255.255.255.0
gateway ip needed
dns ip -

[http]
host ip 0.0.0.0
port whole 80 1 65535
allow networks - 1 8
names hosts - 1 8

[bus]
baudrate one_of 9600 1200 2400 4800 9600 14400 19200 38400 57600 115200
parity one_of none none even odd
stop_bits one_of 1 1 2
poll_interval_ms whole 1000 0 5000
tx whole - 0 48
rx whole - 0 48
de pin - 0 48

[freshness]
limit_s whole 7 1 60
when_stale one_of error error omit hold

[time]
server host -
port whole 123 1 65535
zone zone CET-1CEST,M3.5.0,M10.5.0/3

[site]
fuse_a whole - 6 1000

[device]
category one_of needed inverters energy_meters batteries smart_loads
when_stale one_of - error omit hold
info section all

[device.profile]
profile text needed 1 64
unit whole needed 1 255
invert yes_no false
phase whole - 1 3
variant text - 1 64
timeout_ms whole - 10 5000
pause_ms whole - 0 2000

[device.clamp]
clamp names needed 1 3
model text - 1 32
amps_per_volt number - 0.01 655
burden_ohm number - 0.1 10000
voltage number 230 50 500
power_factor number 1 0 1
noise_floor_ma whole - 0 10000
error_percent number - 0 100

[device.fixed]
fixed section needed
invert yes_no false

[inverters]
battery_connected yes_no -

[energy_meters]

[batteries]
mode whole 0 0 255

[smart_loads]
mode whole - 0 255

[info]
name text - 1 64
model text - 1 64
serial text - 1 64

[inverters.info]
max_dc_w whole - 0 2147483647
max_ac_w whole - 0 2147483647

[energy_meters.info]
location whole - 0 5

[batteries.info]
capacity_wh whole - 0 2147483647

[smart_loads.info]

[inverters.fixed]
inv_power_ac_w whole needed -2147483648 2147483647
pv_energy_day_wh whole - 0 2147483647
pv_energy_total_wh whole - 0 2147483647

[energy_meters.fixed]
grid_power_w whole needed -2147483648 2147483647

[batteries.fixed]
bat_power_w whole needed -2147483648 2147483647
soc number - 0 100
mode whole - 0 255

[smart_loads.fixed]
sl_power_w whole needed -2147483648 2147483647
temp number - -100 1000
mode whole - 0 255
"""

_WORDS = {"needed": ..., "-": None, "all": (), "true": True, "false": False, '""': ""}


def rows(*sections, table=_TABLE):
    """[(key, kind, default, allowed)] of these sections together."""
    found = []
    for section in sections:
        start = table.index("\n[" + section + "]\n") + len(section) + 4
        for line in table[start : table.find("\n\n", start - 1)].split("\n"):
            if line:
                key, kind, default = line.split()[:3]
                allowed = [_literal(word) for word in line.split()[3:]]
                found.append((key, kind, _literal(default), allowed))
    return found


def sections():
    """All section names, in the order of the table."""
    return [line[1:-1] for line in _TABLE.split("\n") if line[:1] == "["]


def _literal(word):
    if word in _WORDS:
        return _WORDS[word]
    if all(c in "-.0123456789" for c in word) and word.count(".") < 2:
        return decimals.parse(word) if "." in word else int(word)
    return word
