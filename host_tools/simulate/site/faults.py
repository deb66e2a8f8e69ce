# SPDX-License-Identifier: MIT
"""What can be wrong with a device on the line, as a test or a person at the terminal orders it."""

import random
from dataclasses import dataclass, field

KINDS = {
    "silent": "no reply at all",
    "exception": "an exception reply (`code`)",
    "bad_crc": "a reply with a wrong CRC",
    "other_unit": "a sound reply that carries the next unit's address",
    "late": "the right reply, `delay_ms` after its time",
    "noise": "`count` random bytes before the reply",
    "short": "a reply that breaks off before its end",
    "registers": "raw registers put in place of the true ones (`raw`: address to number)",
}


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

    def use_up(self):
        """Count one request; False when the fault is over."""
        if self.times is None:
            return True
        self.times -= 1
        return self.times >= 0

    def spoil(self, adu, crc):
        """The bytes that leave the device instead of `adu`; `crc(frame)` gives the two CRC bytes."""
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
        return adu
