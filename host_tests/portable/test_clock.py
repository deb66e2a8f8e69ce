# SPDX-License-Identifier: MIT
"""The clock on a scripted network with virtual time: whom it asks, what it believes, how it counts on."""

import esp32_fakes  # noqa: F401  (puts micropython in place where there is none)
from firmware import clock as module
from firmware.clock import Clock
from planning.zone import changes
from skipping import heap_taken
from ticks import ticks_add, ticks_diff

HOME = ("192.168.1.7", "255.255.255.0", "192.168.1.1", "192.168.1.2")
ROUTER = ("192.168.1.1", 123)
NAMES = ("192.168.1.2", 53)
POOL = ("192.0.2.7", 123)
NOON = 200 * 86400 + 43200  # 2024-07-19 12:00:00 UTC
EPOCH_S = 3913056000


def told(start_s, first=0x24, stratum=2):
    """A server that says: so many seconds had passed since 2024 when this test began."""

    def answer(asked):
        assert len(asked) == 48 and asked[0] == 0x23
        at = ((EPOCH_S + start_s + Net.passed_s) % (1 << 32)).to_bytes(4, "big") + bytes(4)
        return bytes([first, stratum]) + bytes(22) + asked[40:] + at + at

    return answer


def named(asked):
    """A DNS server that knows the pool."""
    assert asked[12:] == b"\4pool\3ntp\3org\0\0\1\0\1"
    head = asked[:2] + b"\x81\x80\0\1\0\1\0\0\0\0"
    return head + asked[12:] + b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\x07"


def silent(asked):
    return None


def unreachable(asked):
    raise OSError(113)


class Socket:
    open = 0

    def __init__(self, family, kind):
        assert (family, kind) == (2, 1)
        self._waits = True
        self._reply = None
        Socket.open += 1

    def connect(self, address):
        self._address = address

    def setblocking(self, on):
        self._waits = on

    def write(self, request):
        assert not self._waits
        Net.asked.append(self._address)
        self._reply = Net.servers.get(self._address, silent)(request)

    def readinto(self, buffer):
        assert not self._waits
        reply, self._reply = self._reply, None
        if reply is None:
            return None
        buffer[: len(reply)] = reply
        return len(reply)

    def close(self):
        Socket.open -= 1


class Net:
    """Stands for the module socket."""

    AF_INET, SOCK_DGRAM = 2, 1
    socket = Socket

    @staticmethod
    def getaddrinfo(host, port):
        assert host.replace(".", "").isdigit(), "a name would hold the loop"
        return [(2, 1, 0, "", (host, port))]


class Random:
    """In place of os where that has no urandom: the WebAssembly build."""

    asked = 0

    @classmethod
    def urandom(cls, size):
        cls.asked += 1
        return bytes([cls.asked & 0xFF] * size)


class House:
    """A clock, and the virtual time that passes for it."""

    def __init__(self, servers, zone="UTC0", start_ms=5, **config):
        module.socket = Net
        if not hasattr(module.os, "urandom"):
            module.os = Random
        Net.servers = servers
        Net.asked = []
        Net.passed_s = 0
        Socket.open = 0
        settings = {"server": None, "port": 123}
        settings.update(config)
        self.clock = Clock(dict(settings, zone=changes(zone)))
        self.wifi = HOME
        self.clock.network = lambda: self.wifi
        self.now_ms = start_ms
        self.passed_ms = 0
        self.day = self.clock.day

    def passes(self, seconds):
        until_ms = self.passed_ms + seconds * 1000
        while self.passed_ms < until_ms:
            delay_ms = self.clock.step(self.now_ms)
            assert 10 <= delay_ms <= 1000
            self.passed_ms += delay_ms
            Net.passed_s = self.passed_ms // 1000
            self.now_ms = ticks_add(self.now_ms, delay_ms)
        return self


def test_time_is_unknown_until_a_server_has_told_it():
    house = House({ROUTER: silent})
    assert house.day() is None
    assert house.passes(10).day() is None
    assert house.clock.stats == {"known": 0, "asked": 1, "answered": 0}


