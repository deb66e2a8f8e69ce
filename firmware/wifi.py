"""The Wi-Fi station: connects, and reconnects for ever.

Order and pauses follow what the ESP32 port needs: hostname before active, power save off after it, no connect while
connecting, the radio switched off and on when it has been deaf for a minute.
"""

import network

from ticks import ticks_diff

_LOOK_MS = 500
_PAUSE_MS = 1000  # between switching the radio off, on, and connecting
_RADIO_MS = 60000
_RESET_MS = 600000

_OFF = 0
_ON = 1
_CONNECTING = 2
_CONNECTED = 3
_STATES = ("off", "starting", "connecting", "connected")


class Station:
    """A part. config: the `wifi` section; on_up(address): called at each connection; give_up(reason): after 10 minutes."""

    def __init__(self, config, on_up, give_up):
        self._config = config
        self._on_up = on_up
        self._give_up = give_up
        self._wlan = None
        self._state = _OFF
        self._down_ms = None  # since when there is no connection
        self._radio_ms = 0
        self.stats = {"connects": 0, "radio_restarts": 0, "connected": 0}

    def step(self, now_ms):
        if self._down_ms is None:
            self._down_ms = now_ms
        if self._state == _OFF:
            return self._switch_on(now_ms)
        if self._state == _ON:
            return self._connect()
        if self._wlan.isconnected():
            return self._up(now_ms)
        return self._down(now_ms)

    def rssi(self):
        """dBm, or None while not connected."""
        try:
            return self._wlan.status("rssi") if self._state == _CONNECTED else None
        except OSError:
            return None

    def _switch_on(self, now_ms):
        network.hostname(self._config["hostname"])
        self._wlan = network.WLAN(network.STA_IF)
        # The radio survives a soft reset, and would refuse to connect while it still does.
        self._wlan.active(False)
        self._wlan.active(True)
        self._wlan.config(pm=self._wlan.PM_NONE)
        self._radio_ms = now_ms
        self._state = _ON
        return _PAUSE_MS if self.stats["radio_restarts"] else 0

    def _connect(self):
        config = self._config
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
            self._state = _CONNECTED
            self.stats["connects"] += 1
            self.stats["connected"] = 1
            self._on_up(self._wlan.ifconfig()[0])
        self._down_ms = now_ms
        return _LOOK_MS

    def _down(self, now_ms):
        """The driver itself tries again and again; when that does not help, the radio is restarted."""
        if self._state == _CONNECTED:
            self._state = _CONNECTING
            self.stats["connected"] = 0
            self._radio_ms = now_ms
        down_ms = ticks_diff(now_ms, self._down_ms)
        if down_ms >= _RESET_MS:
            self._give_up("no Wi-Fi for 10 minutes")
        if ticks_diff(now_ms, self._radio_ms) >= _RADIO_MS:
            self.stats["radio_restarts"] += 1
            self._wlan.active(False)
            self._state = _OFF
            return _PAUSE_MS
        return _LOOK_MS
