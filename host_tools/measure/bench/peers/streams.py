# SPDX-License-Identifier: MIT
"""asyncio.start_server and readline, as most examples for MicroPython show it."""

import asyncio
import json

from samples import DEVICE_INFO, DEVICE_VALUES, finish, requests

PORT, COUNT = requests()
PATHS = {b"/api/v1/values.json": DEVICE_VALUES, b"/api/v1/info.json": DEVICE_INFO}
left = COUNT
done = asyncio.Event()


async def respond(reader, writer):
    global left
    line = await reader.readline()
    while await reader.readline() not in (b"\r\n", b""):
        pass
    document = PATHS.get(line.split()[1])
    if document is None:
        writer.write(b"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n")
    else:
        body = json.dumps(document)
        head = (
            f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        writer.write((head + body).encode())
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    left -= 1
    if left == 0:
        done.set()


async def serve():
    await asyncio.start_server(respond, "127.0.0.1", PORT)
    print("ready")
    await done.wait()
    finish()


asyncio.run(serve())
