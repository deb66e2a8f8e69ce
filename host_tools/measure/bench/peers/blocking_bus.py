# SPDX-License-Identifier: MIT
"""A meter bridge the common way: asyncio.start_server, and a bus master that blocks until its
reply is there.

    micropython blocking_bus.py PORT TTY UNIT...

Once a second each unit's registers 52 and 53 are read, the read waits for up to 500 ms.
"""

import asyncio
import json
import select
import struct
import sys
import termios
import time

from samples import DEVICE_VALUES

PORT, TTY = int(sys.argv[1]), sys.argv[2]
UNITS = [int(unit) for unit in sys.argv[3:]]
TIMEOUT_MS = 500
REPLY_BYTES = 9


def crc16(data):
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def read_power(line, poller, unit):
    """Watts, or None after the time-out."""
    request = struct.pack(">BBHH", unit, 4, 52, 2)
    line.write(request + struct.pack("<H", crc16(request)))
    reply = b""
    begin_ms = time.ticks_ms()
    while len(reply) < REPLY_BYTES:
        left_ms = TIMEOUT_MS - time.ticks_diff(time.ticks_ms(), begin_ms)
        if left_ms <= 0 or not poller.poll(left_ms):
            return None
        reply += line.read(1)
    return struct.unpack_from(">f", reply, 3)[0]


async def poll():
    with open(TTY, "r+b") as line:
        termios.setraw(line.fileno())
        poller = select.poll()
        poller.register(line, select.POLLIN)
        while True:
            for unit in UNITS:
                power = read_power(line, poller, unit)
                if power is not None:
                    DEVICE_VALUES["device_values"]["energy_meters"]["0"]["grid_power_w"] = int(
                        power
                    )
                await asyncio.sleep_ms(0)
            await asyncio.sleep_ms(1000)


async def respond(reader, writer):
    await reader.readline()
    while await reader.readline() not in (b"\r\n", b""):
        pass
    body = json.dumps(DEVICE_VALUES)
    writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def main():
    await asyncio.start_server(respond, "127.0.0.1", PORT)
    print("ready")
    await poll()


asyncio.run(main())
