# SPDX-License-Identifier: MIT
"""The check of the device code finds what a board would not have, and nothing else."""

from host_tools.build import device_api


def errors(tmp_path, source):
    path = tmp_path / "device.py"
    path.write_text(source)
    return [line.partition(": ")[2] for line in device_api.api_errors(path)]


def missing(name):
    return [f"{name} is not in MicroPython {release}" for release in ("1.24.1", "1.29.0")]


def test_what_the_board_has_passes(tmp_path):
    source = """
import asyncio, gc, network, select, socket, sys
from machine import ADC, Pin, UART, WDT
from micropython import const
import ticks
uart = UART(1, 9600, tx=Pin(17, Pin.OUT), rx=16, rxbuf=512)
uart.readinto(bytearray(8))
ADC(Pin(34), atten=ADC.ATTN_11DB).read_uv()
network.WLAN(network.STA_IF).config(pm=network.WLAN.PM_NONE)
gc.threshold(4096)
ticks.anything
sys.stdout.write("x")
asyncio.run(asyncio.sleep_ms(1))
"""
    assert errors(tmp_path, source) == []


def test_module_that_only_cpython_has_is_an_error(tmp_path):
    assert errors(tmp_path, "import logging") == missing("logging")


def test_module_function_that_only_cpython_has_is_an_error(tmp_path):
    assert errors(tmp_path, "import time\ntime.monotonic()") == missing("time.monotonic")
    assert errors(tmp_path, "from os import replace") == missing("os.replace")
    assert errors(tmp_path, "import time as t\nt.perf_counter()") == missing("time.perf_counter")


def test_constant_that_the_class_lacks_is_an_error(tmp_path):
    assert errors(tmp_path, "from machine import Pin\nPin.OUTPUT") == missing("machine.Pin.OUTPUT")


def test_method_that_the_object_lacks_is_an_error(tmp_path):
    source = """
import machine
class Port:
    def __init__(self):
        self._uart = machine.UART(1)
    def send(self, data):
        self._uart.send(data)
"""
    assert errors(tmp_path, source) == missing("machine.UART.send")


def test_what_only_the_newest_release_has_is_an_error(tmp_path):
    assert errors(tmp_path, "from socket import MSG_PEEK") == [
        "socket.MSG_PEEK is not in MicroPython 1.24.1"
    ]


def test_tuple_of_beginnings_is_an_error(tmp_path):
    source = "a = ''\na.startswith(('b', 'c'))\na.endswith('b')\na.endswith(('b',))"
    told = "a tuple for startswith or endswith is not in MicroPython 1.24"
    assert errors(tmp_path, source) == [told, told]


def test_relative_import_is_ours(tmp_path):
    assert errors(tmp_path, "from . import a\nfrom .b import C\na.x\nC.y") == []


def test_guarded_import_is_free(tmp_path):
    source = """
try:
    from time import ticks_ms
except ImportError:
    import time
    time.monotonic_ns()
"""
    assert errors(tmp_path, source) == []


def test_syntax_that_micropython_lacks_does_not_compile(tmp_path):
    path = tmp_path / "device.py"
    path.write_text("match 1:\n    case 1:\n        pass\n")
    assert "SyntaxError" in device_api.compile_errors(path)[0]


def test_native_code_compiles_for_the_esp32(tmp_path):
    path = tmp_path / "device.py"
    path.write_text(
        "import micropython\n@micropython.viper\ndef f(a: int) -> int:\n    return a\n"
    )
    assert device_api.compile_errors(path) == []
