# SPDX-License-Identifier: MIT
"""The station on a strict virtual WLAN with virtual time."""

from esp32_fakes import Board, Clock
from firmware import log
from firmware.hw.wifi import Station
from ticks import ticks_add, ticks_diff

MINUTE_MS = 60000


class Home:
    """A station at home, and what it said. Times are ms since its start."""

    def __init__(self, start_ms=1000, before=None, **config):
        Board.fresh()
        Clock.now_ms = self.start_ms = start_ms
        self.wlan = Board.wlan
        if before:
            before(self.wlan)
        self.wlan.calls.clear()
        settings = {"ssid": "Home", "password": "secret", "hostname": "bridge", "ip": None}
        settings.update(config)
        self.ups = []
        self.resets = []
        self.station = Station(settings, self.ups.append, self.resets.append)
        self.stats = self.station.stats

    def passed_ms(self):
        return ticks_diff(Clock.now_ms, self.start_ms)

    def until(self, ms):
        """Let time pass as the supervisor does."""
        while self.passed_ms() < ms:
            delay_ms = self.station.step(Clock.now_ms)
            assert 0 <= delay_ms <= 1000, "it must not sleep through the watchdog"
            Clock.now_ms = ticks_add(Clock.now_ms, max(1, delay_ms))
        return self

    def falls(self, air, ms):
        self.wlan.air = air
        return self.until(self.passed_ms() + ms)


def test_name_then_radio_then_power_save_off_then_connect():
    home = Home().until(3000)
    assert home.wlan.calls == ["on", "connect"]
    assert Board.hostname == "bridge" and home.wlan.power_save == 0
    assert home.wlan.credentials == ("Home", "secret")
    assert home.ups == ["192.168.1.7"]
    assert home.stats == {"connects": 1, "radio_restarts": 0, "connected": 1, "rssi_dbm": -60}


def test_first_connect_waits_for_nothing():
    home = Home()
    home.until(10)
    assert home.wlan.calls == ["on", "connect"]


def test_open_network_gets_no_password():
    home = Home(password="").until(3000)
    assert home.wlan.credentials == ("Home", None) and home.ups


def test_static_address_is_set_before_connecting():
    ip = {"address": "10.0.0.5", "netmask": "255.0.0.0", "gateway": "10.0.0.1", "dns": "10.0.0.2"}
    home = Home(ip=ip).until(3000)
    assert home.wlan.calls == ["on", "ifconfig", "connect"]
    assert home.wlan.given == ("10.0.0.5", "255.0.0.0", "10.0.0.1", "10.0.0.2")


def test_radio_that_survived_a_soft_reset_is_switched_off_first():
    def still_connecting(wlan):
        wlan.active(True)
        wlan.connect("Home", "old")

    home = Home(before=still_connecting).until(6000)
    assert home.wlan.calls == ["off", "on", "connect"] and home.ups


def test_pauses_lie_between_off_on_and_connect():
    at_ms = Home(before=lambda wlan: wlan.active(True)).until(5000).wlan.at_ms
    assert at_ms["on"] - at_ms["off"] >= 1000 and at_ms["connect"] - at_ms["on"] >= 1000


def test_router_reboot_is_sat_out_by_the_driver():
    home = Home().until(5000).falls("away", 45000)
    assert home.stats["connected"] == 0
    home.falls("ok", 5000)
    assert home.ups == ["192.168.1.7"] * 2 and home.wlan.calls == ["on", "connect"]
    assert home.stats == {"connects": 2, "radio_restarts": 0, "connected": 1, "rssi_dbm": -60}


def test_passing_status_codes_are_not_acted_upon():
    home = Home()
    home.wlan.JOIN_MS = 20000
    home.until(25000)
    assert home.wlan.calls == ["on", "connect"] and home.ups


def test_radio_restarts_every_minute_while_the_access_point_is_away():
    home = Home()
    home.falls("away", 5 * MINUTE_MS)
    assert home.wlan.calls == ["on", "connect", "connect"] + ["off", "on", "connect"] * 4
    assert home.stats["radio_restarts"] == 4 and not home.resets
    home.falls("ok", 5000)
    assert home.stats["connected"] == 1


