# SPDX-License-Identifier: MIT
"""How long a response takes while a 9600-Bd bus is polled once a second, with all meters well and
with one dead.
"""

import contextlib
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from host_tools.build import interpreter
from host_tools.measure.bench import client, servers
from host_tools.simulate.free_port import free_port

SECONDS = 15
WARM_UP_S = 4
DEAD = 2


def config():
    meters = [
        {
            "category": "energy_meters",
            "profile": "eastron-sdm630",
            "unit": unit,
            "when_stale": "omit",
        }
        for unit in (1, DEAD)
    ]
    return {"wifi": {"ssid": "x", "password": "x" * 8}, "devices": meters}


def main():
    print("| | p50 ms | p99 ms | max ms |")
    print("|---|---|---|---|")
    for name, bridge in (
        ("this bridge on the virtual board", _ours),
        ("asyncio, readline and a blocking master", _blocking),
    ):
        for state, faults in (
            ("all meters well", ()),
            ("one meter dead", ("--fault", f"{DEAD}=silent")),
        ):
            times = [second * 1000 for second in _measure(bridge, faults)]
            figures = [client.percentile(times, share) for share in (0.5, 0.99, 1)]
            print(
                f"| {name}, {state} | " + " | ".join(f"{ms:.2f}" for ms in figures) + " |",
                flush=True,
            )
    print(f"\nTwo SDM630, a request each 25 to 55 ms, {SECONDS} s.")


def _measure(bridge, faults):
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        file = Path(folder, "config.json")
        file.write_text(json.dumps(config()))
        line = Path(folder, "line")
        site = [
            sys.executable,
            "-m",
            "host_tools.simulate.site",
            "--config",
            file,
            "--uart-link",
            line,
            *faults,
        ]
        stack.enter_context(_running(site, "ready"))
        port = free_port()
        stack.enter_context(_running(*bridge(file, line, port)))
        time.sleep(WARM_UP_S)
        return _ask_for_a_while(port)


def _ask_for_a_while(port):
    chance = random.Random(1)
    times = []
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        times.append(client.ask(port))
        time.sleep(chance.uniform(0.025, 0.055))
    return times


def _ours(file, line, port):
    command = [sys.executable, "-m", "host_tools.virtual_board", "--config", file, "--uart", line]
    return [*command, "--http-port", str(port), "--interpreter", "32"], "ready", None


def _blocking(file, line, port):
    found = interpreter.find(32)
    script = servers.PEERS / "blocking_bus.py"
    return (
        found.command(script, port, line, 1, DEAD),
        "ready",
        found.environment(MICROPYPATH=servers.search_path()),
    )


@contextlib.contextmanager
def _running(command, word, environment=None):
    """Start a program and wait until it prints a line that starts with `word`."""
    process = subprocess.Popen(
        list(map(str, command)),
        cwd=servers.ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    try:
        seen = []
        for text in process.stdout:
            seen.append(text)
            if text.startswith(word):
                break
        else:
            raise AssertionError(f"{command[:3]} ended: " + "".join(seen))
        yield process
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


if __name__ == "__main__":
    main()
