# SPDX-License-Identifier: MIT
"""esp32: ESP-IDF's heap, and NVS kept in the state folder."""

import json

import host
import idf_heap

HEAP_DATA = 4
HEAP_EXEC = 1


def idf_heap_info(capabilities):
    """Return [(total, free, largest free piece, least free ever)] of each region; of data only."""
    if capabilities not in (HEAP_DATA, HEAP_EXEC):
        raise ValueError("unknown capabilities")
    return idf_heap.info() if capabilities == HEAP_DATA else []


class NVS:
    _NOT_FOUND = -0x1102

    def __init__(self, namespace):
        if not 1 <= len(namespace) <= 15:
            raise ValueError("an NVS namespace has 1 to 15 characters")
        self._name = "nvs-" + namespace
        try:
            with host.open_state(self._name, "r") as file:
                self._values = json.load(file)
        except OSError:
            self._values = {}

    def _get(self, key, kind):
        value = self._values.get(key)
        if not isinstance(value, kind):
            raise OSError(NVS._NOT_FOUND, "ESP_ERR_NVS_NOT_FOUND")
        return value

    def _set(self, key, value):
        if not 1 <= len(key) <= 15:
            raise OSError(-0x1109, "ESP_ERR_NVS_KEY_TOO_LONG")
        self._values[key] = value

    def get_i32(self, key):
        return self._get(key, int)

    def set_i32(self, key, value):
        if not -0x80000000 <= value < 0x80000000:
            raise OverflowError("no 32-bit integer")
        self._set(key, value)

    def get_blob(self, key, buffer):
        value = bytes.fromhex(self._get(key, str))
        if len(value) > len(buffer):
            raise OSError(-0x110C, "ESP_ERR_NVS_INVALID_LENGTH")
        buffer[: len(value)] = value
        return len(value)

    def set_blob(self, key, value):
        self._set(key, bytes(value).hex())

    def erase_key(self, key):
        self._get(key, (int, str))
        del self._values[key]

    def commit(self):
        with host.open_state(self._name, "w") as file:
            json.dump(self._values, file)
