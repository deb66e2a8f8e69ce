# SPDX-License-Identifier: MIT
"""20,000 requests and a stress test in a heap of 64 kB: the largest free block and the heap in use stay
what they were.
"""

import contextlib
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

from host_tools.build import image, interpreter
from host_tools.measure.bench import client
from host_tools.simulate.free_port import free_port

ROOT = Path(__file__).resolve().parents[2]

# A server with what the firmware gives it; /heap collects garbage and prints what is left.
SERVER = """
import gc, io, micropython, os, select, sys
from httpd import responses, server
from httpd.document import Document
from loading.listener import listen
from ticks import ticks_ms

class Heap:
    def __init__(self):
        self.response = responses.Fixed("200", responses.TEXT, b"see the console")

    def open(self, now_ms):
        gc.collect()
        micropython.mem_info()
        print("used", gc.mem_alloc())
        return self.response

values = Document(600, responses.JSON, aged=True)
values.begin()
values.write(b'{"device_values": ' + b" " * 300 + b"1}")
values.end()
page = responses.Fixed("200", responses.TEXT, b"x" * 2000)
report = Document(1500, responses.JSON)
report.begin()
report.write(b" " * 1500)
report.end()
routes = {
    b"/api/v1/values.json": values,
    b"/api/v1/info.json": responses.problem("503", "x"),
    b"/": page, b"/status.json": report, b"/heap": Heap(),
}
gc.collect()
ours = server.Server(listen("127.0.0.1", int(sys.argv[1])), routes, select.poll(), wait_ms=1)
gc.threshold(8192)
print("ready")
while True:
    values.begin()
    values.end()
    ours.step(ticks_ms())
"""


@contextlib.contextmanager
def running(tmp_path):
    """The server's (process, address); its import is compiled, as on a board."""
    found = interpreter.find(32)
    port = free_port()
    image.write(tmp_path, ROOT / "config.example.json")
    script = tmp_path / "serve.py"
    script.write_text(SERVER)
    process = subprocess.Popen(
        found.command(script, port, heap="64k"),
        env=found.environment(MICROPYPATH=os.pathsep.join([str(tmp_path / "lib"), ".frozen"])),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout.readline() == "ready\n"
        yield process, ("127.0.0.1", port)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def heap(process, address):
    """(largest free block in bytes, bytes in use): a connection that is never given up holds 80 bytes."""
    with socket.create_connection(address, timeout=5) as sock:
        sock.sendall(b"GET /heap HTTP/1.1\r\n\r\n")
        assert client.read(sock).startswith(b"HTTP/1.1 200 ")
    text = ""
    for line in process.stdout:
        text += line
        if line.startswith("used"):
            break
    largest = re.search(r"max free sz: (\d+)", text)
    used = re.search(r"used (\d+)", text)
    return int(largest[1]) * 16, int(used[1])


def test_20000_requests_leave_the_heap_as_100_did(tmp_path):
    with running(tmp_path) as (process, address):
        client.many(address[1], 100)
        before = heap(process, address)
        client.many(address[1], 20000)
        after = heap(process, address)
        assert after[1] == before[1], (before, after)
        assert after[0] >= before[0] >= 16384, (before, after)


def test_a_stress_test_leaves_the_heap_and_the_slots_as_they_were(tmp_path):
    with running(tmp_path) as (process, address):
        client.many(address[1], 100)
        before = heap(process, address)
        command = [
            sys.executable,
            "-m",
            "host_tools.measure.stress",
            address[0],
            str(address[1]),
            "6",
        ]
        subprocess.run(command, cwd=ROOT, check=True, timeout=60, capture_output=True)
        client.many(address[1], 300)
        after = heap(process, address)
        assert after[1] <= before[1] + 256, (before, after)
        assert after[0] >= before[0], (before, after)
