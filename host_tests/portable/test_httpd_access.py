# SPDX-License-Identifier: MIT
"""Who is answered, and by which host name: networks of RFC 1918, 3927 and 1122, DNS rebinding, and the charger's own paths."""

from array import array

from httpd import responses
from httpd.chargers import Chargers
from httpd_fakes import GET_VALUES, VALUES, FakeSocket, Rig
from planning import access as planned

PAGE = b"/"
# The first and the last address of each, and their neighbours.
LOCAL = (
    "10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0", "192.168.255.255",
    "169.254.0.0", "169.254.255.255", "127.0.0.1", "127.255.255.255",
)  # fmt: skip
FOREIGN = (
    "9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0",
    "169.253.255.255", "169.255.0.0", "126.255.255.255", "128.0.0.0", "8.8.8.8", "100.64.0.1", "255.255.255.255",
    "0.0.0.0", "224.0.0.251",
)  # fmt: skip


def networks(allow=None):
    """As the planner and the boot make it of http.allow."""
    halves = array("H")  # on every interpreter, loading.listener needs sockets
    for address, mask in planned.networks(allow):
        for half in (address >> 16, mask >> 16, address & 0xFFFF, mask & 0xFFFF):
            halves.append(half)
    return halves


def names(others=None):
    return "".join([name + "\n" for name in planned.names("bridge", others)]).encode()


def sockaddr(address):
    """As MicroPython's unix port gives it: family, port, address."""
    numbers = [int(number) for number in address.split(".")]
    return bytes([2, 0, 195, 80] + numbers + [0] * 8)


def test_private_link_local_and_loopback_sources_are_answered_and_no_others():
    one = Chargers(networks())
    for address in LOCAL:
        assert one.admits((address, 50000)) and one.admits(sockaddr(address)), address
    for address in FOREIGN:
        assert not one.admits((address, 50000)) and not one.admits(sockaddr(address)), address


def test_owner_says_which_networks_are_answered():
    one = Chargers(networks(["203.0.113.128/25", "198.51.100.7"]))
    for address, is_allowed in (
        ("203.0.113.127", False),
        ("203.0.113.128", True),
        ("203.0.113.255", True),
        ("203.0.114.128", False),
        ("198.51.100.7", True),
        ("198.51.100.6", False),
        ("192.168.1.5", False),
    ):
        assert one.admits((address, 1)) == is_allowed, address
    assert Chargers(networks(["0.0.0.0/0"])).admits(("8.8.8.8", 1))


def rig(others=None):
    page = responses.Fixed("200", "text/html", b"page")
    return Rig(routes={PAGE: page, b"/log": page}, access=(networks(), names(others)))


def test_foreign_source_gets_no_answer_and_takes_no_place():
    one = rig()
    sockets = [one.connect(GET_VALUES, host="8.8.8.%d" % i) for i in range(20)]
    assert all([sock.is_closed and sock.sent == b"" for sock in sockets])
    assert one.stat("dropped_foreign") == 20 and one.stat("requests") == 0 and one.is_empty()
    assert one.server.chargers.clients == [None] * 4
    sock = one.run(one.connect(GET_VALUES, b"", host="192.168.1.9"))
    assert sock.status() == b"200"


def test_flood_of_foreign_sources_drops_nobody():
    one = rig()
    waiting = [one.connect(host="192.168.1.%d" % i) for i in range(5)]
    for i in range(100):
        one.connect(host="203.0.113.%d" % i)
    assert not any([sock.is_closed for sock in waiting]) and one.stat("dropped_full") == 0


def status(path, host, server=None, cut=None):
    raw = b"GET " + path + b" HTTP/1.1\r\nUser-Agent: x\r\n" + host + b"\r\n\r\n"
    server = server or rig()
    pieces = [raw] if cut is None else [raw[:cut], raw[cut:]]
    sock = FakeSocket(*pieces)
    server.listener.queue.append((sock, "192.168.1.9"))
    server.run(sock, 6)
    return sock.status()


def test_page_is_known_by_addresses_and_by_names_that_only_the_house_gives_it():
    for host in (
        "192.168.1.50", "192.168.1.50:80", "127.0.0.1:8080", "[fe80::1]", "[::1]:80", "localhost", "localhost:8080",
        "bridge", "BRIDGE", "Bridge.Local", "bridge.local:80", "bridge.lan", "bridge.home.arpa", "bridge.fritz.box",
        "", "  bridge.local  ",
    ):  # fmt: skip
        assert status(PAGE, b"Host:" + host.encode()) == b"200", host
        assert status(PAGE, b"hOST: " + host.encode()) == b"200", host


def test_page_is_not_shown_to_a_page_of_somebody_else_whose_name_leads_here():
    for host in (
        "evil.example", "bridge.local.evil.example", "evilbridge.local", "bridge.local2", "bridge.loca", "bridg",
        "192.168.1.50.evil.example", "1.2.3.4x", "bridge.", "local", "a" * 300, "bridge.local\tx", "localhost x",
    ):  # fmt: skip
        assert status(PAGE, b"Host: " + host.encode()) == b"404", host
        assert status(b"/log", b"hoST:" + host.encode() + b":80") == b"404", host


def test_host_is_found_however_the_header_is_cut():
    raw = b"GET / HTTP/1.1\r\nUser-Agent: x\r\nHost: evil.example\r\n\r\n"
    for cut in range(1, len(raw)):
        assert status(PAGE, b"Host: evil.example", cut=cut) == b"404", cut
        assert status(PAGE, b"Host: bridge.local:80", cut=cut) == b"200", cut


def test_only_the_first_host_counts_and_none_is_no_name_of_somebody_else():
    assert status(PAGE, b"Accept: */*") == b"200"
    assert status(PAGE, b"X-Host: evil.example\r\nHostage: x") == b"200"
    assert status(PAGE, b"Host: evil.example\r\nHost: bridge") == b"404"


def test_charger_is_answered_by_any_name():
    for path in (VALUES, VALUES + b"?x"):
        assert status(path, b"Host: evil.example") == b"200"
        assert status(path, b"Host: evil.example", cut=10) == b"200"


def test_owner_names_the_page():
    server = rig(others=["Bridge.Example.org"])
    assert status(PAGE, b"Host: bridge.example.org:8080", server) == b"200"
    assert status(PAGE, b"Host: example.org", server) == b"404"


def test_connection_that_is_used_again_forgets_the_name():
    server = rig()
    for host, expected in (
        (b"evil.example", b"404"),
        (b"bridge", b"200"),
        (b"evil.example", b"404"),
    ):
        assert status(PAGE, b"Host: " + host, server) == expected