def test_one_answer_alone_is_not_believed_and_a_second_one_is():
    house = House({ROUTER: told(NOON)}).passes(1)
    assert house.day() is None
    assert house.clock.stats == {"known": 0, "asked": 1, "answered": 1}
    house.passes(60)  # the pool, which is silent, and the router again
    assert house.day() == 200 and Net.asked == [ROUTER, NAMES, ROUTER]
    house.passes(4 * 3600)
    assert Net.asked == [ROUTER, NAMES, ROUTER, ROUTER] and Socket.open == 0


def test_second_opinion_is_that_of_another_server_where_there_is_one():
    house = House({ROUTER: told(NOON), NAMES: named, POOL: told(NOON + 59)}).passes(20)
    assert Net.asked == [ROUTER, NAMES, POOL] and house.day() == 200


def test_answer_that_is_wrong_after_a_start_begins_no_day():
    """A router that has just started, and tells its epoch or yesterday until it has asked somebody."""
    for wrong_by_s in (-86400, 86400, -150 * 86400, -61, 61):
        house = House({ROUTER: told(NOON + wrong_by_s), NAMES: named, POOL: told(NOON)})
        days = []
        for _ in range(20):
            days.append(house.passes(1).day())
        assert days == [None] * 20 and Net.asked == [ROUTER, NAMES, POOL]
        Net.servers[ROUTER] = told(NOON)
        for _ in range(40):
            days.append(house.passes(1).day())
        assert set(days) == {None, 200} and days[-1] == 200, wrong_by_s


def test_pool_is_asked_by_its_name_where_the_router_is_silent():
    house = House({NAMES: named, POOL: told(NOON)}).passes(90)
    assert Net.asked == [ROUTER, NAMES, POOL, ROUTER, NAMES, POOL] and house.day() == 200
    house.passes(4 * 3600)
    assert Net.asked[6:] == [NAMES, POOL], "what answered last is asked again, by its name"


def test_server_of_the_config_is_the_only_one():
    house = House({}, server="10.0.0.9", port=1123).passes(200)
    assert set(Net.asked) == {("10.0.0.9", 1123)} and house.day() is None
    House({}, server="pool.ntp.org").passes(200)
    assert set(Net.asked) == {NAMES}


def test_nobody_is_asked_without_wifi():
    house = House({ROUTER: told(NOON)})
    house.wifi = None
    assert house.passes(600).clock.stats["asked"] == 0
    house.wifi = HOME
    assert house.passes(40).day() == 200


