# SPDX-License-Identifier: MIT
"""What a total was at midnight, in NVS: outlives resets and the loss of power.

Not a file, since littlefs erases far more often: docs/design.md says what a write costs.
"""

import binascii
import struct

import esp32

from firmware import log

_NAMESPACE = "midnight"


def forget(of):
    """What was saved under this name: for the factory reset."""
    try:
        nvs = esp32.NVS(_NAMESPACE)
        nvs.erase_key(_key(of))
        nvs.commit()
    except OSError:
        pass  # there is none


def _key(of):
    return "%08x" % binascii.crc32(of.encode())


class Midnight:
    """of: whose total it is, such as "eastron-sdm630 2 energy_export". Where NVS fails, midnight does not outlive this run."""

    def __init__(self, of):
        self._key = _key(of)
        try:
            self._nvs = esp32.NVS(_NAMESPACE)
        except OSError as error:
            self._nvs = None
            log.warn("midnight cannot be saved:", error)

    def load(self):
        """(day, total in Wh) as saved last, or None."""
        saved = bytearray(8)
        try:
            is_whole = self._nvs and self._nvs.get_blob(self._key, saved) == 8
        except OSError:
            return None
        return struct.unpack("<II", saved) if is_whole else None

    def save(self, day, total_wh):
        if not self._nvs:
            return
        try:
            self._nvs.set_blob(self._key, struct.pack("<II", day, total_wh))
            self._nvs.commit()
        except OSError as error:
            log.warn("midnight is not saved:", error)
