# SPDX-License-Identifier: MIT
"""Who has to go when all slots are busy, and that it is never the charger: over scripted sockets and virtual time."""

from httpd import responses
from httpd.chargers import Chargers
from httpd_fakes import GET_PAGE, GET_VALUES, TAIL, Rig


def test_a_full_rig_drops_the_idlest_other():
    rig = Rig(slots=3)
    socks = []
    for i in range(3):
        socks.append(rig.connect(host="10.0.0.%d" % i))
        rig.step(100)
    socks[0].incoming.append(b"GET ")
    rig.step(100)
    rig.connect(host="10.0.0.9")
    assert [sock.is_closed for sock in socks] == [False, True, False]
    assert rig.stat("dropped_full") == 1


def test_who_has_its_answer_goes_before_an_idle_one():
    rig = Rig(slots=2)
    idle = rig.connect(host="10.0.0.1")
    rig.step(10)
    answered = rig.connect(GET_PAGE, host="10.0.0.2")
    rig.step(10)
    rig.connect(host="10.0.0.3")
    assert answered.is_closed and not idle.is_closed
    assert rig.stat("dropped_full") == 0


def test_the_charger_is_dropped_last():
    rig = Rig(slots=3)
    rig.run(rig.connect(GET_VALUES, b"", host="10.0.0.7"))
    charger = rig.connect(host="10.0.0.7")
    rig.step(100)
    for i in range(20):
        rig.connect(host="10.0.1.%d" % i)
        rig.step(1)
    assert not charger.is_closed
    charger.incoming.append(GET_VALUES)
    rig.step()
    assert charger.status() == b"200"


def test_a_flood_from_one_address_drops_only_its_own():
    rig = Rig(slots=5)
    other = rig.connect(host="10.0.0.1")
    another = rig.connect(host="10.0.0.2")
    rig.step(1000)
    for _ in range(50):
        rig.connect(host="10.0.0.66")
        rig.step(1)
    assert not other.is_closed and not another.is_closed


def test_a_new_charger_gets_in_whatever_the_rig_is_full_of():
    for incoming in ((), (GET_VALUES,), (b"GET / HT",)):
        rig = Rig(slots=5)
        for i in range(5):
            rig.connect(*incoming, host="10.0.2.%d" % i, takes=[1] + [0] * 99)
            rig.step(10)
        charger = rig.connect(host="10.0.0.7")
        rig.step(3)
        charger.incoming.append(GET_VALUES)
        rig.step(3)
        assert charger.status() == b"200"


def ask(rig, host):
    """One request for values.json; whether it was answered."""
    sock = rig.connect(GET_VALUES, b"", host=host)
    rig.run(sock, 3)
    return sock.status() == b"200"


def is_safe(rig, host):
    """Does a connection of this client, whose request has not come yet, outlast any number of others?"""
    sock = rig.connect(host=host)
    for number in range(20):
        rig.step(5)
        rig.connect(host="10.0.9.%d" % number)
    sock.incoming += [GET_VALUES, b""]
    rig.run(sock, 3)
    return sock.status() == b"200"


def test_the_charger_stays_the_charger_when_others_ask_once():
    for others in range(1, 9):
        rig = Rig()
        for _ in range(3):
            assert ask(rig, "10.0.0.7")
            rig.step(1000)
        for number in range(others):
            assert ask(rig, "10.0.1.%d" % number)
        assert is_safe(rig, "10.0.0.7"), others


def test_a_charger_that_is_new_becomes_one_beside_those_that_asked_once():
    rig = Rig()
    for number in range(9):
        ask(rig, "10.0.1.%d" % number)
        rig.step(1)
    for _ in range(11):
        rig.step(1000)
        assert ask(rig, "10.0.0.7")
    assert is_safe(rig, "10.0.0.7")


