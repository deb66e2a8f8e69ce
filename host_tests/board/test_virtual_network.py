# SPDX-License-Identifier: MIT
"""The virtual board's network has lwIP's limits, and its memory is a chip's.

Expected figures: lwIP as ESP-IDF 5.2 to 5.5 and MicroPython's ports/esp32 configure it (LWIP_MAX_SOCKETS, LWIP_MAX_ACTIVE_TCP,
TCP_SND_BUF_DEFAULT, TCP_MSL), gc_try_add_heap of MicroPython's py/gc.c, and what was measured on emulated chips: docs/design/virtual-board.md.
"""

import contextlib
import select
import socket
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from host_tools.owner import bluetooth_memory  # noqa: E402
from host_tools.simulate.free_port import free_port  # noqa: E402
from rig import Bench, Line, main_of  # noqa: E402

SOCKETS = 10
CONNECTIONS = 12
SEND_BYTES = 5760
WRITABLE_BYTES = 2 * 1440 + 1  # TCP_SNDLOWAT: free, before select() says so

FREE = """
import esp32
def free():
    return sum([region[1] for region in esp32.idf_heap_info(esp32.HEAP_DATA)])
def largest():
    return max([region[2] for region in esp32.idf_heap_info(esp32.HEAP_DATA)])
"""

SERVER = (
    FREE
    + """
import select, socket, time
listener = socket.socket()
listener.bind(socket.getaddrinfo("127.0.0.1", PORT)[0][-1])
listener.listen(BACKLOG)
poller = select.poll()
poller.register(listener, select.POLLIN)
def until(ms):
    start = time.ticks_ms()
    while time.ticks_diff(time.ticks_ms(), start) < ms:
        poller.poll(0)
def accepted():
    poller.poll(5000)
    sock = listener.accept()[0]
    sock.setblocking(False)
    return sock
print("go")
"""
)


@pytest.fixture
def line():
    made = Line()
    yield made
    made.close()


@pytest.fixture
def bench(tmp_path, line):
    return Bench(tmp_path, line.name)


class Served:
    """A small server on the board, and clients of it."""

    def __init__(self, board, port, stack):
        self.board = board
        self._port = port
        self._stack = stack

    def connect(self, timeout_s=5.0):
        """A connection, or None if none comes of it in this time."""
        try:
            sock = socket.create_connection(("127.0.0.1", self._port), timeout=timeout_s)
        except OSError:
            return None
        return self._stack.enter_context(sock)


@contextlib.contextmanager
def served(bench, statements, *options, backlog=6):
    port = free_port()
    text = SERVER.replace("PORT", str(port)).replace("BACKLOG", str(backlog)) + statements
    with contextlib.ExitStack() as stack:
        board = stack.enter_context(bench.running(main_of(text), *options))
        assert board.line() == "go"
        yield Served(board, port, stack)


def test_beyond_the_backlog_a_connection_has_to_knock_again(bench):
    with served(bench, "until(3000)\naccepted()\nuntil(20_000)\n", backlog=3) as one:
        assert all([one.connect() for _ in range(3)])
        start_s = time.monotonic()
        assert one.connect(0.7) is None
        assert one.connect(9)  # its SYN comes again until there is a place
        assert time.monotonic() - start_s > 2


def test_there_are_twelve_connections(bench):
    accept = "socks = [accepted() for _ in range(8)]\nprint('accepted')\nuntil(20_000)\n"
    with served(bench, accept) as one:
        assert all([one.connect() for _ in range(8)])
        assert one.board.line() == "accepted"
        time.sleep(0.1)
        assert all([one.connect() for _ in range(CONNECTIONS - 8)])
        time.sleep(0.1)
        assert one.connect(0.7) is None


def test_there_are_ten_sockets_the_listener_included(bench):
    statements = (
        "import socket\n"
        "socks = []\n"
        "try:\n"
        "    while True: socks.append(socket.socket())\n"
        "except OSError as error: print(len(socks), error.errno)\n"
        "socks.pop().close()\n"
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()\n"
        "print('again')"
    )
    assert bench.prints(statements) == [f"{SOCKETS} 23", "again"]  # ENFILE


