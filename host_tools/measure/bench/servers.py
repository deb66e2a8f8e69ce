# SPDX-License-Identifier: MIT
"""Starts the servers that are compared, counts their instructions, system calls and heap.

A server ends by itself after as many requests as it was told; the difference between a short and a
long run is what the requests cost, free of start-up.
"""

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from host_tools.build import interpreter, pinned
from host_tools.build.compiler import mpy_cross
from host_tools.measure.bench import client
from host_tools.paths import ROOT
from host_tools.simulate.free_port import free_port

PEERS = Path(__file__).parent / "peers"
MICRODOT = "microdot==2.7.0"
MICRODOT_SHA256 = (
    "1e9b7b825372e1ba8ebd4c59b6180e15c71f4b5200ec4bcbf8c9f9b5652db379",
    "e11f39f0f5564bb5db69f728902740ed592d632ae7a03e24ca3a88cd59ad2f53",
)

SHORT, LONG = 20, 120
# The request comes when the server already waits for it, as on any real network.
LATE_S = 0.004

# key: (script, what it is)
SERVERS = {
    "ours": ("ours.py", "lib/httpd"),
    "script": ("script.py", "DiniTech's script: blocking loop, json.dumps each time"),
    "asyncio": ("streams.py", "asyncio.start_server, readline, json.dumps"),
    "microdot": ("microdot_app.py", f"{MICRODOT.replace('==', ' ')} (.mpy)"),
    "bare": ("bare.py", "bare loop: accept, recv, send, close"),
}


def search_path(*more):
    """Where a peer finds its modules: MICROPYPATH."""
    return os.pathsep.join(map(str, [PEERS, ROOT / "host_tests" / "portable", *more, ".frozen"]))


class Missing(Exception):
    """A tool that this measurement needs is not on this machine."""


@contextlib.contextmanager
def running(key, count, found, *arguments, prefix=(), core=None):
    """The server as (process, port); it ends after `count` requests, 0: when the block does."""
    port = free_port()
    script = str(PEERS / SERVERS[key][0])
    path = search_path(ROOT / "lib", interpreter.CACHE / "microdot")
    options = [port, count or -1, *arguments]
    process = subprocess.Popen(
        [*prefix, *found.command(script, *options, heap="2m")],
        env=found.environment(MICROPYPATH=path),
        stdout=subprocess.PIPE,
        text=True,
    )
    if core is not None:
        os.sched_setaffinity(process.pid, {core})
    assert process.stdout
    try:
        if not process.stdout.readline():
            raise Missing(f"{SERVERS[key][0]} does not start")
        yield process, port
    finally:
        if not count:
            process.kill()
        process.wait(timeout=60)
        process.stdout.close()


def per_request(key, found, read, *arguments, prefix=()):
    """(long run - short run) / requests; `read(process)` gives a run's figure once it has ended."""
    figures = []
    for count in (SHORT, LONG):
        with running(key, count, found, *arguments, prefix=prefix) as (process, port):
            for _ in range(count):
                client.ask(port, LATE_S)
            out = process.communicate(timeout=60)[0]
        figures.append(read(out))
    return (figures[1] - figures[0]) / (LONG - SHORT)


def heap_bytes(key, found):
    """What a request allocates, be it freed later or not."""
    return per_request(key, found, lambda out: int(out.split("heap")[1]), "count")


def instructions(key, found):
    """User-mode instructions, under valgrind."""
    valgrind = _tool("valgrind")
    with tempfile.NamedTemporaryFile("r") as log:
        prefix = (
            valgrind,
            "--tool=callgrind",
            "--callgrind-out-file=/dev/null",
            f"--log-file={log.name}",
        )

        def read(out):
            log.seek(0)
            text = Path(log.name).read_text()
            return int(re.findall(r"Collected : (\d+)", text)[0])

        return per_request(key, found, read, prefix=prefix)


def system_calls(key, found):
    """Calls into the kernel; on an ESP32 each is one into lwIP."""
    strace = _tool("strace")
    with tempfile.NamedTemporaryFile("r") as log:

        def read(out):
            rows = [line.split() for line in Path(log.name).read_text().splitlines()]
            return sum(
                int(row[3])
                for row in rows
                if len(row) >= 5 and row[0][0].isdigit() and row[-1] != "total"
            )

        return per_request(key, found, read, prefix=(strace, "-f", "-c", "-o", log.name))


def _tool(name):
    path = shutil.which(name)
    if not path:
        raise Missing(f"{name} is not installed")
    return path


def install_microdot():
    """microdot from PyPI, compiled, in .cache; it does not fit a small heap as source."""
    folder = interpreter.CACHE / "microdot"
    if (folder / "microdot.mpy").exists():
        return
    with tempfile.TemporaryDirectory() as download:
        pinned.install(MICRODOT, MICRODOT_SHA256, download)
        folder.mkdir(parents=True, exist_ok=True)
        source = Path(download, "microdot", "microdot.py")
        subprocess.run([mpy_cross(), "-o", str(folder / "microdot.mpy"), str(source)], check=True)
