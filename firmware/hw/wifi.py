# SPDX-License-Identifier: MIT
"""The Wi-Fi station: connects, and reconnects for ever.

Order and pauses follow what the ESP32 port needs: hostname before active, power save off after it, no connect while
connecting, status codes not believed, and the radio switched off and on when nothing has come of it for a minute.
"""

import network
from micropython import const

from firmware import log
from ticks import ticks_diff

_LOOK_MS = const(500)
_PAUSE_MS = const(1000)  # between switching the radio off, on, and connecting
_RADIO_MS = const(60000)
_RESET_MS = const(600000)
_ADDRESS_LOOKS = const(60)  # a look at the address costs some 200 bytes of heap
_NO_ADDRESS = "0.0.0.0"
_FEW = const(1)  # tries of the driver beside the first
_FOR_EVER = const(-1)
_GOING_ON = const(1000)  # status codes from here on are no failures

_OFF = const(0)
_ON = const(1)
_CONNECTING = const(2)
_CONNECTED = const(3)


class Station:
    """A part. config: the `wifi` section; on_up(address): called at each connection; give_up(reason): after 10 minutes."""

    def __init__(self, config, on_up, give_up):
        self._config = config
        self._on_up = on_up
        self._give_up = give_up
        self._wlan = network.WLAN(network.STA_IF)
        self._state = _OFF
        self._since_ms = None  # when there was last a connection, or the first try
        self._radio_ms = 0
        self._pause_ms = 0
        self._looks = 0
        self._fault = ""  # what the driver said last: told once
        # The driver tells why it cannot connect only when it gives up: so at first it may try but twice. None: for ever.
        self._status = _GOING_ON
        self.stats = {"connects": 0, "radio_restarts": 0, "connected": 0, "rssi_dbm": None}

    def step(self, now_ms):
        """No heap while nothing changes, but for the address."""
        if self._since_ms is None:
            self._since_ms = now_ms
        if ticks_diff(now_ms, self._since_ms) >= _RESET_MS:
            self._since_ms = now_ms
            self._give_up("no Wi-Fi for 10 minutes")
        try:
            return self._advance(now_ms)
        except (OSError, RuntimeError) as error:
            # The second stands for every fault that the port has no name for.
            return self._failed(str(error))

    def _advance(self, now_ms):
        if self._state == _OFF:
            return self._switch_on(now_ms)
        if self._state == _ON:
            return self._connect()
        if self._wlan.isconnected():
            return self._up(now_ms)
        return self._down(now_ms)

    def network(self):
        """(address, netmask, gateway, DNS server), None while not connected."""
        return self._wlan.ifconfig() if self._state == _CONNECTED else None

    def _switch_on(self, now_ms):
        wlan = self._wlan
        self._radio_ms = now_ms
        if wlan.active():
            # After a restart, or it survived a soft reset: it would refuse to connect while it still does.
            wlan.active(False)
            self._pause_ms = _PAUSE_MS
            return _PAUSE_MS
        network.hostname(self._config["hostname"])
        wlan.active(True)
        wlan.config(pm=wlan.PM_NONE)
        self._state = _ON
        return self._pause_ms

    def _connect(self):
        config = self._config
        self._wlan.config(reconnects=_FOR_EVER if self._status is None else _FEW)
        if config["ip"]:
            ip = config["ip"]
            self._wlan.ifconfig((ip["address"], ip["netmask"], ip["gateway"], ip["dns"]))
        if config["password"]:
            self._wlan.connect(config["ssid"], config["password"])
        else:
            self._wlan.connect(config["ssid"])
        self._state = _CONNECTING
        return _LOOK_MS

    def _up(self, now_ms):
        if self._state != _CONNECTED:
            address = self._wlan.ifconfig()[0]
            self._state = _CONNECTED
            self._status = None
            self._wlan.config(reconnects=_FOR_EVER)
            self._looks = 0
            self.stats["connects"] += 1
            self.stats["connected"] = 1
            log.info("Wi-Fi: connected as", address)
            self._on_up(address)
        self._since_ms = now_ms
        if self._looks == 0:
            self.stats["rssi_dbm"] = self._wlan.status("rssi")
        self._looks += 1
        if self._looks == _ADDRESS_LOOKS:
            self._looks = 0
            if self._wlan.ifconfig()[0] == _NO_ADDRESS:
                # The driver does not tell, and does not ask for another.
                self._lost("address")
                return self._restart()
        return _LOOK_MS

    def _down(self, now_ms):
        """The driver itself tries again and again; when that does not help, the radio is restarted."""
        before = self._status
        if before is not None:
            self._status = self._wlan.status()
            if before == self._status < _GOING_ON:  # some pass by while it is still trying
                log.warn("Wi-Fi: none, status", before)
                self._status = None
                return self._connect()
        if self._state == _CONNECTED:
            self._lost("connection")
            self._radio_ms = now_ms
        if ticks_diff(now_ms, self._radio_ms) >= _RADIO_MS:
            log.warn("Wi-Fi: none for a minute, status", self._wlan.status())
            return self._restart()
        return _LOOK_MS

    def _lost(self, what):
        log.warn("Wi-Fi: lost the", what)
        self._state = _CONNECTING
        self.stats["connected"] = 0
        self.stats["rssi_dbm"] = None

    def _failed(self, fault):
        """The driver has no memory, or is in a state of its own: off and on again, as often as it takes."""
        if fault != self._fault:
            self._fault = fault
            log.warn("Wi-Fi:", fault)
        if self._state == _CONNECTED:
            self._lost("connection")
        return self._restart()

    def _restart(self):
        self.stats["radio_restarts"] += 1
        self._state = _OFF
        return _PAUSE_MS
