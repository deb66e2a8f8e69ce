# SPDX-License-Identifier: MIT
"""The virtual board behaves as an ESP32 does: each test runs a small firmware of its own on it."""

import fcntl
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
import urllib.request
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from host_tools.build import interpreter  # noqa: E402
from host_tools.simulate.free_port import free_port  # noqa: E402
from host_tools.simulate.virtual_board.board import FAKES_HEAP  # noqa: E402
from rig import SERVE, Bench, Line, main_of  # noqa: E402

TCGETS2 = 0x802C542A  # asm-generic/ioctls.h, with struct termios2 of 44 bytes


@pytest.fixture
def line():
    made = Line()
    yield made
    made.close()


@pytest.fixture
def bench(tmp_path, line):
    return Bench(tmp_path, line.name)


def test_ready_is_said_when_the_server_answers_and_sigterm_ends_all(bench):
    with bench.running(SERVE, "--http-port", "0") as board:
        address = board.address()
        assert urllib.request.urlopen(address, timeout=5).read() == b"hello"
        assert board.end(signal.SIGTERM) == 0
    with pytest.raises(OSError):
        urllib.request.urlopen(address, timeout=5)


def test_ctrl_c_ends_the_run_with_success(bench):
    with bench.running(SERVE, "--http-port", "0") as board:
        board.address()
        assert board.end(signal.SIGINT) == 0


def test_firmware_sees_only_what_a_board_has(bench):
    printed = bench.prints("import os, sys\nprint(sorted(os.listdir('/')), os.getcwd(), sys.path)")
    assert printed == [
        "['boards', 'boot.py', 'config.json', 'firmware', 'lib', 'main.py'] / ['', '.frozen', '/lib']"
    ]


def test_crash_ends_the_run_with_its_traceback(bench):
    status, out, err = bench.run("def main(root):\n    [][0]\n")
    assert status == 1
    # Lines are not compiled in: they would take heap (host_tools/build/short_names.py).
    assert 'File "app", line 1, in main' in out
    assert "the firmware crashed: IndexError" in err


def test_main_that_returns_ends_the_run(bench):
    status, _, err = bench.run("def main(root):\n    print('bye')\n")
    assert status == 1
    assert "the firmware ended" in err and "bye" in err


@pytest.mark.parametrize("leave", ["return", "import sys; sys.exit(1)"])
def test_refused_config_is_status_2_with_the_line(bench, leave):
    refusal = "devices[1].unit: 0 is not 1 to 255"
    status, out, err = bench.run(f"def main(root):\n    print({refusal!r})\n    {leave}\n")
    assert status == 2
    assert refusal in out and refusal in err


def test_config_that_is_no_json_reaches_the_firmware_as_it_is(bench):
    bench.config.write_text("{ no json")
    assert bench.prints("print(open('config.json').read())", "--http-port", 0) == ["{ no json"]


def test_missing_config_is_missing_on_the_board(bench):
    bench.config.unlink()
    assert "config.json" not in bench.prints("import os\nprint(os.listdir('/'))")[0]


def test_line_that_does_not_exist_is_named(bench):
    bench.device = "/dev/no-such-line"
    status, _, err = bench.run(SERVE)
    assert status == 1
    assert "--uart /dev/no-such-line: No such file or directory" in err


UART = """
from machine import UART, Pin
from time import sleep_ms, ticks_us, ticks_diff
Pin(16, Pin.IN, Pin.PULL_UP)
uart = UART(1, 9600, tx=17, rx=16, rxbuf=256)
"""


def test_uart_carries_bytes_both_ways_with_the_line_settings(bench, line):
    app = main_of(
        UART + "uart.init(19200, 8, 0, 1, tx=17, rx=16)\n"
        "print(uart.any(), uart.read(), uart.read(4))\n"
        "uart.write(b'ping')\n"
        "while uart.any() < 4: pass\n"
        "buf = bytearray(8)\n"
        "print(uart.readinto(buf), bytes(buf), uart.readinto(buf))\n"
    )
    with bench.running(app) as board:
        assert board.line() == "0 None None"
        assert os.read(line.master, 10) == b"ping"
        settings = termios.tcgetattr(line.master)
        assert settings[4] == settings[5] == termios.B19200
        os.write(line.master, b"pong")
        assert board.line() == "4 b'pong\\x00\\x00\\x00\\x00' None"