def test_the_slowest_charger_is_one_too():
    """By DiniTech's document a value may be 7 s old, so nobody who needs it asks less often."""
    rig = Rig()
    for number in range(4):
        ask(rig, "10.0.0.7")
        for second in range(7):
            rig.step(1000)
            ask(rig, "10.0.%d.%d" % (number + 1, second))
    assert is_safe(rig, "10.0.0.7")


def test_a_charger_that_has_gone_gives_its_place_to_another():
    rig = Rig()
    for _ in range(60):
        for number in range(4):
            ask(rig, "10.0.0.%d" % number)
        rig.step(1000)
    ask(rig, "10.0.1.1")
    assert not is_safe(rig, "10.0.1.1")
    for _ in range(60):
        rig.step(1000)
        for number in range(3):
            ask(rig, "10.0.0.%d" % number)
        ask(rig, "10.0.1.1")
    assert is_safe(rig, "10.0.1.1")


def test_a_client_that_nobody_knows_has_50_ms_to_ask():
    """Its request comes some ms after its connection; in a flood of clients that ask at once these go first."""
    for request in (GET_VALUES, GET_PAGE, b"", b"GET "):
        rig = Rig()
        sock = rig.connect(host="10.0.0.7")
        for millisecond in range(49):
            for number in range(3):
                rig.connect(
                    *[request] * (request != b""), host="10.0.1.%d" % (number + millisecond)
                )
            rig.step(1)
        sock.incoming.append(GET_VALUES)
        rig.step()
        assert sock.status() == b"200", request


def test_a_client_with_more_connections_loses_one_of_its_own():
    rig = Rig()
    other = rig.connect(host="10.0.0.1")
    rig.step(100)
    own = rig.connect(host="10.0.0.66")
    rig.step(500)
    for number in range(2, 5):
        rig.connect(host="10.0.0.%d" % number)
    rig.step(60)
    rig.connect(host="10.0.0.66")
    assert own.is_closed and not other.is_closed


def test_of_many_that_come_within_a_millisecond_the_first_are_spared():
    rig = Rig()
    socks = [rig.connect(host="10.0.0.%d" % number) for number in range(5)]
    socks += [rig.connect(host="10.0.1.%d" % number) for number in range(5)]
    assert [sock.is_closed for sock in socks] == [False] * 4 + [True] * 5 + [False]


def test_the_charger_is_known_whenever_the_ticks_begin():
    """A soft reset does not set the ticks back; in 32 bits they count to 2**30."""
    for begin_ms in (0, (1 << 29) - 1500, (1 << 29) + 5000, (1 << 30) - 1500):
        rig = Rig()
        rig.now_ms = begin_ms
        for _ in range(4):
            assert ask(rig, "10.0.0.7")
            rig.step(1000)
        assert rig.server.chargers.rank("10.0.0.7") == 2, begin_ms


def test_a_charger_that_floods_us_with_connections_is_none():
    rig = Rig()
    for _ in range(3):
        assert ask(rig, "10.0.0.7")
        rig.step(1000)
    assert rig.server.chargers.rank("10.0.0.7") == 2
    for _ in range(5 + 11):
        rig.connect(host="10.0.0.7")
    rig.step(1000)
    assert rig.server.chargers.rank("10.0.0.7") == 0


def test_who_waits_for_a_page_is_not_spared_as_a_charger():
    page = responses.Fixed("200", "text/html", b"x" * 5000)
    rig = Rig(buffer_bytes=500, routes={b"/big": page})
    hosts = ["10.0.0.%d" % number for number in range(4)]
    for _ in range(3):
        for host in hosts:
            assert ask(rig, host)
        rig.step(1000)
    readers = [rig.connect(b"GET /big" + TAIL, host=host) for host in hosts]
    late = rig.connect(host="10.0.1.1")
    rig.step(1)
    for number in range(2):
        rig.connect(GET_VALUES, b"", host="10.0.2.%d" % number)
    assert [sock.status() for sock in readers].count(b"503") == 1
    late.incoming.append(GET_VALUES)
    rig.step()
    assert late.status() == b"200" and readers[0].status() == b"200"


