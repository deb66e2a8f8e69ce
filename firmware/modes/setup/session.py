# SPDX-License-Identifier: MIT
"""What the set-up page shows and changes: the draft of config.json, the boards, the networks, what was found on the line.

The page asks for all of it once a second; docs/formats/setup.md explains each key.
"""

import gc
import json
import os
import sys
from binascii import hexlify

from micropython import const

from firmware.modes.setup.bus import Stopped
from firmware.modes.store import BOARD
from firmware.modes.version import VERSION
from planning.draft import Draft, inline
from ticks import ticks_add, ticks_diff, ticks_ms
from unload import unload

_KEPT = ("planning", "planning.draft", "planning.strict_json", "planning.decimals")
_HEAVY = ("planning", "recognition", "meters")
_TASKS = ("firmware.modes.setup.questions", "firmware.modes.setup.reading")
_UNUSED_MS = const(900000)  # without a request, then the bridge runs again
_NOTES_BYTES = const(1024)
_EVERY_MS = const(50)  # while something long goes on the page is looked after so often


class Session:
    """store: of the owner's files; files: planning.Files; name: of the network; chip: as boards/*.json have it; serve(): answers the page."""

    def __init__(self, store, files, name, chip, serve):
        self.store = store
        self.files = files
        self.name = name
        self.chip = chip
        self.token = hexlify(os.urandom(16)).decode()
        self.ssids = ()  # of access_point.scanned()
        self._boards = list(self._of_this_chip())
        self.draft = Draft(_read(store.config_path()))
        self.notes = "{}"  # what the page keeps here besides: JSON
        self.is_saved = False
        self.wifi_test = None  # the last one
        self.wanted = None  # (kind, argument) of the task that is to begin; "stop": none
        self.task = None  # what runs: kind, done, total, now
        self.is_shown = False  # the last screen
        self.is_ending = False
        self._serve = serve
        self._served_ms = ticks_ms()
        # What the checker says of the draft, once it was asked; nothing is known of an empty one.
        self.problem = "config.json: nothing is set up yet"
        self.is_checked = not self.draft.config
        self._line = {"state": "unknown"}
        self._units = []
        self._values = {}  # by device
        self.heard()

    # What the page changes.

    def heard(self):
        """Somebody uses the page."""
        self._until_ms = ticks_add(ticks_ms(), _UNUSED_MS)

    def left_ms(self):
        return ticks_diff(self._until_ms, ticks_ms())

    def end_within(self, span_ms):
        self._until_ms = ticks_add(ticks_ms(), span_ms)

    def replace(self, config):
        """A draft that says the same leaves a task alone, and what is saved."""
        before = self.draft.config
        self.draft.replace(config)
        if self.draft.config != before:
            self._changed()

    def note(self, notes):
        """Keep them for the page, which a phone may close at any time; not more than fits well."""
        text = inline(notes)
        if len(text) <= _NOTES_BYTES:
            self.notes = text

    def password_of(self, ssid):
        """That of the draft, for its own network."""
        return self.draft.password if self.draft.section("wifi").get("ssid") == ssid else ""

    def join(self, ssid, password):
        self.draft.join(ssid, password)
        self._changed()

    def _changed(self):
        self.is_saved = False
        self.is_checked = False

    def check(self):
        """Ask the checker. The heap has no room for it beside a task on the line."""
        from planning import settings

        try:
            config = settings.config(self.draft.text(), self.files.load, self.files.names)
            unload("planning.sections", "planning.devices", "planning.schema")
            gc.collect()
            own = [one for one in config["devices"] if self._is_own(one.get("profile"))]
            if own:  # those of the project are known to be right
                settings.check_profiles({"devices": own}, self.files.load, self.files.names)
            self.problem = None
        except ValueError as error:
            self.problem = str(error)
        self.is_checked = True
        del settings
        tidy()

    def _is_own(self, name):
        return name and self.store.find("profile", name) is not None

    def title(self, name):
        """Of an owner's own profile, as in setup_profiles.json; None where it cannot be read."""
        one = self.files.load("profile", name)
        try:
            words = "%s %s" % (one["vendor"], one["model"])
            return {"name": name, "title": words, "roles": list(one["roles"])}
        except (KeyError, TypeError):
            return None  # an extended one has the rest elsewhere: it can be written by hand

    def board_name(self):
        found = self.draft.config.get("board")
        return found if isinstance(found, str) else BOARD

    def board(self):
        """The one of the draft, or None."""
        return self.files.load("board", self.board_name())

    def setting(self):
        """(baudrate, parity, stop bits) of the draft."""
        bus = self.draft.section("bus")
        return bus.get("baudrate", 9600), bus.get("parity", "none"), bus.get("stop_bits", 1)

    # What the tasks find.

    def begin(self, kind):
        self.task = {"kind": kind, "done": 0, "total": 0, "now": None}
        if kind == "search":
            self._line = {"state": "unknown"}
            self._units = []
        self._values = {}
        if kind == "read":
            for number, entry in enumerate(self.draft.devices()):
                self._values[number] = {}, None if "profile" in entry else "not_read", None

    def progress(self):
        """Raises Stopped where another task is wanted."""
        now_ms = ticks_ms()
        if ticks_diff(now_ms, self._served_ms) >= _EVERY_MS:
            self._serve()
            self._served_ms = ticks_ms()
        if self.wanted or not self.is_checked:
            raise Stopped

    def searching(self, setting, unit, done, total):
        now = _setting(setting)
        now["unit"] = unit
        self.task = {"kind": "search", "done": done, "total": total, "now": now}

    def recognising(self, unit, done, total):
        self.task = {"kind": "recognise", "done": done, "total": total, "now": {"unit": unit}}
        self.progress()

    def found_line(self, setting):
        """Where somebody answers, or None."""
        self._line = _setting(setting) if setting else {}
        self._line["state"] = "found" if setting else "silent"

    def ended(self, is_noisy):
        """What was asked on the line is over. is_noisy: something came that is no answer."""
        if not self.wanted:
            self.task = None
        if is_noisy and self._line["state"] == "silent":
            self._line["state"] = "noise"

    def found_unit(self, unit):
        if unit not in [one["unit"] for one in self._units]:
            self._units.append({"unit": unit, "certain": False, "models": [], "roles": []})

    def recognised(self, unit, certain, models, roles):
        for one in self._units:
            if one["unit"] == unit:
                one.update({"certain": certain, "models": models, "roles": roles})

    def read(self, device, found, error, now_ms):
        """Of one device: {"power", "voltage_l1", "frequency"} in W, 0.1 V and mHz, as far as it has them."""
        since_ms = now_ms if found else self._values.get(device, (None, None, None))[2]
        self._values[device] = found, error, since_ms

    # What the page shows.

    def state(self):
        """The pieces of state.json."""
        draft = self.draft
        first = {"token": self.token, "version": VERSION, "name": self.name, "chip": self.chip}
        first["boards"] = self._boards
        yield json.dumps(first)[:-1]
        yield ', "config": ' + draft.public()
        yield ', "notes": ' + self.notes
        yield ', "has_password": %s, "ssids": [' % json.dumps(draft.password != "")
        separator = ""
        for one in self.ssids:
            yield separator + json.dumps(_ssid(one))
            separator = ", "
        rest = {
            "task": self.task,
            "line": self._line,
            "units": self._units,
            "values": [self._value(device) for device in sorted(self._values)],
            "wifi": self._wifi(),
            "problem": self.problem,
            "is_saved": self.is_saved,
            "left_s": max(0, self.left_ms() // 1000),
        }
        yield "], " + json.dumps(rest)[1:]

    def _of_this_chip(self):
        for name in sorted(self.files.names("board")):
            board = self.files.load("board", name)
            if board["chip"] == self.chip:
                yield {"name": name, "title": board["name"], "clamps": sorted(board["clamps"])}

    def _value(self, device):
        found, error, since_ms = self._values[device]
        volts, hertz = found.get("voltage_l1"), found.get("frequency")
        return {
            "device": device,
            "power_w": found.get("power"),
            "voltage_v": None if volts is None else volts / 10,
            "frequency_hz": None if hertz is None else hertz / 1000,
            "age_ms": None if since_ms is None else ticks_diff(ticks_ms(), since_ms),
            "error": error,
        }

    def _wifi(self):
        test = self.wifi_test
        if not test:
            return {"state": "untested", "address": None, "rssi_dbm": None}
        return {"state": test.state, "address": test.address, "rssi_dbm": test.rssi_dbm}


def tidy():
    """Drop what checks a config and what looks for devices: both at once would not fit."""
    for name in list(sys.modules):
        if name in _TASKS or name not in _KEPT and name.split(".")[0] in _HEAVY:
            unload(name)
    gc.collect()


def _setting(setting):
    return {"baudrate": setting[0], "parity": setting[1], "stopbits": setting[2]}


def _ssid(one):
    ssid, _, rssi_dbm, is_open = one
    return {
        "ssid_hex": hexlify(ssid).decode(),
        "ssid": text(ssid),
        "rssi_dbm": rssi_dbm,
        "is_open": is_open,
    }


def text(ssid):
    """The name of a network, or None where it is no UTF-8, which config.json cannot name."""
    try:
        return str(bytes(ssid), "utf-8")
    except UnicodeError:
        return None


def _read(path):
    try:
        with open(path, "rb") as file:
            return file.read(8192)
    except OSError:
        return b""
