# SPDX-License-Identifier: MIT
"""Mean time of a poller cycle over a tty, in ms.

    micropython bus_cycles.py BAUDRATE UNITS PAUSE_MS CYCLES

The loop is the firmware's: a task per part, and one that never rests, as the server on a board.
"""

import asyncio
import sys
import time

from firmware.hw.bus_port import BusPort, character_bits
from meters.poller import Poller
from modbus.master import Master
from planning import grouping, profile, unit_limits
from values.readings import Device

_PASS_US = 200  # what a pass of the server takes on a board
_WARM_UP = 5

METER = {
    "defaults": {"function": 4, "type": "f32"},
    "limits": {},
    "roles": {"energy_meters": {"power": {"address": 52, "scale": "1 W", "positive": "import"}}},
}


def build(baudrate, units, pause_ms):
    settings = {
        "baudrate": baudrate,
        "parity": "none",
        "stop_bits": 1,
        "tx": 17,
        "rx": 16,
        "de": 4,
    }
    master = Master(BusPort(settings, 1), baudrate, character_bits(settings))
    made = []
    for address in range(1, units + 1):
        device = Device("energy_meters", address)
        device.add("power")
        power = profile.quantity(device, "power", "power", METER, "energy_meters", False)
        unit = unit_limits.unit(address, METER["limits"], 500, pause_ms)
        unit.reads = grouping.reads(unit, [power], grouping.overhead_chars(unit, master), 1)
        made.append(unit)
    return Poller(master, made, 1)


async def poll(poller):
    while True:
        await asyncio.sleep_ms(poller.step(time.ticks_ms()))


async def measure(poller, cycles):
    task = asyncio.create_task(poll(poller))
    while poller.cycles < _WARM_UP:
        time.sleep_us(_PASS_US)
        await asyncio.sleep_ms(0)
    begin_us = time.ticks_us()
    while poller.cycles < _WARM_UP + cycles:
        time.sleep_us(_PASS_US)
        await asyncio.sleep_ms(0)
    took_us = time.ticks_diff(time.ticks_us(), begin_us)
    task.cancel()
    for unit in poller.units:
        assert unit.stats["good"] == unit.stats["requests"], unit.stats
    return took_us / 1000 / cycles


baudrate, units, pause_ms, cycles = [int(text) for text in sys.argv[1:]]
print(asyncio.run(measure(build(baudrate, units, pause_ms), cycles)))
