# SPDX-License-Identifier: MIT
"""network.WLAN with the ESP32's states and traps; the air is a control file ("wifi").

Its first letter: o(k), d(own: no access point in reach), p(assword is wrong), f(laky: 202 and 1000 show up on
the way, then it works), n(o address: connected, and nobody gives one), s(ame network as the access point's).

The file "air", where there is one, has the networks around: {"ssid", "hex" instead, "password", "channel", "rssi", "hidden"} each. Then
only these can be joined. "phones" has as many letters as stations are connected to the access point; "ap": s(trict: it takes no
settings before it is active).
"""

import json
from time import ticks_add, ticks_diff, ticks_ms

import host
import idf_heap

STA_IF = 0
AP_IF = 1
STAT_IDLE = 1000
STAT_CONNECTING = 1001
STAT_GOT_IP = 1010
STAT_BEACON_TIMEOUT = 200
STAT_NO_AP_FOUND = 201
STAT_WRONG_PASSWORD = 202
STAT_ASSOC_FAIL = 203
STAT_HANDSHAKE_TIMEOUT = 204

_START_MS = ticks_ms()
_CONNECT_MS = 1000
_RX_BUFFERS = 10
_RX_BYTES = 1600
_OK, _DOWN, _PASSWORD, _FLAKY, _NO_ADDRESS, _SAME = b"odpfns"
_STRICT = ord("s")

_hostname = "mpy-esp32"
_country = "XX"


def hostname(name=None):
    global _hostname
    if name is None:
        return _hostname
    if len(name) > 32:
        raise ValueError("hostname is longer than 32 characters")
    if any(wlan._active for wlan in WLAN._made.values()):
        host.say("network.hostname() after active(True) comes too late for DHCP and mDNS")
    _hostname = name


def _say(text):
    """As ESP-IDF does on the console, where errors only are told."""
    print(f"E ({ticks_diff(ticks_ms(), _START_MS)}) wifi:{text}")


def _take(count):
    """Memory for the driver. It says what it could not have, then the port raises."""
    idf_heap.look()
    there = idf_heap.free()
    if there < count:
        actual = max(0, there) // _RX_BYTES
        _say(f"Expected to init {_RX_BUFFERS} rx buffer, actual is {actual}")
        raise RuntimeError("Wifi Unknown Error 0x0101")
    idf_heap.take(count)


def country(code=None):
    global _country
    if code is None:
        return _country
    if len(code) != 2:
        raise ValueError("country is not two letters")
    _country = code


def _around():
    """[(ssid as a scan shows it, bssid, channel, rssi, security, hidden, password, ssid)]"""
    try:
        with host.open_state("air", "r") as file:
            networks = json.load(file)
    except OSError:
        return []
    found = []
    for i, one in enumerate(networks):
        ssid = bytes.fromhex(one["hex"]) if "hex" in one else one["ssid"].encode()
        security = WLAN.SEC_WPA2 if one.get("password") else WLAN.SEC_OPEN
        shown = b"" if one.get("hidden") else ssid
        bssid = bytes([2, 0, 0, 0, 0, i])
        rest = one.get("channel", 6), one.get("rssi", -60), security, bool(one.get("hidden"))
        found.append((shown, bssid) + rest + (one.get("password", ""), ssid))
    return found


def _phones():
    try:
        with host.open_state("phones", "r") as file:
            return len(file.read().strip())
    except OSError:
        return 1


def _is_strict():
    return host.Knob("ap", "o").read() == _STRICT