@pytest.mark.parametrize("bits", [32, 64])
def test_uart_takes_rates_that_termios_has_no_number_for(bench, line, bits):
    app = main_of(UART + "uart.init(14400, tx=17, rx=16)\nprint('set')\nsleep_ms(20_000)")
    with bench.running(app, "--interpreter", bits) as board:
        assert board.line() == "set"
        termios2 = bytearray(44)
        fcntl.ioctl(line.master, TCGETS2, termios2)
        assert struct.unpack_from("II", termios2, 36) == (14400, 14400)


def test_flush_lasts_until_the_last_stop_bit(bench):
    begun, took_us, done = bench.prints(
        UART + "start = ticks_us()\nuart.write(bytes(8))\nprint(uart.txdone())\n"
        "uart.flush()\nprint(ticks_diff(ticks_us(), start))\nprint(uart.txdone())"
    )
    assert (begun, done) == ("False", "True")
    assert 8 * 10 * 1_000_000 // 9600 <= int(took_us) < 25_000


@pytest.mark.parametrize("bits", [32, 64])
def test_uart_calls_take_no_heap(bench, bits):
    statements = (
        UART + "import gc\nbuf = bytearray(64)\n"
        "gc.collect()\n"
        "gc.disable()\n"
        "before = gc.mem_alloc()\n"
        "uart.any()\n"
        "uart.readinto(buf)\n"
        "uart.readinto(buf, 3)\n"
        "uart.write(buf)\n"
        "uart.flush()\n"
        "uart.txdone()\n"
        "print(gc.mem_alloc() - before)"
    )
    assert bench.prints(statements, "--interpreter", bits) == ["0"]


def test_overflowing_receive_buffer_loses_the_later_bytes(bench, line):
    app = main_of(
        UART + "print('go')\n"
        "sleep_ms(300)\n"
        "got = uart.read(600)\n"
        "print(len(got), got[0], got[-1], uart.any())\n"
    )
    with bench.running(app) as board:
        assert board.line() == "go"
        os.write(line.master, bytes(range(256)) + b"later")
        assert "overflowed, 5 bytes are lost" in board.line()
        assert board.line() == "256 0 255 0"


REFUSALS = """\
ValueError  machine.UART(1, 9600)
ValueError  machine.UART(0, 9600, tx=1, rx=3)
ValueError  machine.UART(1, 9600, tx=34, rx=16)
TypeError   machine.UART(1, 9600, tx=17, rx=16, mode=1)
ValueError  machine.UART(1, 9600, tx=17, rx=16, rxbuf=64)
ValueError  machine.UART(1, 9600, tx=17, rx=16)
ValueError  machine.Pin(20)
ValueError  machine.Pin(6)
ValueError  machine.Pin(34, machine.Pin.OUT)
TypeError   machine.Pin(4, machine.Pin.OUT, colour=1)
ValueError  machine.ADC(machine.Pin(25))
ValueError  machine.WDT(id=1)
ValueError  machine.freq(100_000_000)
ValueError  machine.RTC().memory(bytes(2049))
ValueError  network.WLAN(7)
OSError     network.WLAN(0).connect('Home', 'x')
OSError     network.WLAN(0).config(pm=0)
ValueError  network.WLAN(0).config('colour')
ValueError  network.hostname('x' * 33)
OSError     esp32.NVS('bridge').get_i32('boots')
"""


def test_what_a_board_refuses_is_refused(bench):
    statements = f"""import machine, network, esp32
for line in {REFUSALS.splitlines()!r}:
    error, statement = line.split(None, 1)
    try:
        exec(statement, {{"machine": machine, "network": network, "esp32": esp32}})
        print("accepted", statement)
    except Exception as raised:
        if type(raised).__name__ != error:
            print(statement, repr(raised))"""
    assert bench.prints(statements) == []


def test_starved_watchdog_ends_the_run(bench):
    start = time.monotonic()
    app = "import machine\ndef main(root):\n    wdt = machine.WDT(timeout=200)\n    while True: pass\n"
    status, _, err = bench.run(app)
    assert status == 3 and "watchdog" in err
    assert time.monotonic() - start < 10


def test_fed_watchdog_lets_the_run_go_on(bench):
    assert bench.prints(
        "import machine, time\nwdt = machine.WDT(timeout=100)\n"
        "for _ in range(10):\n    time.sleep_ms(30)\n    wdt.feed()\n"
        "machine.WDT(timeout=60_000)\nprint('alive')"
    ) == ["alive"]


