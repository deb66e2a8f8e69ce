# SPDX-License-Identifier: MIT
"""Heap bytes per read of COUNT registers by the master on the path: ours, or micropython-modbus.

    micropython bus_heap.py COUNT

The UART is scripted. What it allocates itself is what the ESP32's would: nothing for readinto(), a bytes object for read().
"""

import gc
import struct
import sys

from planning import grouping

COUNT = int(sys.argv[1])
_SHORT, _LONG = 20, 120


def crc16(data):
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def answer():
    body = bytes((1, 4, 2 * COUNT)) + struct.pack(">f", 1.5) * (COUNT // 2)
    return body + struct.pack("<H", crc16(body))


class Scripted:
    """A UART for them, a port for us; it answers each request at once."""

    def __init__(self, *args, **options):
        self._answer = answer()
        self._at = len(self._answer)

    def write(self, data):
        self._at = 0
        return len(data)

    send = write

    def flush(self):
        pass

    finish = flush

    def any(self):
        return len(self._answer) - self._at

    def read(self):
        if self._at:
            return None
        self._at = len(self._answer)
        return bytes(memoryview(self._answer))

    def readinto(self, buf):
        count = 0
        while count < len(buf) and self._at < len(self._answer):
            buf[count] = self._answer[self._at]
            count += 1
            self._at += 1
        return count


def ours():
    from meters.poller import Poller
    from modbus.master import Master
    from planning import profile, unit_limits
    from values.readings import Device

    power = {"scale": "1 W", "positive": "import"}
    registers = [dict(power, address=2 * i) for i in range(COUNT // 2)]
    meter = {
        "defaults": {"function": 4, "type": "f32"},
        "limits": {},
        "roles": {"energy_meters": {"power": registers}},
    }
    device = Device("energy_meters", 0)
    device.add("power")
    master = Master(Scripted(), 9600)
    total = profile.quantity(device, "power", "power", meter, "energy_meters", False)
    unit = unit_limits.unit(1, {})
    unit.reads = grouping.reads(unit, [total], grouping.overhead_chars(unit, master), 1)
    poller = Poller(master, [unit], 1)
    now_ms = [0]

    def read():
        cycle = poller.cycles
        now = now_ms[0]
        while poller.cycles == cycle:
            now += 1
            poller.step(now)
        now_ms[0] = now

    return read


def theirs():
    import machine

    machine.UART = Scripted
    from umodbus.serial import Serial

    serial = Serial(uart_id=1, baudrate=9600, pins=(17, 16))

    def read():
        serial.read_input_registers(1, 0, COUNT, False)

    return read


def allocated(read, times):
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(times):
        read()
    used = gc.mem_alloc() - before
    gc.enable()
    return used


try:
    read = theirs()
except ImportError:
    read = ours()
read()
print((allocated(read, _LONG) - allocated(read, _SHORT)) // (_LONG - _SHORT))
