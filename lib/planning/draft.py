# SPDX-License-Identifier: MIT
"""A config.json while it is being edited in the set-up mode: what was not changed stays as it is, in the order in which it was written.

The password of the Wi-Fi goes in and into the file, and never out again.
"""

import json
from collections import OrderedDict

from planning import strict_json

_LINE_CHARACTERS = 100  # of a longer device, its own objects stand on lines of their own


class Draft:
    """text: of a config.json, bytes; what cannot be read counts as none."""

    def __init__(self, text=b""):
        try:
            config = strict_json.loads(text, OrderedDict)
        except ValueError:
            config = None
        self.config = config if isinstance(config, dict) else OrderedDict()

    def section(self, name):
        """One of its objects, empty where there is none."""
        found = self.config.get(name)
        return found if isinstance(found, dict) else {}

    def devices(self):
        found = self.config.get("devices")
        return (
            [one if isinstance(one, dict) else {} for one in found]
            if isinstance(found, list)
            else []
        )

    @property
    def password(self):
        found = self.section("wifi").get("password")
        return found if isinstance(found, str) else ""

    def replace(self, config):
        """Another one (of OrderedDicts) takes its place. Without a network of its own it keeps the old one, with its password."""
        old = self.config.get("wifi")
        self.config = config
        if "wifi" not in config:
            if old is not None:
                self.config = _first("wifi", old, config)
        elif isinstance(config["wifi"], dict) and "password" not in config["wifi"]:
            same = isinstance(old, dict) and old.get("ssid") == config["wifi"].get("ssid")
            if same and "password" in old:
                config["wifi"] = _second("password", old["password"], config["wifi"])

    def join(self, ssid, password):
        """The network that was tested; texts. An open one has no password."""
        wifi = OrderedDict(self.section("wifi"))
        wifi.pop("password", None)
        wifi["ssid"] = ssid
        if password:
            wifi = _second("password", password, _first("ssid", ssid, wifi))
        if isinstance(self.config.get("wifi"), dict):
            self.config["wifi"] = wifi
        else:
            self.config = _first("wifi", wifi, self.config)

    def text(self):
        """As its owner would have written it: a line for each key and each device. Bytes."""
        return (_object(self.config, "") + "\n").encode()

    def public(self):
        """JSON in one line, without the password. Text."""
        shown = self.config
        wifi = shown.get("wifi")
        if isinstance(wifi, dict) and "password" in wifi:
            shown = OrderedDict(shown)
            shown["wifi"] = OrderedDict([(key, wifi[key]) for key in wifi if key != "password"])
        return inline(shown)


def _first(key, value, others):
    return OrderedDict([(key, value)] + [(k, others[k]) for k in others if k != key])


def _second(key, value, others):
    pairs = [(k, others[k]) for k in others]
    return OrderedDict(pairs[:1] + [(key, value)] + pairs[1:])


def _object(value, indent):
    inner = indent + "  "
    lines = [inner + json.dumps(key) + ": " + _member(value[key], inner) for key in value]
    return "{\n" + ",\n".join(lines) + "\n" + indent + "}"


def _member(value, indent):
    text = inline(value)
    if isinstance(value, list) and value and isinstance(value[0], dict):
        inner = indent + "  "
        lines = [inner + _entry(one, inner) for one in value]
        return "[\n" + ",\n".join(lines) + "\n" + indent + "]"
    return text


def _entry(value, indent):
    """One device; where it is long, its own objects stand on a second line."""
    text = inline(value)
    if not isinstance(value, dict) or len(text) + len(indent) <= _LINE_CHARACTERS:
        return text
    short = [_pair(key, value[key]) for key in value if not isinstance(value[key], dict)]
    long = [_pair(key, value[key]) for key in value if isinstance(value[key], dict)]
    return "{" + ", ".join(short) + "".join([",\n " + indent + one for one in long]) + "}"


def _pair(key, value):
    return json.dumps(key) + ": " + inline(value)


def inline(value):
    """JSON in one line, with numbers as they were written: a Decimal has no other text."""
    if isinstance(value, dict):
        return "{" + ", ".join([_pair(key, value[key]) for key in value]) + "}"
    if isinstance(value, list):
        return "[" + ", ".join([inline(one) for one in value]) + "]"
    if value is None or value is True or value is False or isinstance(value, str):
        return _text(value)
    return str(value)


def _text(value):
    """CPython would write letters beyond ASCII as escapes, MicroPython does not know them."""
    found = json.dumps(value)
    if "\\u" in found and isinstance(value, str):
        return '"%s"' % "".join([_escaped(c) for c in value])
    return found


def _escaped(c):
    if c in '"\\':
        return "\\" + c
    return "\\u%04x" % ord(c) if c < " " else c
