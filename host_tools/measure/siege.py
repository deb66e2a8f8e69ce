"""Clients that a server on a home network meets on its worst day, all at once: `python -m
host_tools.measure.siege HOST PORT SECONDS`.

On this machine each kind has an address of its own (127.0.0.x), as attackers would have; the
charger has CHARGER.
"""

import random
import socket
import struct
import sys
import threading
import time

CHARGER = "127.0.0.2"
TLS_HELLO = bytes.fromhex("16030102000100 01fc0303") + random.Random(1).randbytes(501)
VALUES = b"GET /api/v1/values.json HTTP/1.1\r\nHost: bridge\r\n\r\n"
PAGE = b"GET / HTTP/1.1\r\nHost: bridge\r\nCookie: " + b"c" * 1500 + b"\r\n\r\n"
STATUS = b"GET /status.json HTTP/1.1\r\nHost: bridge\r\n\r\n"


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
    """Ask as fast as the answers come."""
    sock.sendall(chance.choice((VALUES, PAGE, STATUS)))
    sock.recv(2000)


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
    ended = threading.Event()
    counts = {}
    for number, (kind, many) in enumerate(ATTACKERS.items()):
        for one in range(many):
            arguments = (kind, (host, port), f"127.0.1.{number + 1}", one, ended, counts)
            threading.Thread(target=attack, args=arguments, daemon=True).start()
    print("attacking", flush=True)
    time.sleep(seconds)
    ended.set()
    print(" ".join(f"{name}={count}" for name, count in counts.items()), flush=True)


if __name__ == "__main__":
    main()
