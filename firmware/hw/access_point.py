# SPDX-License-Identifier: MIT
"""The board's own Wi-Fi network, for the set-up mode: its name and key, the networks around, and the address under which it is found."""

import esp32
import network
from micropython import const

_KEY_BYTES = const(63)
_KEY_LEAST_BYTES = const(8)  # of WPA2
_CLIENTS = const(4)
# Of the net for benchmarks (RFC 2544), which nobody has at home; phones take a private address for "no internet" and show no page.
ADDRESS = "198.18.0.1"
_NETMASK = "255.255.255.0"
_CHANNEL = const(6)  # where nothing is around


def key():
    """The key that `make setup` has put into NVS, or None: then there is no network."""
    buffer = bytearray(_KEY_BYTES)
    try:
        count = esp32.NVS("setup").get_blob("key", buffer)
    except OSError:
        return None
    return str(bytes(buffer[:count]), "utf-8") if count >= _KEY_LEAST_BYTES else None


def name():
    """Of the network: the end of the station's MAC tells boards apart."""
    mac = network.WLAN(network.STA_IF).config("mac")
    return "NRGkick-Bridge-%02X%02X" % (mac[4], mac[5])


def scanned():
    """[(ssid, channel, rssi_dbm, is_open)], strongest first, each name once, hidden ones left out. Holds the loop for some 2 s.

    Before the access point is there: a scan would lose the phone.
    """
    station = network.WLAN(network.STA_IF)
    station.active(False)  # it may have survived a soft reset, and would not scan then
    station.active(True)
    try:
        found = station.scan()
    except OSError:
        found = []  # the dialogue goes on with a name that is typed
    station.active(False)
    best = {}
    for ssid, _, channel, rssi_dbm, security, _ in found:
        if ssid and (ssid not in best or best[ssid][2] < rssi_dbm):
            best[ssid] = (ssid, channel, rssi_dbm, not security)
    return sorted(best.values(), key=lambda one: -one[2])


def start(ssid, password, channel):
    """Switch it on; returns the interface. channel: that of the home's network, so that testing it moves nothing; None: any."""
    point = network.WLAN(network.AP_IF)
    point.active(False)
    settings = {
        "ssid": ssid,
        "security": point.SEC_WPA2,  # without it the key is not used
        "key": password,
        "channel": channel or _CHANNEL,
        "max_clients": _CLIENTS,
    }
    try:
        # Before it is active, so that no open network is ever in the air.
        point.config(**settings)
        point.active(True)
    except OSError:
        point.active(True)
        point.config(**settings)
    point.ifconfig((ADDRESS, _NETMASK, ADDRESS, ADDRESS))
    return point


def phones(point):
    """How many are connected."""
    return len(point.status("stations"))