def test_what_is_sent_fills_a_buffer_until_it_is_confirmed(bench):
    send = (
        "sock = accepted()\n"
        "before = free()\n"
        "data = bytes(8000)\n"
        "print(sock.write(data), sock.write(data), before - free())\n"
        "poller.register(sock, select.POLLOUT)\n"
        "print([event for _, event in poller.poll(0)])\n"
        "until(60)\n"
        "print(before - free(), [event for _, event in poller.poll(0)])\n"
        f"print(sock.write(data, 0, {SEND_BYTES - WRITABLE_BYTES}), [event for _, event in poller.poll(0)])\n"
        "print(sock.write(data, 0, 1), poller.poll(0))\n"
        "until(60)\n"
    )
    with served(bench, send) as one:
        sock = one.connect()
        assert one.board.line() == f"{SEND_BYTES} None {2 * SEND_BYTES}"
        assert one.board.line() == "[]"
        assert one.board.line() == "0 [4]"
        assert one.board.line() == f"{SEND_BYTES - WRITABLE_BYTES} [4]"
        assert one.board.line() == "1 []"
        assert sock


def test_who_does_not_read_keeps_the_boards_memory(bench):
    send = (
        "sock = accepted()\n"
        "before = free()\n"
        "data = bytes(4000)\n"
        "count = 0\n"
        "for _ in range(2000):\n"
        "    count += sock.write(data) or 0\n"
        "    until(1)\n"
        "print(before - free())\n"
        "sock.close()\n"
        "until(200)\n"
        "print(before - free())\n"
        "print('closed')\n"
        "until(5000)\n"
        "print(before - free() < 1000)\n"
    )
    with served(bench, send) as one:
        sock = one.connect()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        assert one.board.line() == one.board.line() == str(2 * SEND_BYTES)
        assert one.board.line() == "closed"
        sock.close()
        assert one.board.line() == "True"


def test_who_closes_first_keeps_the_connection_for_two_minutes_or_until_its_place_is_needed(bench):
    close = (
        "before = free()\n"
        "for _ in range(20):\n"
        "    accepted().close()\n"
        "until(500)\n"
        "print(before - free())\n"
    )
    with served(bench, close) as one:
        for _ in range(20):
            sock = one.connect()
            assert sock and sock.recv(1) == b""
            sock.close()
        kept = int(one.board.line())
        assert kept == 250 * (CONNECTIONS - 1)


def test_a_client_that_closes_first_leaves_nothing(bench):
    close = (
        "before = free()\n"
        "sock = accepted()\n"
        "while sock.read(1) != b'': until(1)\n"
        "sock.close()\n"
        "until(100)\n"
        "print(before - free())\n"
    )
    with served(bench, close) as one:
        one.connect().close()
        assert one.board.line() == "0"


def test_accept_tells_address_and_port_as_a_chip_does(bench):
    with served(bench, "poller.poll(5000)\nprint(listener.accept()[1])\n") as one:
        sock = one.connect()
        assert one.board.line() == repr(sock.getsockname())


# A new area is as large as all there are, or as what is asked for and 13/512 or 2,048 bytes more (py/gc.c, gc_try_add_heap).
FIRST_AREA = 56 * 1024
GROWN = (
    FREE
    + """
def grown(length):
    before = free()
    list = [None] * (length // 4)
    del list[16:]
    while len(list) > 1: list.pop()
    print(before - free())
"""
)