def test_why_there_is_no_connection_is_told_once_and_soon():
    """Codes of ESP-IDF: 201 no access point of that name, 202 not let in."""
    told = []
    warn = log.warn
    log.warn = lambda *words: told.append(words)
    try:
        for air, code in (("away", 201), ("password", 202)):
            home = Home()
            home.falls(air, 8000)
            assert told == [("Wi-Fi: none, status", code)]
            home.falls(air, MINUTE_MS - 9000)
            assert len(told) == 1 and home.wlan.calls == ["on", "connect", "connect"]
            home.falls("ok", 6000)
            assert home.ups
            told.clear()
    finally:
        log.warn = warn


def test_driver_that_connected_tries_again_for_ever():
    home = Home().until(5000).falls("away", 50000)
    assert home.wlan.calls == ["on", "connect"]
    home.falls("ok", 2000)
    assert home.stats["connected"] == 1


def test_minute_counts_from_the_loss():
    home = Home().until(10 * MINUTE_MS).falls("away", MINUTE_MS - 2000)
    assert home.stats["radio_restarts"] == 0
    home.falls("away", 4000)
    assert home.stats["radio_restarts"] == 1


def test_wrong_password_is_tried_for_ever_with_a_reset_each_ten_minutes():
    home = Home()
    home.falls("password", 10 * MINUTE_MS - 2000)
    assert home.resets == []
    home.until(10 * MINUTE_MS + 2000)
    assert home.resets == ["no Wi-Fi for 10 minutes"]
    home.falls("ok", MINUTE_MS + 5000)
    assert home.stats["connected"] == 1


def test_ten_minutes_count_from_the_last_connection():
    home = Home().until(30 * MINUTE_MS).falls("away", 9 * MINUTE_MS)
    assert home.resets == []
    home.falls("away", 2 * MINUTE_MS)
    assert home.resets == ["no Wi-Fi for 10 minutes"]


def test_no_address_from_dhcp_counts_as_no_connection():
    home = Home()
    home.falls("no address", MINUTE_MS + 5000)
    assert home.ups == [] and home.stats["radio_restarts"] == 1
    home.falls("ok", 5000)
    assert home.ups == ["192.168.1.7"]


def test_lost_address_restarts_the_radio():
    home = Home().until(10000)
    home.wlan.address = "0.0.0.0"  # the lease is over; isconnected() stays true
    home.until(10000 + 45000)
    assert home.stats == {"connects": 2, "radio_restarts": 1, "connected": 1, "rssi_dbm": -60}
    assert home.ups == ["192.168.1.7"] * 2


def test_refused_connect_restarts_the_radio():
    home = Home()
    refused = []

    def connect(ssid, password=None):
        refused.append(1)
        raise OSError("Wifi Internal State Error")

    real = home.wlan.connect
    home.wlan.connect = connect
    home.until(100)
    home.wlan.connect = real
    home.until(6000)
    assert refused == [1] and home.stats["connected"] == 1 and home.stats["radio_restarts"] == 1


def test_wrap_of_the_ticks_changes_nothing():
    home = Home(start_ms=ticks_add(0, -30000)).until(5000).falls("away", 50000)
    assert home.stats["radio_restarts"] == 0 and home.resets == []
    home.falls("ok", 5000)
    assert home.stats["connected"] == 1


def test_signal_strength_is_told_only_while_connected():
    home = Home()
    assert home.stats["rssi_dbm"] is None
    assert home.until(5000).stats["rssi_dbm"] == -60
    assert home.falls("away", 2000).stats["rssi_dbm"] is None


def test_radio_that_does_not_start_is_tried_again_and_told_once():
    for air in ("no memory", "unknown error"):
        home = Home()
        warnings = log.stats["warnings"]
        home.falls(air, MINUTE_MS)
        assert home.wlan.calls.count("on") > 25
        assert log.stats["warnings"] == warnings + 1
        home.falls("ok", 5000)
        assert home.ups == ["192.168.1.7"] and not home.resets


def test_radio_that_never_starts_is_a_reason_for_a_reset():
    home = Home()
    home.falls("no memory", 10 * MINUTE_MS + 2000)
    assert home.resets == ["no Wi-Fi for 10 minutes"]


def test_network_is_told_only_while_connected():
    home = Home(before=lambda wlan: wlan.active(True))
    assert home.station.network() is None
    network = ("192.168.1.7", "255.255.255.0", "192.168.1.1", "192.168.1.1")
    assert home.until(5000).station.network() == network
    assert home.falls("away", 1000).station.network() is None
