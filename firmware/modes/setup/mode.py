# SPDX-License-Identifier: MIT
"""The set-up mode: an access point with a page that makes config.json, instead of the bridge and with all of the heap.

It runs where there is no config.json, when the button or `make setup` asks for it, and never because Wi-Fi is lost: who jams the router
would open it. It ends when all is saved, by the button, or when nobody has used the page for 15 minutes.
"""

import socket
from time import sleep_ms

from micropython import const

from firmware.hw import access_point, chip, led, setup_chip
from firmware.hw.wifi_test import WifiTest
from firmware.modes.planning import Files
from firmware.modes.setup import is_short
from firmware.modes.setup.api import Api
from firmware.modes.setup.bus import Bus
from firmware.modes.setup.session import Session, tidy
from firmware.modes.store import Store, size
from loading.listener import listen
from portal import dns
from portal.server import Server
from ticks import ticks_add, ticks_diff, ticks_ms

_PASS_MS = const(2)
_QUERY_BYTES = const(512)
_LEAST_BYTES = const(8000)
_GONE_MS = const(5000)  # without any phone in the network
_NO_KEY = "set-up: this board has no key for an access point; make setup PORT=... gives it one"
_NO_CONFIG = "config.json: no such file; copy config.example.json and fill it in"


def main(root, memory, is_factory_reset):
    """Ends with a reset; None where nothing can run without an owner at the console."""
    memory.failed = 0
    memory.note("the set-up mode ended")
    store = Store(root)
    if is_factory_reset:
        from firmware.hw import nvs  # here, where imports do not nest too deep yet
        from firmware.modes.setup import factory

        _reset_to_factory(store, factory, nvs.forget)
    key = access_point.key()
    if key:
        Mode(root, store, key).run()
        chip.reset()
    print(_NO_KEY)
    if size(store.config_path()) is not None:
        chip.reset()
    print(_NO_CONFIG)  # last, as the bridge says it
    return None


def _reset_to_factory(store, factory, forget):
    session = Session(store, Files(store), "", "", None)
    board = session.board()
    light = led.make(board["led"]) if board["led"] else led.LED(lambda state, on: None)
    light.get_state = lambda: led.SAFE
    if board["button"] and factory.is_confirmed(setup_chip.button(board["button"]), light):
        print("factory reset")
        factory.wipe(forget)
    else:
        print("factory reset: not confirmed, nothing was removed")
    chip.reset()


def _has_room():
    """In the network's memory. What is sent lies there twice until it is confirmed."""
    return chip.idf_memory()[0] >= _LEAST_BYTES


class Mode:
    def __init__(self, root, store, key):
        self._root = root
        self._feed = setup_chip.feeder()
        found = access_point.scanned()
        name = access_point.name()
        self._point = access_point.start(name, key, found[0][1] if found else None)
        # With Wi-Fi on, since only then its token is truly random.
        self._session = session = Session(
            store, Files(store), name, setup_chip.name(), self._serve
        )
        session.ssids = found
        self._light = self._make_light() if size(store.config_path()) is not None else None
        self._address = address = self._point.ifconfig()[0]
        api = Api(session, root, address)
        self._server = Server(listen("0.0.0.0", 80), api.handle, _has_room)
        self._names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._names.bind(socket.getaddrinfo("0.0.0.0", 53)[0][-1])
        self._names.setblocking(False)
        self._answer = bytes([int(part) for part in address.split(".")])
        self._bus = self._runs = None  # while something is asked on the line; what that is
        self._is_over = False
        self._lit_ms = self._phone_ms = ticks_ms()
        print("set-up: network %s, http://%s/" % (name, address))

    def _make_light(self):
        """Only where an owner has said which board it is: a pin may be anything on another."""
        board = self._session.board()
        light = board and led.make(board["led"], board["button"])
        if light:
            light.get_state = lambda: led.SETUP
            light.ask = self._ask
        return light

    def _ask(self, is_long):
        """The button ends what it began."""
        if is_long:
            led.LED.ask(self._light, True)
        self._is_over = True

    def run(self):
        try:
            while not self._is_over and self._session.left_ms() > 0:
                self._serve()
                self._switch()
                self._advance()
                sleep_ms(_PASS_MS)
        except KeyboardInterrupt:
            setup_chip.relax()
            raise

    def _serve(self):
        """Whatever goes on: the page is answered. Also called by what takes long."""
        now_ms = ticks_ms()
        self._feed()
        self._server.step(now_ms)
        self._answer_names()
        if self._light and ticks_diff(now_ms, self._lit_ms) >= 0:
            self._lit_ms = ticks_add(now_ms, self._light.step(now_ms))
        if self._session.is_ending:
            self._watch_phone(now_ms)

    def _answer_names(self):
        try:
            while True:
                query, peer = self._names.recvfrom(_QUERY_BYTES)
                answer = dns.answer(query, self._answer)
                if answer:
                    self._names.sendto(answer, peer)
        except OSError:
            pass  # nothing more has come

    def _watch_phone(self, now_ms):
        """All is done: the bridge may start as soon as nobody looks at the last screen any more."""
        if access_point.phones(self._point):
            self._phone_ms = now_ms
        elif ticks_diff(now_ms, self._phone_ms) >= _GONE_MS:
            self._is_over = True

    def _switch(self):
        """Begin what the page wants instead of what runs. A check goes in between, and what ran begins again."""
        session = self._session
        if not session.is_checked:
            if self._bus:
                session.wanted = session.wanted or self._runs
                self._end_bus()
            session.check()
        if not session.wanted:
            return
        self._runs = kind, argument = session.wanted
        session.wanted = None
        if session.wifi_test:
            session.wifi_test.close()
        session.task = None
        self._end_bus()
        if kind == "wifi":
            session.begin(kind)
            ip = session.draft.section("wifi").get("ip")
            self._password = argument[1]
            session.wifi_test = WifiTest(argument[0], argument[1], ip, ticks_ms())
        elif kind != "stop":
            session.begin(kind)
            self._bus = Bus(session.board(), session.draft.section("bus"))
            self._bus.start(self._questions(kind, argument), ticks_ms())

    def _questions(self, kind, argument):
        session = self._session
        if kind == "read":
            from firmware.modes.setup.reading import reading

            return reading(session.draft.devices(), session.setting(), session.files, session)
        from firmware.modes.setup.questions import Search

        setting = session.setting() if "bus" in session.draft.config else None
        search = Search(self._root, session.files, session, is_short)
        return search.questions(setting, argument)

    def _advance(self):
        session = self._session
        test = session.wifi_test
        if test and test.state == "testing":
            test.step(ticks_ms())
            if test.state == "good":
                session.join(test.ssid.decode(), self._password)
            if test.state != "testing" and not session.wanted:
                session.task = None
        if self._bus and not self._goes_on():
            session.ended(self._bus.is_noisy)
            if not session.is_checked:
                session.wanted = session.wanted or self._runs  # it only made room for the check
            self._end_bus()

    def _end_bus(self):
        if self._bus:
            self._bus.stop()
        self._bus = None
        tidy()

    def _goes_on(self):
        try:
            return self._bus.step(ticks_ms())
        except Exception as error:  # a profile of the owner's, no memory: the dialogue goes on
            print("set-up:", repr(error))
            return False
