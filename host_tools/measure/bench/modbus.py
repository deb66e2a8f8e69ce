# SPDX-License-Identifier: MIT
"""The RS485 master: cycle time beside what the wire itself takes, and heap per poll beside micropython-modbus.

The bus runs on MicroPython's 32-bit unix port, on the virtual board's UART, over the simulated site's wire: bytes take
their bits' time, and a meter answers after its turnaround. The other master is downloaded into .cache for this only;
it is GPL-3 and nothing of it is ours.
"""

import hashlib
import os
import re
import struct
import subprocess
import sys
import tarfile
import tempfile
import threading
import tty
import urllib.parse
import urllib.request
from pathlib import Path

from host_tools.build import interpreter
from host_tools.paths import ROOT
from host_tools.simulate.site.line import Line
from host_tools.simulate.virtual_board import chips

PEERS = Path(__file__).parent / "peers"
FAKES = ROOT / "host_tools" / "simulate" / "board_fakes"
PEER = "micropython-modbus"
PEER_FILE = "micropython-modbus-2.3.7.tar.gz"
PEER_SHA256 = "b9351a66af0ff29dd585900e53827a989dedcb02ec63b1041358165089652271"

TURNAROUND_MS = 20
CYCLES = 40
FRAMES_CHARACTERS = 8 + 9  # a request, and two registers in a reply
SILENCE_CHARACTERS = 3.5
BITS = 10


def main():
    found = interpreter.find(32)
    print("| | cycle ms | on the wire ms | ratio |")
    print("|---|---|---|---|")
    for baudrate in (9600, 19200):
        for units, pause_ms in ((1, 0), (5, 0), (5, 50)):
            measured_ms = cycle_ms(found, baudrate, units, pause_ms)
            least_ms = bound_ms(baudrate, units, pause_ms)
            pause = f", {pause_ms} ms pause" if pause_ms else ""
            print(
                f"| {baudrate} Bd, {units} meter{'s' * (units > 1)}{pause} | {measured_ms:.1f} "
                f"| {least_ms:.1f} | {measured_ms / least_ms:.3f} |",
                flush=True,
            )
    print(f"\nTwo registers of each meter, turnaround {TURNAROUND_MS} ms, {CYCLES} cycles.\n")
    print("| heap bytes per read | 2 registers | 60 registers |")
    print("|---|---|---|")
    for name, folder in (("this bridge, with decoding", ROOT / "lib"), (PEER, install_peer())):
        figures = [heap_bytes(found, folder, count) for count in (2, 60)]
        print(f"| {name} | {figures[0]} | {figures[1]} |", flush=True)


def bound_ms(baudrate, units, pause_ms):
    """Bits on the line, the meters' own turnaround, and the silence that they ask for."""
    character_ms = BITS * 1000 / baudrate
    silence_ms = max(SILENCE_CHARACTERS * character_ms, pause_ms)
    return units * (FRAMES_CHARACTERS * character_ms + TURNAROUND_MS + silence_ms)


def cycle_ms(found, baudrate, units, pause_ms):
    """Mean of many cycles as fast as they come."""
    with (
        tempfile.TemporaryDirectory() as state,
        Line(baudrate, turnaround_ms=TURNAROUND_MS) as line,
    ):
        with open(line.meter_tty, "r+b", buffering=0) as meters:
            tty.setraw(meters.fileno())
            threading.Thread(target=answer_all, args=(meters,), daemon=True).start()
            script = PEERS / "bus_cycles.py"
            arguments = (baudrate, units, pause_ms, CYCLES)
            return float(run(found, script, arguments, ROOT / "lib", line.bridge_tty, state))


def run(found, script, arguments, library, tty_name="", state=""):
    """What a script prints on MicroPython with the virtual board's fakes."""
    environment = found.environment(
        MICROPYPATH=os.pathsep.join(map(str, (library, ROOT, FAKES, ".frozen"))),
        BOARD_UART=tty_name,
        BOARD_STATE=state,
        **chips.environment("esp32"),
    )
    command = found.command(script, *arguments, heap="1m")
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return done.stdout.split()[-1]


def answer_all(port):
    """Meters that answer every read of two registers with 1.5 as a float."""
    waiting = b""
    while True:
        try:
            waiting += port.read(256)
        except (OSError, ValueError):
            return
        while len(waiting) >= 8:
            request, waiting = waiting[:8], waiting[8:]
            body = request[:2] + b"\x04" + struct.pack(">f", 1.5)
            port.write(body + struct.pack("<H", crc16(body)))


def crc16(data):
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def heap_bytes(found, library, count):
    """Bytes that a read allocates, be they freed later or not."""
    return run(found, PEERS / "bus_heap.py", (count,), library)


def install_peer():
    """The folder with micropython-modbus; its source archive is not one that pip could install."""
    folder = interpreter.CACHE / PEER
    if not folder.exists():
        with tempfile.TemporaryDirectory(dir=interpreter.CACHE) as scratch:
            archive = Path(scratch, PEER_FILE)
            archive.write_bytes(download())
            with tarfile.open(archive) as files:
                files.extractall(scratch, filter="data")
            archive.with_suffix("").with_suffix("").rename(folder)
    return folder


def download():
    """The file, from the index that this machine's pip uses."""
    from pip._internal.models.index import PyPI

    index = os.environ.get("PIP_INDEX_URL") or PyPI.simple_url
    page = index.rstrip("/") + f"/{PEER}/"
    with urllib.request.urlopen(page, timeout=60) as answer:
        link = re.findall(rf'href="([^"#]*{re.escape(PEER_FILE)})', answer.read().decode())[0]
    with urllib.request.urlopen(urllib.parse.urljoin(page, link), timeout=60) as answer:
        data = answer.read()
    if hashlib.sha256(data).hexdigest() != PEER_SHA256:
        sys.exit(f"{PEER_FILE} is not the file that it was")
    return data


if __name__ == "__main__":
    main()
