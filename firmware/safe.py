"""Safe mode, after too many failed starts: no application and no watchdog, but a page that says why, and the console.

It tries the application again after a while: in a cabinet nobody presses the button.
"""

import json
import os
import socket
from time import sleep_ms

import machine
from micropython import const

from firmware import led
from firmware.life import Life
from firmware.wifi import Station
from ticks import ticks_ms

_TICK_MS = const(100)
_STATION_TICKS = const(10)  # as long as the longest pause that it wants
_TRY_AGAIN_TICKS = const(9000)
_HEAD = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"


def main(root):
    """Ends with a reset, or by Ctrl-C."""
    life = Life(machine.RTC(), machine.reset_cause())
    words = "Safe mode: the bridge does not stay up. The last end: %s" % life.last
    print(words)
    config = _config()
    lamp = _try(_lamp, root, config)
    station = _try(_station, config)
    listener = _try(_listener, config)
    answer = (_HEAD + words + "\n").encode()
    for tick in range(_TRY_AGAIN_TICKS):
        if lamp:
            lamp.step(0)
        if station and tick % _STATION_TICKS == 0:
            _try(station.step, ticks_ms())
        if listener:
            _serve(listener, answer)
        sleep_ms(_TICK_MS)
    life.note("safe mode is over, for another try")
    machine.reset()


def _try(make, *arguments):
    """Whatever is broken, the rest goes on; Ctrl-C is no Exception."""
    try:
        return make(*arguments)
    except Exception as error:
        print("safe mode:", repr(error))


def _config():
    """What can be read of the last good config, or of the new one. Unchecked."""
    for path in ("/config.good.json", "/config.json"):
        try:
            with open(path) as file:
                return json.load(file)
        except (OSError, ValueError):
            pass
    return {}


def _lamp(root, config):
    # Only the one in use is there.
    name = config.get("board") or os.listdir(root + "/boards")[0][:-5]
    with open("%s/boards/%s.json" % (root, name)) as file:
        described = json.load(file)["led"]
    if described:
        lamp = led.make(described)
        lamp.look = lambda: led.SAFE
        return lamp


def _station(config):
    wifi = {"password": "", "hostname": "nrgkick-bridge", "ip": None}
    wifi.update(config["wifi"])
    if wifi["ip"]:
        ip = {"netmask": "255.255.255.0", "dns": wifi["ip"]["gateway"]}
        ip.update(wifi["ip"])
        wifi["ip"] = ip
    return Station(wifi, lambda address: print("http://%s/" % address), print)


def _listener(config):
    http = config.get("http", {})
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    address = socket.getaddrinfo(http.get("host", "0.0.0.0"), http.get("port", 80))[0][-1]
    listener.bind(address)
    listener.listen(2)
    listener.setblocking(False)
    return listener


def _serve(listener, answer):
    try:
        client = listener.accept()[0]
    except OSError:
        return  # nobody
    try:
        client.settimeout(1)
        client.recv(1024)
        client.write(answer)
    except OSError:
        pass
    client.close()