class WLAN:
    IF_STA = STA_IF
    IF_AP = AP_IF
    PM_NONE = 0
    PM_PERFORMANCE = 1
    PM_POWERSAVE = 2
    SEC_OPEN = 0
    SEC_WPA2 = 3
    SEC_WPA_WPA2 = 4
    SEC_WPA3 = 6
    SEC_WPA2_WPA3 = 7

    _made = {}

    def __new__(cls, interface=STA_IF):
        if interface not in (STA_IF, AP_IF):
            raise ValueError("invalid WLAN interface identifier")
        wlan = cls._made.get(interface)
        if wlan is None:
            if not cls._made:
                _take(idf_heap.wifi_init)
            wlan = cls._made[interface] = object.__new__(cls)
            wlan._start(interface)
        return wlan

    def __init__(self, interface=STA_IF):
        pass

    def _start(self, interface):
        self._interface = interface
        self._static = None
        self._around = _around()
        self._air = host.Knob("wifi", "o")
        self._active = False
        self._wanted = False  # connect() was called: the driver tries again by itself
        self._up = False
        self._reason = STAT_IDLE
        self._tries = 0
        self._done_at = 0
        self._settings = {
            "mac": b"\x24\x0a\xc4\x00\x00\x01",
            "ssid": "",
            "channel": 0,
            "reconnects": -1,
            "pm": WLAN.PM_PERFORMANCE,
            "txpower": 20,
            "security": WLAN.SEC_OPEN,
            "key": "",
            "max_clients": 4,
            "hidden": False,
        }

    def active(self, on=None):
        if on is None:
            return self._active
        if bool(on) != self._active:
            others = any(wlan._active for wlan in WLAN._made.values() if wlan is not self)
            if on and not others:
                _take(idf_heap.wifi_active)
            elif not on and not others:
                idf_heap.take(-idf_heap.wifi_active)
        self._active = bool(on)
        if not on:
            self._wanted = self._up = False
            self._reason = STAT_IDLE
        return self._active

    def connect(self, ssid=None, key=None, *, bssid=None):
        if not self._active:
            raise OSError("Wifi Not Started")
        self._step()
        if self._wanted and not self._up:
            _say("sta is connecting, return error")
            raise OSError("Wifi Internal State Error")
        if ssid is not None:
            if not 1 <= len(ssid) <= 32:
                raise ValueError("ssid is not 1 to 32 bytes")
            self._settings["ssid"] = ssid
            self._settings["key"] = key or ""
        self._wanted = True
        self._up = False
        self._reason = STAT_IDLE
        self._tries = 0
        self._done_at = ticks_add(ticks_ms(), _CONNECT_MS)

    def disconnect(self):
        if not self._active:
            raise OSError("Wifi Not Started")
        self._wanted = self._up = False

    def isconnected(self):
        self._step()
        return self._up

    def status(self, what=None):
        if what == "stations":
            return [(b"\x02\x00\x00\x00\x00\x01",)] * _phones()
        if what == "rssi":
            return self._seen()[3] if self._seen() else -60
        if what is not None:
            raise ValueError("unknown status param")
        self._step()
        if self._up:
            return STAT_GOT_IP
        if not self._wanted:
            return self._reason
        if self._air.read() == _FLAKY:
            left_ms = ticks_diff(self._done_at, ticks_ms())
            if 600 < left_ms < 800:
                return STAT_WRONG_PASSWORD
            if 400 < left_ms <= 600:
                return STAT_IDLE
        return STAT_CONNECTING

    def _step(self):
        """Let happen what has happened since the last look."""
        air = self._air.read()
        if self._up:
            if air == _DOWN:
                self._up = False
                self._failed(STAT_BEACON_TIMEOUT)
        elif self._wanted and ticks_diff(ticks_ms(), self._done_at) >= 0:
            if air == _DOWN or self._around and not self._seen():
                self._failed(STAT_NO_AP_FOUND)
            elif air == _PASSWORD or self._around and self._seen()[6] != self._settings["key"]:
                self._failed(STAT_WRONG_PASSWORD)
            elif air == _NO_ADDRESS:
                pass
            else:
                self._up = True
                self._tries = 0

    def _failed(self, reason):
        self._reason = reason
        self._tries += 1
        self._done_at = ticks_add(ticks_ms(), _CONNECT_MS)
        if 0 <= self._settings["reconnects"] < self._tries:
            self._wanted = False

    def config(self, what=None, **settings):
        if what is not None:
            return self._read_setting(what)
        for name, value in settings.items():
            if name == "hostname":
                hostname(value)
            elif name not in self._settings or name == "mac":
                raise ValueError("unknown config param")
            elif not self._active and (self._interface == STA_IF or _is_strict()):
                raise OSError("Wifi Not Started")
            else:
                self._settings[name] = value
        if self._interface == AP_IF and self._settings["key"]:
            if not 8 <= len(self._settings["key"]) <= 63:
                raise OSError("Wifi Invalid Password")

    def _read_setting(self, name):
        if name == "hostname":
            return _hostname
        if name not in self._settings or name == "key":
            raise ValueError("unknown config param")
        return self._settings[name]

    def ifconfig(self, given=None):
        if given is not None:
            self._static = given
        elif self._interface == AP_IF and self._active:
            return self._static or ("192.168.4.1", "255.255.255.0", "192.168.4.1", "192.168.4.1")
        elif self.isconnected():
            if self._air.read() == _SAME:
                return ("198.18.0.7", "255.255.255.0", "198.18.0.1", "198.18.0.1")
            return ("127.0.0.1", "255.0.0.0", "127.0.0.1", "127.0.0.1")
        else:
            return ("0.0.0.0", "0.0.0.0", "0.0.0.0", "0.0.0.0")

    def _seen(self):
        """The network that is wanted, as scan() has it and with its password; None where it is not around."""
        ssid = self._settings["ssid"]
        ssid = ssid if isinstance(ssid, bytes) else ssid.encode()
        for one in self._around:
            if one[7] == ssid:
                return one

    def ipconfig(self, what):
        if what == "addr4":
            return self.ifconfig()[:2]
        if what == "gw4":
            return self.ifconfig()[2]
        raise ValueError("unexpected key")

    def scan(self):
        if self._interface != STA_IF or not self._active:
            raise OSError("STA must be active")
        if self._wanted and not self._up:
            raise OSError("Wifi Invalid State")
        if self._air.read() == _DOWN:
            return []
        if self._around:
            return [one[:6] for one in self._around]
        ssid = self._settings["ssid"].encode()
        return [(ssid, b"\x00\x00\x00\x00\x00\x01", 6, -60, WLAN.SEC_WPA2, False)]