CAUSES = """import machine, time
rtc = machine.RTC()
before = rtc.memory()
rtc.memory(before + b"x")
print(machine.reset_cause(), before)
"""


def test_rtc_memory_and_cause_tell_of_resets(bench):
    out = bench.prints(
        CAUSES + "if len(before) == 0: machine.reset()\n"
        "if len(before) == 1: machine.soft_reset()\n"
        "if len(before) == 2:\n    machine.WDT(timeout=50)\n    time.sleep(5)\n",
        "--restart",
    )
    told = [text for text in out if text[0].isdigit()]
    assert told == ["1 b''", "2 b'x'", "5 b'xx'", "3 b'xxx'"]


def test_watchdog_survives_a_soft_reset(bench):
    status, out, _ = bench.run(
        main_of(
            CAUSES + "if not before:\n    machine.WDT(timeout=500)\n    machine.soft_reset()\n"
            "time.sleep(5)"
        )
    )
    assert status == 3
    assert "5 b'x'" in out


def test_wait_with_nothing_ready_ends_at_a_tick(bench):
    took = bench.prints(
        "import asyncio, time\n"
        "async def waits():\n"
        "    for _ in range(20):\n"
        "        await asyncio.sleep_ms(1)\n"
        "        print(time.ticks_us() % 10_000)\n"
        "asyncio.run(waits())"
    )
    late_us = sorted(map(int, took))
    assert late_us[10] < 1500  # the host may keep single ones waiting


def test_poll_with_nothing_ready_ends_at_the_tick_after_its_timeout(bench):
    (printed,) = bench.prints(
        "import select, socket, time\n"
        "listener, client = socket.socket(), socket.socket()\n"
        "address = socket.getaddrinfo('127.0.0.1', 0)[0][-1]\n"
        "listener.bind(address)\n"
        "listener.listen(1)\n"
        "poller = select.poll()\n"
        "poller.register(listener, select.POLLIN)\n"
        "found = []\n"
        "for _ in range(20):\n"
        " start = time.ticks_us()\n"
        " poller.poll(25)\n"
        " end = time.ticks_us()\n"
        " found.append((end % 10_000, time.ticks_diff(end, start)))\n"
        "print(*min(found), min([took for _, took in found]))"
    )
    late_us, _, took_us = map(int, printed.split())
    assert took_us >= 24_000  # milliseconds are cut off, as on the board
    assert late_us < 5000  # a busy PC may be late now and then, not each time


def test_socket_is_seen_at_a_tick_and_ends_the_wait_there(bench):
    port = free_port()
    app = main_of(
        "import select, socket, time\n"
        "listener = socket.socket()\n"
        f"listener.bind(socket.getaddrinfo('127.0.0.1', {port})[0][-1])\n"
        "listener.listen(1)\n"
        "poller = select.poll()\n"
        "poller.register(listener, select.POLLIN)\n"
        "print('go')\n"
        "for _ in range(9):\n"
        "    seen = poller.poll(20_000)\n"
        "    late_us = time.ticks_us() % 10_000\n"
        "    listener.accept()[0].close()\n"
        "    print(late_us)\n"
    )
    with bench.running(app) as board:
        assert board.line() == "go"
        late_us = []
        for _ in range(9):
            with socket.create_connection(("127.0.0.1", port)):
                late_us.append(int(board.line()))
    assert sorted(late_us)[4] < 1500  # woken by the sockets, they would spread over the tick


@pytest.mark.parametrize("bits", [32, 64])
def test_poll_takes_no_heap(bench, bits):
    statements = (
        "import asyncio, gc, select, socket\n"
        "poller = select.poll()\n"
        "poller.register(socket.socket(), select.POLLIN)\n"
        "async def waits():\n"
        "    for _ in range(2):\n"
        "        gc.collect()\n"
        "        gc.disable()\n"
        "        before = gc.mem_alloc()\n"
        "        for _ in poller.ipoll(0): pass\n"
        "        for _ in poller.ipoll(5): pass\n"
        "        await asyncio.sleep_ms(5)\n"
        "        await asyncio.sleep_ms(0)\n"
        "        taken = gc.mem_alloc() - before\n"
        "    print(taken)\n"
        "asyncio.run(waits())"
    )
    assert bench.prints(statements, "--interpreter", bits) == ["0"]


