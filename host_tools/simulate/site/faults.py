# SPDX-License-Identifier: MIT
"""What can be wrong with a device on the line, as a test or a person at the terminal orders it.

What concerns rate, parity, polarity and two that speak at once goes by the bits on the pair: bits.py.
"""

import random
from dataclasses import dataclass, field

from host_tools.simulate.site import bits

KINDS = {
    "silent": "no reply at all",
    "exception": "an exception reply (`code`)",
    "bad_crc": "a reply with a wrong CRC",
    "other_unit": "a sound reply that carries the next unit's address",
    "late": "the right reply, `delay_ms` after its time",
    "noise": "`count` random bytes before the reply",
    "short": "a reply that breaks off before its end",
    "registers": "raw registers put in place of the true ones (`raw`: address to number)",
    "disturbed": "one bit of every tenth reply is turned",
    "wrong_baud": "it has twice the baud rate of the line",
    "wrong_parity": "it has even parity, or none where the line has one",
    "swapped": "its A and B are swapped",
    "twin": "a second device with its address answers, too",
}
_ON_THE_PAIR = ("wrong_baud", "wrong_parity", "swapped", "twin")
_DISTURBED = 10  # every so many replies
_TWIN_AFTER_BITS = 3.3


@dataclass
class Fault:
    """One kind of misbehaviour, for the next `times` requests (None: until taken away)."""

    kind: str
    times: int | None = None
    code: int = 6  # device busy
    delay_ms: float = 1500
    count: int = 5
    raw: dict = field(default_factory=dict)
    seed: int = 1

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"fault {self.kind!r}: one of {', '.join(KINDS)}")
        self._random = random.Random(self.seed)
        self._replies = 0

    def use_up(self):
        """Count one request; False when the fault is over."""
        if self.times is None:
            return True
        self.times -= 1
        return self.times >= 0

    def hears(self, request, line):
        """Does the device hear this request, which was sent at the line's bits.Setting? A byte with a wrong parity or stop bit is none."""
        levels = bits.sent(request, line, self.kind == "swapped")
        return bits.heard(levels, self._setting(line)) == [(byte, None) for byte in request]

    def spoil(self, adu, crc, line):
        """The bytes that the bridge hears instead of `adu`; `crc(frame)` gives the two CRC bytes."""
        self._replies += 1
        if self.kind == "silent":
            return b""
        if self.kind == "bad_crc":
            return adu[:-1] + bytes((adu[-1] ^ 0x55,))
        if self.kind == "other_unit":
            frame = bytes((adu[0] % 247 + 1,)) + adu[1:-2]
            return frame + crc(frame)
        if self.kind == "noise":
            return self._random.randbytes(self.count) + adu
        if self.kind == "short":
            return adu[: len(adu) // 2]
        if self.kind == "disturbed" and self._replies % _DISTURBED == 0:
            turned = 1 << self._random.randrange(8 * len(adu))
            return (int.from_bytes(adu, "big") ^ turned).to_bytes(len(adu), "big")
        if self.kind in _ON_THE_PAIR:
            return bits.read(self._levels(adu, crc, line), line)
        return adu

    def _levels(self, adu, crc, line):
        levels = bits.sent(adu, self._setting(line), self.kind == "swapped")
        if self.kind != "twin":
            return levels
        frame = adu[:3] + bytes(byte ^ 0x11 for byte in adu[3:-2])
        return bits.together(
            levels, bits.sent(frame + crc(frame), line), _TWIN_AFTER_BITS / line.baudrate
        )

    def _setting(self, line):
        """The device's own."""
        if self.kind == "wrong_baud":
            return line._replace(baudrate=2 * line.baudrate)
        if self.kind == "wrong_parity":
            return line._replace(parity="even" if line.parity == "none" else "none")
        return line
