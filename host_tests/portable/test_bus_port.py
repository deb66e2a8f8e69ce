"""The RS485 port at its UART and its DE pin. Only where time has microseconds: on MicroPython."""

import sys

ON_MICROPYTHON = sys.implementation.name == "micropython"


class Log:
    events = []


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


def port(**bus):
    sys.modules["machine"] = Machine
    Pin.pulled_up = []
    from firmware.bus_port import BusPort

    settings = {"baudrate": 9600, "parity": "none", "stop_bits": 1, "tx": 17, "rx": 16, "de": 4}
    settings.update(bus)
    return BusPort(settings, 1)


def test_driver_is_on_from_before_the_first_bit_until_all_are_out():
    if not ON_MICROPYTHON:
        return
    made = port()
    made.send(b"request!")
    assert Log.events == ["on", ("write", b"request!")]
    made.finish()
    assert Log.events[2:] == ["flush", "off"]


def test_a_transceiver_that_turns_itself_is_left_alone():
    if not ON_MICROPYTHON:
        return
    made = port(de=None)
    made.send(b"request!")
    made.finish()
    assert Log.events == [("write", b"request!")]


def test_every_character_that_the_config_allows():
    if not ON_MICROPYTHON:
        return
    from firmware.bus_port import character_bits

    # start, 8 data, parity if any, stop bits; machine.UART counts parity as None, 0 (even) and 1 (odd)
    for parity, number in (("none", None), ("even", 0), ("odd", 1)):
        for stop in (1, 2):
            for baudrate in (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200):
                port(parity=parity, stop_bits=stop, baudrate=baudrate)
                options = Log.uart.options
                assert (options["bits"], options["parity"], options["stop"]) == (8, number, stop)
                assert options["baudrate"] == baudrate and options["rxbuf"] >= 256
                bits = character_bits({"parity": parity, "stop_bits": stop})
                assert bits == 9 + (parity != "none") + stop


def test_the_rest_of_the_silence_is_kept_before_a_request():
    if not ON_MICROPYTHON:
        return
    from time import ticks_diff, ticks_us

    made = port(de=None, baudrate=19200)  # 3.5 characters of 10 bits: 1823 us
    Log.uart.waiting = b"x"
    heard_us = ticks_us()  # at the latest
    made.readinto(bytearray(8))
    made.send(b"request!")
    assert 1800 <= ticks_diff(ticks_us(), heard_us) <= 20000