def test_a_client_that_says_nothing_for_longer_goes_first():
    rig = Rig()
    silent = [rig.connect(host="10.0.0.0")]
    rig.step(1)
    silent.append(rig.connect(host="10.0.0.1"))
    rig.step(50)
    young = [rig.connect(host="10.0.0.%d" % number) for number in range(2, 5)]
    rig.step(20)
    for number in range(2):
        assert not silent[number].is_closed
        young.append(rig.connect(host="10.0.1.%d" % number))
        assert silent[number].is_closed
    assert not any(sock.is_closed for sock in young)


def steady(chargers, clients, seconds):
    """Each asks once a second."""
    for second in range(seconds):
        for client in clients:
            chargers.count(client)
        chargers.step(second * 1000)


def test_five_chargers_are_one_too_many_and_the_first_four_stay():
    chargers = Chargers((0, 0, 0, 0))
    steady(chargers, range(1, 6), 20)
    ranks = [chargers.rank(client) for client in range(1, 6)]
    assert sorted(ranks) == [0, 2, 2, 2, 2]
    late = 1 + ranks.index(0)
    steady(chargers, range(1, 6), 100)
    assert [chargers.rank(client) for client in range(1, 6)] == ranks
    steady(chargers, [late], 40)
    assert chargers.rank(late) == 2


def test_who_asks_more_often_than_a_charger_would_is_none():
    """The quickest asks five times a second, and may connect as often while all slots are busy."""
    chargers = Chargers((0, 0, 0, 0))
    for times, rank in ((1, 1), (5, 2), (10, 2), (11, 0), (300, 0), (10, 1), (1, 2)):
        for _ in range(times):
            chargers.count(1)
        chargers.step(0)
        assert chargers.rank(1) == rank, times
    for _ in range(11):
        chargers.count(1, False)
    chargers.step(0)
    assert chargers.rank(1) == 0
    chargers.count(1, False)
    assert chargers.rank(1) == 0


def test_a_charger_gets_its_place_among_twelve_that_flood():
    """It asks once a second, at another moment each time; they in turns, 200 times a second each."""
    chargers = Chargers((0, 0, 0, 0))
    for second in range(8):
        for number in range(2400):
            chargers.count(number * 7 % 12)
            if number == 1000 + 77 * second:
                chargers.count("charger")
        chargers.step(second * 1000)
        assert 2 not in [chargers.rank(number) for number in range(12)]
    assert chargers.rank("charger") == 2


def test_who_has_asked_once_is_forgotten_after_eight_seconds_and_who_is_steady_after_half_a_minute():
    for seconds, gone_s in ((1, 8), (2, 32), (20, 32)):
        chargers = Chargers((0, 0, 0, 0))
        steady(chargers, [1], seconds)
        silent_s = 0
        while chargers.rank(1):
            chargers.step(0)
            silent_s += 1
        assert silent_s == gone_s


def test_who_asks_with_a_query_is_a_page_or_a_program_and_no_charger():
    rig = Rig()
    page = rig.connect(b"GET /api/v1/values.json?page" + TAIL, host="10.0.0.7")
    rig.run(page)
    rig.step(1000)
    chargers = rig.server.chargers
    assert page.status() == b"200" and page.body() == b'{"n": 1}'
    assert chargers.charger_age_ms(rig.now_ms) == -1 and chargers.clients == [None] * 4
    assert chargers.requests == 0
    charger = rig.connect(GET_VALUES, host="10.0.0.8")
    rig.step()
    assert charger.body() == page.body() and chargers.clients[0] == "10.0.0.8"
    rig.step(1000)
    assert chargers.requests == 1


def test_the_longest_time_without_a_request_is_kept():
    rig = Rig()
    for pause_s in (1, 7, 2):
        rig.connect(GET_VALUES)
        for _ in range(pause_s):
            rig.step(1000)
    assert 6000 <= rig.server.chargers.longest_ms <= 7000
    assert Chargers(()).longest_ms == 0
