# SPDX-License-Identifier: MIT
"""The far end for tests of profiles: registers behind pymodbus, read by the firmware's own master over a port.

`read_profile` is the seam between both: registers in, the quantities of one role out, by the way a poll takes.
"""

from pymodbus.constants import ExcCodes
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU

from meters.chain import Chain
from meters.poller import Poller
from modbus.master import Master
from planning import grouping, unit_limits
from planning import profile as profiles

UNIT = 7
BAUDRATE = 9600
LIMIT_MS = 60000


class Registers:
    """What pymodbus asks for words: {(function, address): word}; what is not there is refused."""

    def __init__(self, image):
        self._image = image

    async def async_getValues(self, device_id, function, address, count=1):  # noqa: N802
        words = [self._image.get((function, at)) for at in range(address, address + count)]
        return ExcCodes.ILLEGAL_ADDRESS if None in words else words


class DevicePort:
    """Port of a Master; a device with these registers answers at once."""

    def __init__(self, image):
        self._registers = Registers(image)
        self._framer = FramerRTU(DecodePDU(True))
        self._request = b""
        self._reply = b""
        self.reads = []  # (function, address, count)

    def send(self, request):
        self._request = bytes(request)

    def finish(self):
        used, request = self._framer.handleFrame(self._request, UNIT, 0)
        assert request is not None and used == len(self._request)
        self.reads.append((request.function_code, request.address, request.count))
        reply = result_of(request.datastore_update(self._registers, UNIT))
        reply.dev_id = UNIT
        self._reply = self._framer.buildFrame(reply)

    def any(self):
        return len(self._reply)

    def readinto(self, buf):
        count = min(len(buf), len(self._reply))
        buf[:count] = self._reply[:count]
        self._reply = self._reply[count:]
        return count


class Device:
    """Stands for values.readings.Device."""

    def __init__(self):
        self.known = {}

    def put(self, quantity, value, at_ms):
        assert quantity not in self.known, "put twice in one cycle"
        self.known[quantity] = value


def result_of(coroutine):
    """Of a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("the device waited")


def _mains_of(quantity):
    """(function, address) from a power to its volts or hertz, which a vector need not state."""
    power = quantity.registers[0]
    if power.mains and not power.models:
        both = [power, power.mains, *power.mains.helpers()]
        for at in range(min(one.address for one in both), max(one.end for one in both)):
            yield power.function, at


def read_profile(profile, role, image, names=None, reads=None):
    """{quantity: value in its base unit} after two cycles, of these names or all; what has no value is left out.

    `reads` is a list that is given every (function, address, count).
    """
    device = Device()
    port = DevicePort(image)
    master = Master(port, BAUDRATE)
    unit = unit_limits.unit(UNIT, profile.get("limits", {}))
    wanted = [
        profiles.quantity(device, name, name, profile, role, False)
        for name in profiles.role(profile, role)
        if names is None or name in names
    ]
    for made in wanted:
        for at in _mains_of(made):
            image.setdefault(at, 0x4366)  # 230 as a float
    if "sunspec" in profile:
        bases = profile["sunspec"]["bases"]
        function = profile["defaults"]["function"]
        overhead_chars = grouping.overhead_chars(unit, master)
        planned = [Chain(unit, function, bases, wanted, overhead_chars, 10).search()]
    else:
        planned = grouping.reads(unit, wanted, grouping.overhead_chars(unit, master), 10)
        for read in planned:  # made longer, to be told from another
            end = read.address + read.count
            for at in range(end - read.padding, end):
                image.setdefault((read.function, at), 0xA5A5)
    unit.reads = planned
    poller = Poller(master, [unit], slow_interval_ms=0)
    now_ms = 0
    for cycle in (1, 2):  # a value that waits for a helper of another read is known in the second
        device.known = {}
        while poller.cycles < cycle:
            assert now_ms < LIMIT_MS, "no end of the cycle"
            now_ms += poller.step(now_ms)
    assert unit.stats["good"] == unit.stats["requests"] == len(port.reads), unit.stats
    for _, _, count in port.reads:
        assert count <= profile["limits"]["registers_per_read"]
    if reads is not None:
        reads += port.reads
    return device.known