def test_silence_is_asked_again_after_growing_pauses():
    house = House({}, server="10.0.0.9")
    asked_at_s = []
    while house.passed_ms < 6000000:
        before = len(Net.asked)
        house.passes(1)
        if len(Net.asked) > before:
            asked_at_s.append(house.passed_ms // 1000)
    pauses_s = [b - a for a, b in zip(asked_at_s, asked_at_s[1:])]
    assert pauses_s[0] >= 15 and len(pauses_s) <= 10
    assert all(b >= a for a, b in zip(pauses_s, pauses_s[1:]))
    assert 1000 < pauses_s[-1] < 1100 and Socket.open == 0


def test_network_that_refuses_is_silence():
    house = House({ROUTER: unreachable, NAMES: unreachable}).passes(100)
    assert house.day() is None and Socket.open == 0
    Net.servers = {ROUTER: told(NOON), NAMES: silent}
    assert house.passes(200).day() == 200


def test_wrong_answer_is_ignored_and_the_right_one_awaited():
    for wrong in (told(NOON, first=0xE4), told(NOON, stratum=16), lambda asked: b"noise"):
        house = House({ROUTER: wrong}).passes(1)
        assert house.day() is None and Socket.open == 1
        assert house.passes(2).day() is None and Socket.open == 0


def test_kiss_of_death_is_obeyed_for_hours():
    house = House({}, server="10.0.0.9")
    Net.servers[("10.0.0.9", 123)] = told(NOON, first=0xE4, stratum=0)
    house.passes(4 * 3600 - 60)
    assert len(Net.asked) == 1 and house.day() is None


def test_time_counts_on_over_the_wrap_of_the_ticks():
    house = House({ROUTER: told(NOON)}, start_ms=ticks_add(0, -3000)).passes(50)
    Net.servers = {}
    house.passes(43200 - 59)
    assert house.day() == 200
    assert house.passes(20).day() == 201


def test_local_midnight_moves_with_the_zone_and_its_summer():
    # 22:00 UTC is midnight in Vienna in July; in January it is 23:00 UTC.
    for utc_s, zone, midnight_s in (
        (200 * 86400 + 79000, "CET-1CEST,M3.5.0,M10.5.0/3", 200 * 86400 + 79200),
        (10 * 86400 + 82600, "CET-1CEST,M3.5.0,M10.5.0/3", 10 * 86400 + 82800),
        (10 * 86400 + 46600, "AEST-10AEDT,M10.1.0,M4.1.0/3", 10 * 86400 + 46800),
    ):
        house = House({ROUTER: told(utc_s)}, zone).passes(50)
        day = house.day()
        house.passes(midnight_s - utc_s - 59)
        assert house.day() == day
        assert house.passes(20).day() == day + 1


def test_clock_change_while_running_moves_the_next_midnight():
    # 2024-10-27 00:30:00 UTC, half an hour before the summer ends: that day has 25 hours.
    house = House({ROUTER: told(300 * 86400 + 1800)}, "CET-1CEST,M3.5.0,M10.5.0/3").passes(50)
    Net.servers = {}
    house.passes(22 * 3600 + 1651)  # 23:00 UTC is midnight again, not 22:00
    assert house.day() == 300
    assert house.passes(200).day() == 301


def test_clock_that_ran_ahead_stands_still_and_no_day_begins_twice():
    start_s = 201 * 86400 - 4 * 3600 - 40
    house = House({ROUTER: told(start_s + 10)})
    house.passes(4 * 3600 - 10)
    Net.servers = {ROUTER: told(start_s)}  # the truth, when it is asked for again around midnight
    days = []
    for _ in range(60):
        days.append(house.passes(1).day())
    assert days[0] == 200 and days[-1] == 201 and days == sorted(days)
    assert len(Net.asked) == 4 and house.clock.stats["known"] == 1


def test_jump_of_the_clock_makes_the_time_unknown_until_it_is_confirmed():
    for wrong_by_s in (86400, -86400, 61):
        house = House({ROUTER: told(NOON)}).passes(60)
        Net.servers = {ROUTER: told(NOON + wrong_by_s)}
        house.passes(4 * 3600 - 15)
        assert house.day() is None and house.clock.stats["known"] == 0
        house.passes(60)
        assert house.day() == (NOON + 4 * 3600 + wrong_by_s) // 86400


def test_clock_that_was_in_another_season_keeps_the_right_summer_time():
    # The server is wrong by half a year: 2024-12-31. In July Vienna's day begins at 22:00 UTC.
    house = House({ROUTER: told(365 * 86400)}, "CET-1CEST,M3.5.0,M10.5.0/3").passes(40)
    assert house.day() == 365
    Net.servers = {ROUTER: told(200 * 86400 + 22 * 3600 + 600 - 4 * 3600)}
    assert house.passes(4 * 3600 + 90).day() == 201


def test_second_that_is_looked_at_late_is_not_lost():
    house = House({ROUTER: told(201 * 86400 - 60)}).passes(40)
    house.now_ms = ticks_add(house.now_ms, 40000)
    assert house.passes(1).day() == 201


def test_time_is_counted_without_heap():
    house = House({ROUTER: told(NOON)}, "CET-1CEST,M3.5.0,M10.5.0/3").passes(40)
    clock = house.clock
    clock.day()

    def count():
        now_ms = house.now_ms
        for _ in range(100):
            now_ms = (now_ms + 997) & 0x1FFFFFFF
            clock.step(now_ms)
            clock.day()
        assert ticks_diff(now_ms, house.now_ms) > 90000

    assert heap_taken(count) == 0
