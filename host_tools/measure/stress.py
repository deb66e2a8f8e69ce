# SPDX-License-Identifier: MIT
"""A stress test: the clients that a server on a home network meets on its worst day.

`python -m host_tools.measure.stress HOST PORT SECONDS [mixed|pose|hammer]`: all kinds at once, twelve that pose as the
charger, or twelve that ask for everything. On this machine each kind has an address of its own, and of the twelve each
client, as in a network; the charger has CHARGER.
"""

import random
import socket
import struct
import sys
import threading
import time

from host_tools.measure.bench import client

CHARGER = "127.0.0.2"
TLS_HELLO = bytes.fromhex("16030102000100 01fc0303") + random.Random(1).randbytes(501)
VALUES = b"GET /api/v1/values.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
PAGE = b"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: " + b"c" * 1500 + b"\r\n\r\n"
STATUS = b"GET /status.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
METRICS = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
LOG = b"GET /log HTTP/1.1\r\nHost: localhost\r\n\r\n"


def connect(address, source):
    """A connection, or None: nobody but the charger has a right to one."""
    try:
        local = (source, 0) if address[0].startswith("127.") else None
        return socket.create_connection(address, timeout=2, source_address=local)
    except OSError:
        return None


def silent(sock, chance):
    """Connect and say nothing; leave after some seconds without a word."""
    sock.settimeout(8)
    sock.recv(1)


def half_open(sock, chance):
    """Begin a request and be gone, without a close, as behind a router that lost its table."""
    sock.sendall(VALUES[: chance.randrange(1, len(VALUES) - 4)])
    time.sleep(3)


def trickle(sock, chance):
    """A byte a second."""
    for byte in PAGE:
        sock.sendall(bytes((byte,)))
        time.sleep(1)


def tls(sock, chance):
    sock.sendall(TLS_HELLO)
    sock.recv(1000)
    time.sleep(0.05)


def scan(sock, chance):
    """Connect and reset, as port scanners do."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    time.sleep(0.02)


def noise(sock, chance):
    sock.sendall(chance.randbytes(chance.randrange(1, 6000)))
    time.sleep(0.02)


def flood(sock, chance):
    """Ask as fast as the responses come."""
    sock.sendall(chance.choice((VALUES, PAGE, STATUS)))
    sock.recv(2000)


def pose(sock, chance):
    """Do as the charger does, only as fast as the responses come; sometimes only connect."""
    if chance.random() < 0.7:
        sock.sendall(VALUES)
        sock.settimeout(1)
        sock.recv(2000)


def hammer(sock, chance):
    """Ask for anything and take all of it, again and again."""
    sock.sendall(chance.choice((VALUES, PAGE, STATUS, METRICS, LOG)))
    client.read(sock)


def no_reader(sock, chance):
    """Ask for the longest pages and never read."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    sock.sendall(chance.choice((PAGE, STATUS)))
    time.sleep(3)


def uploader(sock, chance):
    """Send a body without end."""
    sock.sendall(b"POST / HTTP/1.1\r\nContent-Length: 100000000\r\n\r\n")
    while True:
        sock.sendall(b"x" * 1000)
        time.sleep(0.005)


# kind: how many at once
ATTACKERS = {
    silent: 4, half_open: 3, trickle: 2, tls: 1, scan: 1, noise: 1, flood: 2, no_reader: 2, uploader: 1,
}  # fmt: skip
SCENARIOS = {"mixed": ATTACKERS, "pose": {pose: 12}, "hammer": {hammer: 12}}


def attack(kind, address, source, seed, ended, counts):
    chance = random.Random(seed)
    while not ended.is_set():
        sock = connect(address, source)
        if sock is None:
            time.sleep(0.01)
            continue
        counts[kind.__name__] = counts.get(kind.__name__, 0) + 1
        try:
            kind(sock, chance)
        except OSError:
            pass
        finally:
            sock.close()


def main():
    host, port, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    scenario = sys.argv[4] if len(sys.argv) > 4 else "mixed"
    ended = threading.Event()
    counts = {}
    for number, (kind, many) in enumerate(SCENARIOS[scenario].items()):
        for one in range(many):
            source = f"127.0.2.{one + 1}" if many == 12 else f"127.0.1.{number + 1}"
            arguments = (kind, (host, port), source, one, ended, counts)
            threading.Thread(target=attack, args=arguments, daemon=True).start()
    print("attacking", flush=True)
    time.sleep(seconds)
    ended.set()
    print(" ".join(f"{name}={count}" for name, count in counts.items()), flush=True)


if __name__ == "__main__":
    main()