@pytest.mark.parametrize(
    ("length", "grows_by"),
    [
        (40_000, 0),
        (52_000, FIRST_AREA),
        (62_000, 62_000 + 2048),
        (85_000, 85_000 * 525 // 512),
    ],
)
def test_the_heap_grows_by_doubling_or_by_what_is_asked_for(bench, length, grows_by):
    (grown,) = bench.prints(f"{GROWN}grown({length})", "--interpreter", "32")
    assert int(grown) == pytest.approx(grows_by, abs=700 if grows_by > FIRST_AREA else 0)


def test_a_heap_that_takes_all_there_is_leaves_the_network_deaf(bench):
    fill = (
        "import gc, network\n"
        "network.WLAN(network.STA_IF).active(True)\n"
        "kept = []\n"
        "for _ in range(13):\n"
        "    kept.append(bytearray(9000))\n"
        "    free()\n"
        "until(50)\n"
        "print(free() < 1600, largest() < 1500)\n"
        "until(20_000)\n"
    )
    with served(bench, fill, "--interpreter", "32") as one:
        assert one.board.line() == "True True"
        assert one.connect(2) is None


def test_wifi_that_finds_no_memory_says_so_as_esp_idf_does(bench):
    out = bench.prints(
        FREE + "import network\n"
        "kept = []\n"
        "for _ in range(13):\n"
        "    kept.append(bytearray(9000))\n"
        "    free()\n"
        "try: network.WLAN(network.STA_IF).active(True)\n"
        "except RuntimeError as error: print(error)\n",
        "--interpreter",
        "32",
    )
    # As in micropython/micropython#17027 and espressif/esp32-wifi-lib#21.
    assert out[-1] == "Wifi Unknown Error 0x0101"
    assert "wifi:Expected to init 10 rx buffer, actual is " in out[-2]


def heap_of(bench, chip):
    statements = (
        "import esp32\nfor region in esp32.idf_heap_info(esp32.HEAP_DATA): print(*region[:2])\n"
    )
    lines = [
        text.split() for text in bench.prints(statements, "--chip", chip, "--interpreter", "32")
    ]
    return [int(total) for total, _ in lines], sum(int(left) for _, left in lines)


def test_a_flashed_chip_has_what_a_stock_one_keeps_for_bluetooth(bench):
    stock, stock_bytes = heap_of(bench, "esp32-stock")
    flashed, flashed_bytes = heap_of(bench, "esp32-flashed")
    assert flashed_bytes - stock_bytes == sum(flashed) - sum(stock) == 38_360
    assert bluetooth_memory.is_reserved(stock)
    assert not bluetooth_memory.is_reserved(flashed)


def test_psram_takes_the_growth_of_the_heap(bench):
    sizes, left = heap_of(bench, "esp32-s3-psram")
    assert sizes[-1] == 8 << 20 and left > 8 << 20
    (grown,) = bench.prints(
        f"{GROWN}grown(300_000)", "--chip", "esp32-s3-psram", "--interpreter", "32"
    )
    assert int(grown) == pytest.approx(300_000 * 525 // 512, abs=1000)


def test_an_unknown_chip_is_refused(bench):
    status, _, err = bench.run(main_of("pass"), "--chip", "esp8266")
    assert status == 2 and "esp32-stock" in err


@pytest.mark.parametrize("bits", [32, 64])
def test_the_network_takes_no_heap_between_requests(bench, bits):
    statements = (
        "import gc\n"
        "sock = accepted()\n"
        "poller.register(sock, select.POLLIN)\n"
        "data = bytes(500)\n"
        "buf = bytearray(100)\n"
        "for _ in range(2):\n"
        "    gc.collect()\n"
        "    gc.disable()\n"
        "    before = gc.mem_alloc()\n"
        "    for _ in range(20):\n"
        "        for _ in poller.ipoll(0): pass\n"
        "        sock.write(data, 0, 100)\n"
        "        sock.readinto(buf)\n"
        "    taken = gc.mem_alloc() - before\n"
        "    gc.enable()\n"
        "print(taken)\n"
    )
    with served(bench, statements, "--interpreter", bits) as one:
        sock = one.connect()
        assert select.select([sock], [], [], 5)[0]
        assert one.board.line() == "0"