def test_adc_sees_the_waveform_with_the_chips_limits(bench):
    statements = (
        "import machine\n"
        "for gpio in (36, 39, 34, 35):\n"
        "    adc = machine.ADC(machine.Pin(gpio), atten=machine.ADC.ATTN_11DB)\n"
        "    print(adc.read_uv())"
    )
    clamps = ("ct1=dc(mv=1000)", "39=dc(mv=90)", "34=dc(mv=3000)")
    options = [word for clamp in clamps for word in ("--clamp", clamp)]
    steady, dead, clipped, unconnected = map(int, bench.prints(statements, *options))
    assert abs(steady - 1_000_000) <= 1000
    assert dead == unconnected == 0
    assert abs(clipped - 2_450_000) <= 1000


@pytest.mark.parametrize("bits", [32, 64])
def test_adc_sine_has_the_given_rms_and_takes_no_heap(bench, bits):
    statements = (
        "import gc, machine, time\nfrom array import array\n"
        "adc = machine.ADC(machine.Pin(36), atten=machine.ADC.ATTN_11DB)\n"
        "mv = array('h', bytes(12_000))\n"
        "gc.collect()\n"
        "gc.disable()\n"
        "before = gc.mem_alloc()\n"
        "count = 0\n"
        "start = time.ticks_us()\n"
        "while time.ticks_diff(time.ticks_us(), start) < 200_000:\n"
        "    mv[count] = adc.read_uv() // 1000\n"
        "    count += 1\n"
        "taken = gc.mem_alloc() - before\n"
        "gc.enable()\n"
        "print(taken, count, (sum((mv[i] - 1200) ** 2 for i in range(count)) / count) ** 0.5)"
    )
    clamp = "ct1=sine(amps_rms=10, hz=50, mv_per_amp=33, bias_mv=1200, h3=0.2)"
    (printed,) = bench.prints(statements, "--clamp", clamp, "--interpreter", bits)
    taken, count, rms_mv = map(float, printed.split())
    assert taken == 0
    assert count < 5001  # a conversion takes 40 us
    assert abs(rms_mv - 330) < 20  # the host may miss some samples


def test_waveform_file_may_change_while_the_board_runs(bench, tmp_path):
    wave = tmp_path / "wave"
    wave.write_text("dc(mv=500)\n")
    app = main_of(
        "import machine, time\n"
        "adc = machine.ADC(machine.Pin(36), atten=machine.ADC.ATTN_11DB)\n"
        "while True:\n    print(adc.read_uv() // 10_000)\n    time.sleep_ms(20)\n"
    )
    with bench.running(app, "--clamp", f"ct1=@{wave}") as board:
        assert board.line() in ("49", "50")
        wave.write_text("dc(mv=900)\n")
        for _ in range(100):
            if board.line() in ("89", "90"):
                return
    raise AssertionError("the pin never saw the new waveform")


WLAN = """
import network, time
wlan = network.WLAN(network.WLAN.IF_STA)
def settle(limit_ms=3000):
    seen = []
    start = time.ticks_ms()
    while not wlan.isconnected() and time.ticks_diff(time.ticks_ms(), start) < limit_ms:
        if wlan.status() not in seen: seen.append(wlan.status())
        time.sleep_ms(20)
    return seen, wlan.status()
"""


def test_wlan_connects_after_a_while_with_power_save_on(bench):
    out = bench.prints(
        WLAN + "print(wlan.status(), wlan.active(True), wlan.config('pm'))\n"
        "wlan.config(pm=wlan.PM_NONE)\n"
        "wlan.connect('Home', 'x')\n"
        "try: wlan.connect('Home', 'x')\n"
        "except OSError as error: print(error)\n"
        "print(settle(), wlan.ifconfig()[0], wlan.config('pm'))"
    )
    # As ESP-IDF says it: micropython/micropython#17661, thonny/thonny#2713.
    said = out.pop(1)
    assert re.fullmatch(r"E \(\d{1,4}\) wifi:sta is connecting, return error", said)
    assert out == [
        "1000 True 1",
        "Wifi Internal State Error",
        "([1001], 1010) 127.0.0.1 0",
    ]


