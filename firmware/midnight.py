"""What a total was at midnight, kept in NVS: outlives resets and the loss of power.

Not a file, since littlefs erases far more often: docs/design.md says what a write costs.
"""

import binascii
import struct

import esp32

from firmware import log


class Midnight:
    """of: whose total it is, such as "eastron-sdm630 2 energy_export"."""

    def __init__(self, of):
        self._nvs = esp32.NVS("midnight")
        self._key = "%08x" % binascii.crc32(of.encode())

    def load(self):
        """(day, total) as saved last, or None."""
        kept = bytearray(8)
        try:
            size = self._nvs.get_blob(self._key, kept)
        except OSError:
            return None
        return struct.unpack("<II", kept) if size == 8 else None

    def save(self, day, total_wh):
        try:
            self._nvs.set_blob(self._key, struct.pack("<II", day, total_wh))
            self._nvs.commit()
        except OSError as error:
            log.warn("midnight is not kept:", error)
