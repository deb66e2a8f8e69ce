# SPDX-License-Identifier: MIT
"""Safe mode, after too many failed starts: no bridge and no watchdog, but a page that says why, and the console.

It tries the bridge again after a while: in a cabinet nobody presses the button.
"""

import json
import socket
from time import sleep_ms

from micropython import const

from firmware.hw import chip, led
from firmware.hw.wifi import Station
from firmware.modes.reset_reason import last_end
from firmware.modes.store import BOARD, Store
from httpd.chargers import Chargers
from loading.listener import networks
from planning import access
from ticks import ticks_add, ticks_diff, ticks_ms

_TICK_MS = const(100)  # what the LED's pattern of this mode wants
_TRY_AGAIN_MS = const(900000)
_MOST_BYTES = const(8192)  # of a config
_CLIENTS = const(4)
_CLIENT_MS = const(3000)  # for a request to arrive
_HEADER = (
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"
)


def main(root, memory):
    """Ends with a reset, or by Ctrl-C."""
    reason = last_end(memory, chip.reset_cause())
    words = "Safe mode: the bridge does not stay up. The last end: %s" % reason
    print(words)
    config = _config(root)
    http = config.get("http")
    run(
        _try(_led, root, config),
        _try(_station, config),
        _try(Page, http if isinstance(http, dict) else {}, (_HEADER + words + "\n").encode()),
    )
    memory.note("safe mode is over, for another try")
    chip.reset()


def run(light, station, page):
    """For _TRY_AGAIN_MS; what is None is left out."""
    start_ms = due_ms = ticks_ms()
    while ticks_diff(ticks_ms(), start_ms) < _TRY_AGAIN_MS:
        now_ms = ticks_ms()
        if light:
            _try(light.step, now_ms)
        if station and ticks_diff(now_ms, due_ms) >= 0:
            due_ms = ticks_add(now_ms, _try(station.step, now_ms) or _TICK_MS)
        if page:
            _try(page.step, now_ms)
        sleep_ms(_TICK_MS)


def _try(work, *arguments):
    """Whatever is broken, the rest goes on; Ctrl-C is no Exception."""
    try:
        return work(*arguments)
    except Exception as error:
        print("safe mode:", repr(error))


def _config(root):
    """What can be read of the last good config, or else of any other: a first deploy leaves it in its slot. Unchecked."""
    store = Store(root)
    paths = (store.good, root + "/config.json", "/config.json", "/a/config.json", "/b/config.json")
    for path in paths:
        try:
            config = json.loads(store.text(path, _MOST_BYTES))
            config["wifi"]["ssid"]  # else it is of no use
            return config
        except (OSError, ValueError, KeyError, TypeError):
            pass
    return {}


def _led(root, config):
    with open("%s/boards/%s.json" % (root, config.get("board") or BOARD)) as file:
        board = json.load(file)
    light = led.make(board["led"], board["button"])
    if light:
        light.get_state = lambda: led.SAFE
    return light


def _station(config):
    wifi = {"password": "", "hostname": "nrgkick-bridge", "ip": None}
    wifi.update(config["wifi"])
    if wifi["ip"]:
        ip = {"netmask": "255.255.255.0", "dns": wifi["ip"]["gateway"]}
        ip.update(wifi["ip"])
        wifi["ip"] = ip
    return Station(wifi, lambda address: print("http://%s/" % address), print)


def _networks(http):
    """Whose clients are answered: as the config says, if that can be read."""
    try:
        pairs = access.networks(http.get("allow"))
    except (TypeError, AttributeError):
        pairs = access.networks(None)
    return networks(pairs)


class Page:
    """One answer for every path, to a few clients at a time; none waits for another. http: a config's section."""

    def __init__(self, http, answer):
        self._answer = answer
        self._sources = Chargers(_networks(http))
        self._clients = []  # (socket, when it was accepted)
        listener = self._listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        where = http.get("host", "0.0.0.0"), http.get("port", 80)
        listener.bind(socket.getaddrinfo(*where)[0][-1])
        listener.listen(_CLIENTS)
        listener.setblocking(False)

    def step(self, now_ms):
        self._clients = [one for one in self._clients if not self._is_over(one, now_ms)]
        while len(self._clients) < _CLIENTS:
            try:
                client, peer = self._listener.accept()
            except OSError:
                return  # nobody
            client.setblocking(False)
            if self._sources.admits(peer):
                self._clients.append((client, now_ms))
            else:
                client.close()

    def _is_over(self, accepted, now_ms):
        """Answer once there is a request; close then, or when none came in time."""
        client, since_ms = accepted
        try:
            request = more = client.read(1024)  # b"": it is gone; None: nothing yet
            while more:
                more = client.read(1024)  # what is left unread would have the answer dropped
            if request:
                client.write(self._answer)
        except OSError:
            request = b""
        if request is None and ticks_diff(now_ms, since_ms) < _CLIENT_MS:
            return False
        client.close()
        return True