@pytest.mark.parametrize(("word", "reason"), [("down", 201), ("password", 202)])
def test_wlan_tells_the_reason_only_when_reconnects_are_limited(bench, tmp_path, word, reason):
    state = tmp_path / "state"
    state.mkdir()
    Path(state, "wifi").write_text(word)
    out = bench.prints(
        WLAN + "wlan.active(True)\nwlan.connect('Home', 'x')\nprint(settle(1500))\n"
        "wlan.active(False)\nwlan.active(True)\nwlan.config(reconnects=0)\n"
        "wlan.connect('Home', 'x')\nprint(settle(1500)[1])",
        "--state",
        state,
    )
    assert out == ["([1001], 1001)", str(reason)]


def test_wlan_shows_passing_202_and_1000_before_it_connects(bench, tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    Path(state, "wifi").write_text("flaky")
    out = bench.prints(
        WLAN + "wlan.active(True)\nwlan.connect('Home', 'x')\nprint(settle())", "--state", state
    )
    assert out == ["([1001, 202, 1000], 1010)"]


def test_wlan_falls_and_comes_back_by_itself(bench, tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    Path(state, "wifi").write_text("ok")
    app = main_of(
        WLAN + "wlan.active(True)\nwlan.connect('Home', 'x')\nup = None\n"
        "while True:\n"
        "    if wlan.isconnected() != up:\n"
        "        up = wlan.isconnected()\n"
        "        print(up, wlan.status())\n"
        "    time.sleep_ms(20)\n"
    )
    with bench.running(app, "--state", state) as board:
        assert board.line() == "False 1001"
        assert board.line() == "True 1010"
        Path(state, "wifi").write_text("down")
        assert board.line() == "False 1001"
        Path(state, "wifi").write_text("ok")
        assert board.line() == "True 1010"


def test_nvs_outlives_the_run_once_committed(bench, tmp_path):
    options = ("--state", tmp_path / "state")
    bench.prints(
        "import esp32\nnvs = esp32.NVS('bridge')\nnvs.set_i32('boots', -7)\n"
        "nvs.set_blob('config', b'\\x00good')\nnvs.commit()\nnvs.set_i32('boots', 8)",
        *options,
    )
    out = bench.prints(
        "import esp32\nnvs = esp32.NVS('bridge')\nbuf = bytearray(8)\n"
        "print(nvs.get_i32('boots'), nvs.get_blob('config', buf), bytes(buf))",
        *options,
    )
    assert out == ["-7 5 b'\\x00good\\x00\\x00\\x00'"]


def test_button_pin_follows_its_control_file(bench, tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    Path(state, "pin0").write_text("0")
    out = bench.prints(
        "from machine import Pin\n"
        "print(Pin(0, Pin.IN, Pin.PULL_UP).value(), Pin(4, Pin.IN, Pin.PULL_UP)())",
        "--state",
        state,
    )
    assert out == ["0 1"]


@pytest.mark.parametrize("bits", [32, 64])
def test_fakes_take_no_heap_from_the_firmware(bench, tmp_path, bits):
    state = tmp_path / "state"
    bench.prints("", "--interpreter", bits, "--state", state)
    taken = int(Path(state, "heap").read_text())
    assert taken - bare_heap(bits) == pytest.approx(FAKES_HEAP[bits], abs=1024)


def bare_heap(bits):
    """Bytes that MicroPython holds on a board before boot.py, with asyncio as every firmware has it."""
    found = interpreter.find(bits)
    program = "import gc, asyncio.core; gc.collect(); print(gc.mem_alloc())"
    command = found.command("-c", program)
    return int(subprocess.check_output(command, env=found.environment()))


def test_a_busy_pc_makes_no_holes_in_a_burst_of_samples(bench):
    """Two others want the processor; on an ESP32 sampling shares its core with interrupts only."""
    statements = (
        "import machine, time\nfrom array import array\n"
        "adc = machine.ADC(machine.Pin(36), atten=machine.ADC.ATTN_11DB)\n"
        "worst = 0\n"
        "for _ in range(20):\n"
        "    time.sleep_ms(30)\n"
        "    for _ in range(20):\n"
        "        adc.read_uv()\n"
        "    last = time.ticks_us()\n"
        "    for i in range(400):\n"
        "        adc.read_uv()\n"
        "        now = time.ticks_us()\n"
        "        worst = max(worst, time.ticks_diff(now, last))\n"
        "        last = now\n"
        "print(worst)"
    )
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    try:
        (worst_us,) = bench.prints(statements, "--clamp", "ct1=sine(amps_rms=5)")
    finally:
        for process in busy:
            process.kill()
            process.wait()
    assert int(worst_us) < 400
