# SPDX-License-Identifier: MIT
"""Does a network take us? The station tries it beside the access point, while a phone waits for the answer.

The driver's own repeats are switched off: they would take the access point down. Some codes only pass by, so that each failure is tried
again before it is believed.
"""

import network
from micropython import const

from firmware.hw.access_point import ADDRESS
from ticks import ticks_add, ticks_diff

_TRIES = const(3)
_LOOK_MS = const(200)
_PAUSE_MS = const(1000)  # between two tries
_LIMIT_MS = const(20000)
_IDLE = const(1000)  # codes from here on are no failures
_NO_ADDRESS = "0.0.0.0"
# Of WLAN.status(). A network that is there and wants another security counts as not found by the driver, too.
_REASONS = {201: "not_found", 210: "not_found", 202: "wrong_password", 204: "wrong_password"}


class WifiTest:
    """step(now_ms) until state is no longer "testing". ssid: bytes; ip: as in config.json, or None."""

    def __init__(self, ssid, password, ip, now_ms):
        self.state = "testing"
        self.address = None
        self.rssi_dbm = None
        self.ssid = ssid
        self._password = password
        self._ip = ip
        self._tries = _TRIES
        self._wlan = wlan = network.WLAN(network.STA_IF)
        wlan.active(False)
        self._is_trying = False
        self._due_ms = now_ms
        self._until_ms = ticks_add(now_ms, _LIMIT_MS)

    def step(self, now_ms):
        """How long until the next step."""
        wait_ms = ticks_diff(self._due_ms, now_ms)
        if wait_ms > 0 or self.state != "testing":
            return wait_ms
        try:
            wait_ms = self._look(now_ms) if self._is_trying else self._connect()
        except (OSError, RuntimeError):
            wait_ms = self._failed("failed")
        self._due_ms = ticks_add(now_ms, wait_ms)
        return wait_ms

    def close(self):
        """The access point is alone again."""
        self._wlan.active(False)
        if self.state == "testing":
            self.state = "untested"

    def _connect(self):
        wlan = self._wlan
        if not wlan.active():
            wlan.active(True)
            wlan.config(reconnects=0)
        if self._ip:
            ip = self._ip
            dns = ip.get("dns") or ip["gateway"]
            netmask = ip.get("netmask") or "255.255.255.0"
            wlan.ifconfig((ip["address"], netmask, ip["gateway"], dns))
        self._is_trying = True
        if self._password:
            wlan.connect(self.ssid, self._password)
        else:
            wlan.connect(self.ssid)
        return _LOOK_MS

    def _look(self, now_ms):
        wlan = self._wlan
        if wlan.isconnected() and wlan.ifconfig()[0] != _NO_ADDRESS:
            return self._connected()
        is_late = ticks_diff(now_ms, self._until_ms) >= 0
        if is_late:
            self._tries = 1
        status = wlan.status()
        if status < _IDLE:
            return self._failed(_REASONS.get(status, "failed"))
        if not is_late:
            return _LOOK_MS
        return self._failed("failed" if status == _IDLE else "no_address")

    def _connected(self):
        self.address = self._wlan.ifconfig()[0]
        self.rssi_dbm = self._wlan.status("rssi")
        ours = ADDRESS.rpartition(".")[0] + "."
        self._end("same_network" if self.address.startswith(ours) else "good")
        return 0

    def _failed(self, reason):
        self._tries -= 1
        self._is_trying = False
        if self._tries:
            self._wlan.disconnect()
            return _PAUSE_MS
        self._end(reason)
        return 0

    def _end(self, state):
        self._wlan.active(False)
        self.state = state
