# SPDX-License-Identifier: MIT
"""The RS485 line: a UART and, where the transceiver has one, its DE pin (joined with /RE)."""

from time import sleep_us, ticks_diff, ticks_us

from machine import UART, Pin
from micropython import const

_PARITY = {"none": None, "even": 0, "odd": 1}
_LEAD_IN_US = const(200)  # some transceivers lose the first bits without it
_REST_MAX_US = const(2000)  # what the master's own wait leaves over
_RX_BYTES = const(512)  # the longest reply has 255


class BusPort:
    """Port of a modbus.master.Master. config: the plan's `line`."""

    def __init__(self, config):
        self._de = None if config["de"] is None else Pin(config["de"], Pin.OUT, value=0)
        # No transceiver drives rx while we send: it has to idle high. Up to MicroPython 1.25 the driver itself saw to that, and
        # made a plain input of the pin.
        Pin(config["rx"], Pin.IN, Pin.PULL_UP)
        self._uart = UART(
            config["uart"],
            baudrate=config["baudrate"],
            bits=8,
            parity=_PARITY[config["parity"]],
            stop=config["stop_bits"],
            tx=config["tx"],
            rx=config["rx"],
            rxbuf=_RX_BYTES,
            timeout=0,
            timeout_char=0,
        )
        self.any = self._uart.any
        # 3.5 characters, above 19200 Bd 1.75 ms (Modbus over Serial Line V1.02, 2.5.1.1).
        self._silence_us = max(1750, 3500000 * config["bits"] // config["baudrate"])
        self._heard_us = ticks_us()

    def readinto(self, buf):
        self._heard_us = ticks_us()
        return self._uart.readinto(buf)

    def send(self, request):
        """Start sending, after the rest of the silence: the loop's milliseconds are too coarse. No heap."""
        rest_us = self._silence_us - ticks_diff(ticks_us(), self._heard_us)
        if 0 < rest_us <= _REST_MAX_US:
            sleep_us(rest_us)
        if self._de is not None:
            self._de.on()
            sleep_us(_LEAD_IN_US)
        self._uart.write(request)

    def finish(self):
        """Wait for the last stop bit and turn the line round. Nothing between the two: a unit may answer at once. No heap."""
        if self._de is not None:
            self._uart.flush()
            self._de.off()
