# SPDX-License-Identifier: MIT
"""The RS485 port at its UART and its DE pin, in virtual time."""

import sys

import esp32_fakes  # noqa: F401  (puts micropython in place where there is none)
from ticks import ticks_diff


class Log:
    events = []


class Time:
    """Stands for the module `time` while firmware.hw.bus_port is imported."""

    now_us = 0

    @staticmethod
    def ticks_us():
        return Time.now_us

    @staticmethod
    def sleep_us(us):
        Time.now_us += us

    ticks_diff = staticmethod(ticks_diff)


class UART:
    def __init__(self, id, **options):
        Log.events = []
        assert options["rx"] in Pin.pulled_up, "rx floats while the driver is on"
        self.id = id
        self.options = options
        self.waiting = b""
        Log.uart = self

    def any(self):
        return len(self.waiting)

    def readinto(self, buf):
        count = min(len(self.waiting), len(buf))
        buf[:count] = self.waiting[:count]
        self.waiting = self.waiting[count:]
        return count or None

    def write(self, data):
        Log.events.append(("write", bytes(data)))
        Log.written_us = Time.now_us

    def flush(self):
        Log.events.append("flush")


class Pin:
    IN = 1
    OUT = 3
    PULL_UP = 2
    pulled_up = []

    def __init__(self, id, mode, pull=None, value=None):
        if mode == Pin.IN:
            assert pull == Pin.PULL_UP
            Pin.pulled_up.append(id)
        else:
            assert mode == Pin.OUT and value == 0, "driving from the start would jam the line"
        self.id = id

    def on(self):
        Log.events.append("on")

    def off(self):
        Log.events.append("off")


class Machine:
    UART = UART
    Pin = Pin


def bus_port():
    """The module firmware.hw.bus_port on fake hardware."""
    real = {name: sys.modules.get(name) for name in ("machine", "time")}
    sys.modules["machine"] = Machine
    sys.modules["time"] = Time
    sys.modules.pop("firmware.hw.bus_port", None)
    try:
        import firmware.hw.bus_port

        return firmware.hw.bus_port
    finally:
        for name in real:
            del sys.modules[name]
            if real[name]:
                sys.modules[name] = real[name]


def port(**bus):
    Pin.pulled_up = []
    settings = {"baudrate": 9600, "parity": "none", "stop_bits": 1, "tx": 17, "rx": 16, "de": 4}
    settings.update(bus)
    settings["bits"] = 9 + (settings["parity"] != "none") + settings["stop_bits"]
    settings["uart"] = 1
    return bus_port().BusPort(settings)


def test_driver_is_on_from_before_the_first_bit_until_all_are_out():
    made = port()
    made.send(b"request!")
    assert Log.events == ["on", ("write", b"request!")]
    made.finish()
    assert Log.events[2:] == ["flush", "off"]


def test_a_transceiver_that_turns_itself_is_left_alone():
    made = port(de=None)
    made.send(b"request!")
    made.finish()
    assert Log.events == [("write", b"request!")]


def test_every_character_that_the_config_allows():
    # start, 8 data, parity if any, stop bits; machine.UART counts parity as None, 0 (even) and 1 (odd)
    for parity, number in (("none", None), ("even", 0), ("odd", 1)):
        for stop in (1, 2):
            for baudrate in (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200):
                port(parity=parity, stop_bits=stop, baudrate=baudrate)
                options = Log.uart.options
                assert (options["bits"], options["parity"], options["stop"]) == (8, number, stop)
                assert options["baudrate"] == baudrate and options["rxbuf"] >= 256


def test_the_rest_of_the_silence_is_kept_before_a_request():
    # 3.5 characters, above 19200 Bd 1750 us (Modbus over Serial Line V1.02, 2.5.1.1); 10 bits each with 8N1.
    for baudrate, silence_us in ((19200, 1822), (38400, 1750), (115200, 1750)):
        made = port(de=None, baudrate=baudrate)
        Log.uart.waiting = b"x"
        for passed_us in (0, 1, 1000, silence_us, 50000):
            heard_us = Time.now_us
            made.readinto(bytearray(8))
            Time.now_us += passed_us
            made.send(b"request!")
            assert Log.written_us - heard_us == max(silence_us, passed_us)
