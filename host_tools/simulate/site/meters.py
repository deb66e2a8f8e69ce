# SPDX-License-Identifier: MIT
"""The site's Modbus devices: a pymodbus RTU server on the meters' end of the line.

pymodbus answers; what is added here is when (each device's own turnaround) and, if a fault is set, what
goes wrong. Registers are computed from the truth of the moment in which they are read.
"""

import asyncio
import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.framer import FramerRTU
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

_START_LIMIT_S = 5


@dataclass
class Meter:
    """One device on the line. `quantities()` gives what it measures at this moment."""

    unit: int
    profile: str
    model: Any  # a registers.Model, or a profile_table.Played
    quantities: Callable
    turnaround_ms: float | None = None
    fault: Any = None  # a Fault
    reads: list = field(default_factory=list)  # the last requests: (function, address, count)

    def __post_init__(self):
        if self.turnaround_ms is None:
            self.turnaround_ms = self.model.turnaround_ms

    def sim_device(self):
        """The device as pymodbus wants it: its blocks, and `read` for their contents."""
        blocks = _merged(block for blocks in self.model.readable.values() for block in blocks)
        data = [
            SimData(first, count=last - first + 1, datatype=DataType.REGISTERS)
            for first, last in blocks
        ]
        return SimDevice(id=self.unit, simdata=data, action=self.read)

    async def read(self, function, start, address, count, registers, new_values):
        """pymodbus is about to answer: fill the registers asked for, or return an exception code."""
        self.reads = self.reads[-99:] + [(function, address, count)]
        if function not in self.model.readable:
            return ExcCodes.ILLEGAL_FUNCTION
        if new_values is not None or not self._readable(function, address, count):
            return ExcCodes.ILLEGAL_ADDRESS
        if count > self.model.registers_per_read:
            return ExcCodes.ILLEGAL_VALUE
        if self.fault and self.fault.kind == "exception":
            return ExcCodes(self.fault.code)
        found = self.model.words(function, address, count, self.quantities())
        if self.fault and self.fault.kind == "registers":
            for place, number in self.fault.raw.items():
                if address <= place < address + count:
                    found[place - address] = number
        registers[address - start : address - start + count] = found
        return None

    def _readable(self, function, address, count):
        return any(
            first <= address and address + count - 1 <= last
            for first, last in self.model.readable[function]
        )


class Meters:
    """Serves `meters` on `line.meter_tty` from a thread of its own, until closed."""

    def __init__(self, line, meters):
        self.by_unit = {meter.unit: meter for meter in meters}
        self._line = line
        self._started = threading.Event()
        self._error = None
        self._request = b""
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve()), name="meters", daemon=True
        )

    def __enter__(self):
        self._thread.start()
        if not self._started.wait(_START_LIMIT_S) or self._error:
            raise RuntimeError(f"the meters did not start: {self._error or 'time-out'}")
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _serve(self):
        logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # broken frames are our business
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._late_port = os.open(self._line.meter_tty, os.O_WRONLY | os.O_NOCTTY)
        try:
            server = ModbusSerialServer(
                [meter.sim_device() for meter in self.by_unit.values()],
                framer=FramerType.RTU,
                port=self._line.meter_tty,
                ignore_missing_devices=True,
                trace_packet=self._packet,
                trace_pdu=self._pdu,
            )
            await server.serve_forever(background=True)
        except Exception as error:
            self._error = error
            raise
        finally:
            self._started.set()
        await self._stop.wait()
        await server.shutdown()
        os.close(self._late_port)

    def _pdu(self, sending, pdu):
        """pymodbus 3.16 answers for units that are not there; None makes it keep silent."""
        if sending:
            return pdu
        meter = self.by_unit.get(pdu.dev_id)
        fault = meter and meter.fault
        is_deaf = fault and not fault.hears(self._request, self._line.setting)
        return None if not meter or is_deaf else pdu

    def _packet(self, sending, adu):
        """pymodbus shows each packet; of replies, what is returned here goes on the wire."""
        if not sending:
            # A meter forgets what came before a silence.
            self._request = adu[-self._line.request_bytes :]
            return self._request
        meter = self.by_unit[adu[0]]
        self._line.turnaround_ms = meter.turnaround_ms
        fault = meter.fault
        if not fault:
            return adu
        if not fault.use_up():
            meter.fault = None
            return adu
        if fault.kind == "late":
            self._loop.call_later(fault.delay_ms / 1000, os.write, self._late_port, adu)
            return b""
        return fault.spoil(adu, crc, self._line.setting)


def _merged(blocks):
    """[(first, last)] that neither touch nor overlap."""
    found = []
    for first, last in sorted(blocks):
        if found and first <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(last, found[-1][1])
        else:
            found.append((first, last))
    return found


def crc(frame):
    """Its two bytes, as they stand on the wire."""
    return FramerRTU.compute_CRC(frame).to_bytes(2, "big")
