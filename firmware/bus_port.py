"""The RS485 line: a UART and, where the transceiver has one, its DE pin (joined with /RE)."""

from time import sleep_us

from machine import UART, Pin

_PARITY = {"none": None, "even": 0, "odd": 1}
_LEAD_IN_US = 200  # some transceivers lose the first bits without it
_RX_BYTES = 512  # the longest reply has 255


class BusPort:
    """Port of a modbus.master.Master. config: the `bus` section; uart: the board's UART number."""

    def __init__(self, config, uart):
        self._de = None if config["de"] is None else Pin(config["de"], Pin.OUT, value=0)
        # The driver pulls rx up by itself: the line idles high while no transceiver drives it.
        self._uart = UART(
            uart,
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
        self.readinto = self._uart.readinto

    def send(self, request):
        """Start sending; a request fits the transmit buffer. No heap."""
        if self._de is not None:
            self._de.on()
            sleep_us(_LEAD_IN_US)
        self._uart.write(request)

    def finish(self):
        """Wait for the last stop bit and turn the line round. Nothing between the two: a unit may answer at once. No heap."""
        if self._de is not None:
            self._uart.flush()
            self._de.off()


def character_bits(config):
    """Bits of one character: start, 8 data, parity, stop."""
    return 9 + (config["parity"] != "none") + config["stop_bits"]
