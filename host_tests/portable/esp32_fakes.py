# SPDX-License-Identifier: MIT
"""machine, network and esp32 for the firmware's own components, on a virtual clock: small, strict, odd where the chip is odd.

Importing this puts them in place; so it comes before the firmware.
"""

import sys

from ticks import ticks_add, ticks_diff


class Clock:
    now_ms = 0


class Board:
    """What the fakes saw; `fresh()` forgets it."""

    @classmethod
    def fresh(cls):
        cls.rtc = b""
        cls.wdt_timeout_ms = None
        cls.fed = 0
        cls.sent = []  # what went to a WS2812
        cls.wlan = WLAN()
        cls.hostname = None


class RTC:
    def memory(self, data=None):
        if data is None:
            return Board.rtc
        assert len(data) <= 2048
        Board.rtc = bytes(data)


class WDT:
    def __init__(self, id=0, timeout=5000):
        Board.wdt_timeout_ms = timeout

    def feed(self):
        Board.fed += 1


class Pin:
    IN = 1
    OUT = 3
    PULL_UP = 2
    level_in = 1  # of every input

    def __init__(self, id, mode, pull=None):
        assert (mode, pull) in ((Pin.OUT, None), (Pin.IN, Pin.PULL_UP))
        self._mode = mode
        self.level = None

    def value(self, level=None):
        if level is None:
            assert self._mode == Pin.IN
            return Pin.level_in
        assert level in (0, 1) and self._mode == Pin.OUT
        self.level = level


def bitstream(pin, encoding, timing_ns, data):
    assert isinstance(pin, Pin) and encoding == 0 and len(timing_ns) == 4 and len(data) == 3
    Board.sent.append(bytes(data))


class WLAN:
    """A station with the states and traps of the ESP32 port. `air`: "ok", "away" (no access point), "password"
    (refuses us), "no address" (no DHCP), "no memory" (the radio does not start) or "unknown error" (as said before 1.26).
    """

    PM_NONE = 0
    JOIN_MS = 1500

    def __init__(self):
        self.air = "ok"
        self.calls = []
        self.at_ms = {}  # of the last call of each kind
        self.power_save = 1
        self._active = False
        self._wanted = False
        self._join_ms = 0
        self._joined = False
        self.address = "0.0.0.0"

    def active(self, on=None):
        if on is None:
            return self._active
        self._called("on" if on else "off")
        if on and self.air == "no memory":
            raise OSError("WiFi Out of Memory")
        if on and self.air == "unknown error":
            raise RuntimeError("Wifi Unknown Error 0x0101")
        if on:
            self.power_save = 1
        self._active = on
        if not on:
            self._wanted = self._joined = False
            self.address = "0.0.0.0"

    def config(self, pm):
        if not self._active:
            raise OSError("Wifi Not Started")
        self.power_save = pm

    def connect(self, ssid, password=None):
        if not self._active:
            raise OSError("Wifi Not Started")
        if self._wanted:
            raise OSError("Wifi Internal State Error")
        self._called("connect")
        self.credentials = (ssid, password)
        self._wanted = True
        self._join_ms = ticks_add(Clock.now_ms, self.JOIN_MS)

    def _called(self, name):
        self.calls.append(name)
        self.at_ms[name] = Clock.now_ms

    def _live(self):
        """What the driver did since the last look."""
        if self._joined and self.air in ("away", "password"):
            self._joined = False
            self.address = "0.0.0.0"
        if not self._joined and self._wanted and ticks_diff(Clock.now_ms, self._join_ms) >= 0:
            if self.air == "ok":
                self._joined = True
                self.address = "192.168.1.7"
            self._join_ms = ticks_add(Clock.now_ms, self.JOIN_MS)

    def isconnected(self):
        self._live()
        return self._joined

    def status(self, what=None):
        """Codes that pass by, as seen on boards: nobody may act upon them."""
        if what == "rssi":
            return -60
        return 1010 if self.isconnected() else (202, 1000, 1001)[Clock.now_ms // 500 % 3]

    def ifconfig(self, given=None):
        if given is None:
            return (self.address, "255.255.255.0", "192.168.1.1", "192.168.1.1")
        assert len(given) == 4 and all([isinstance(word, str) for word in given])
        self._called("ifconfig")
        self.given = given


class Network:
    STA_IF = 0

    @staticmethod
    def WLAN(interface):
        assert interface == 0
        return Board.wlan

    @staticmethod
    def hostname(name):
        assert not Board.wlan.active(), "the name comes too late for DHCP and mDNS"
        Board.hostname = name


class NVS:
    """Blobs in one namespace; `full`: the partition takes no more."""

    @classmethod
    def fresh(cls):
        cls.kept = {}
        cls.commits = 0
        cls.full = False
        cls.broken = False

    def __init__(self, namespace):
        assert 1 <= len(namespace) <= 15
        if self.broken:
            raise OSError(-0x1105, "ESP_ERR_NVS_NOT_ENOUGH_SPACE")

    def get_blob(self, key, buffer):
        if key not in self.kept:
            raise OSError(-0x1102, "ESP_ERR_NVS_NOT_FOUND")
        value = self.kept[key]
        if len(value) > len(buffer):
            raise OSError(-0x110C, "ESP_ERR_NVS_INVALID_LENGTH")
        buffer[: len(value)] = value
        return len(value)

    def set_blob(self, key, value):
        assert 1 <= len(key) <= 15
        if self.full:
            raise OSError(-0x1105, "ESP_ERR_NVS_NOT_ENOUGH_SPACE")
        self.kept[key] = bytes(value)

    def commit(self):
        NVS.commits += 1


class Esp32:
    NVS = NVS
    HEAP_DATA = 4
    regions = []  # of idf_heap_info

    @staticmethod
    def idf_heap_info(capabilities):
        assert capabilities == Esp32.HEAP_DATA
        return Esp32.regions


class Reset(BaseException):
    """Where the chip would start again."""


def _reset():
    raise Reset


class Machine:
    RTC = RTC
    WDT = WDT
    Pin = Pin
    bitstream = staticmethod(bitstream)
    reset = soft_reset = staticmethod(_reset)
    cause = 1

    @staticmethod
    def reset_cause():
        return Machine.cause


class Deflate:
    """As far as firmware/modes/profile_pack.py goes; CPython has zlib instead."""

    RAW = 1

    @staticmethod
    def DeflateIO(file, format, window_bits):  # noqa: N802
        import io
        import zlib

        assert format == Deflate.RAW
        return io.BytesIO(zlib.decompressobj(-window_bits).decompress(file.read()))


class Micropython:
    """Of CPython, which has none."""

    @staticmethod
    def const(value):
        return value

    @staticmethod
    def kbd_intr(number):
        assert number == -1


Board.fresh()
NVS.fresh()
sys.modules["machine"] = Machine
sys.modules["network"] = Network
sys.modules["esp32"] = Esp32
try:
    import socket  # noqa: F401
except ImportError:  # MicroPython's WebAssembly build has none; tests bring their own

    class Socket:
        pass

    sys.modules["socket"] = Socket
if "micropython" not in sys.implementation.name:
    sys.modules["micropython"] = Micropython
    sys.modules["vfs"] = Micropython  # only named
    sys.modules["deflate"] = Deflate
    import asyncio
    import traceback

    def print_exception(error, file):
        traceback.print_exception(error, file=file)

    sys.print_exception = print_exception
    asyncio.sleep_ms = None  # the tests put theirs there
