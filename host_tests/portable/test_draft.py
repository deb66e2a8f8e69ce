# SPDX-License-Identifier: MIT
"""The config that the set-up mode edits: nothing is lost, nothing is reordered, and the password never comes out."""

import json
from collections import OrderedDict

from planning import strict_json
from planning.draft import Draft

OWNERS = b"""{
  "devices": [{"category": "smart_loads", "clamp": "ct1", "amps_per_volt": 30.50, "info": {"name": "Heizstab \xc3\xbc"}}],
  "wifi": {"ssid": "Caf\xc3\xa9", "password": "a&b%c+d\\"e'", "hostname": "bridge"},
  "http": {"port": 8080},
  "board": "generic-esp32-c3"
}"""


def ordered(text):
    return strict_json.loads(text.encode(), OrderedDict)


def keys_of(text):
    """Top-level keys in the order in which they stand."""
    return list(ordered(text.decode()))


def test_what_is_not_changed_stays():
    draft = Draft(OWNERS)
    draft.replace(ordered(draft.public()))
    assert json.loads(draft.text()) == json.loads(OWNERS)
    assert keys_of(draft.text()) == ["devices", "wifi", "http", "board"]
    assert b"30.50" in draft.text(), "a number stays as it was written"
    assert list(draft.config["wifi"]) == ["ssid", "password", "hostname"]
    assert b"\xc3\xbc" in draft.text() and b"\\u" not in draft.text()


def test_the_password_goes_in_and_never_out():
    draft = Draft(OWNERS)
    assert "a&b" not in draft.public() and "password" not in draft.public()
    assert json.loads(draft.public())["wifi"] == {"ssid": "Caf\xe9", "hostname": "bridge"}
    assert draft.password == "a&b%c+d\"e'"


def test_it_is_not_given_to_another_network():
    draft = Draft(OWNERS)
    draft.replace(ordered('{"wifi": {"ssid": "Evil"}, "devices": []}'))
    assert draft.password == "" and json.loads(draft.text())["wifi"] == {"ssid": "Evil"}


def test_a_config_without_wifi_keeps_it():
    draft = Draft(OWNERS)
    draft.replace(ordered('{"devices": []}'))
    assert draft.password and keys_of(draft.text()) == ["wifi", "devices"]


def test_a_tested_network_becomes_the_config():
    draft = Draft()
    draft.join("M\xfcller", "secret-word")
    assert json.loads(draft.text()) == {"wifi": {"ssid": "M\xfcller", "password": "secret-word"}}
    draft = Draft(OWNERS)
    draft.join("Open", "")
    assert json.loads(draft.text())["wifi"] == {"ssid": "Open", "hostname": "bridge"}
    assert keys_of(draft.text()) == ["devices", "wifi", "http", "board"]


def test_it_reads_as_an_owner_would_have_written_it():
    draft = Draft()
    draft.replace(
        ordered(
            '{"wifi":{"ssid":"Home"},"devices":[{"category":"energy_meters","profile":"eastron-sdm630","unit":1},'
            '{"category":"inverters","profile":"deye-3p-hybrid","unit":2,"battery_connected":true,"invert":true,'
            '"info":{"name":"Inverter on the roof"}}],"load_power":"omit"}'
        )
    )
    assert draft.text().decode() == (
        "{\n"
        '  "wifi": {"ssid": "Home"},\n'
        '  "devices": [\n'
        '    {"category": "energy_meters", "profile": "eastron-sdm630", "unit": 1},\n'
        '    {"category": "inverters", "profile": "deye-3p-hybrid", "unit": 2, "battery_connected": true, "invert": true,\n'
        '     "info": {"name": "Inverter on the roof"}}\n'
        "  ],\n"
        '  "load_power": "omit"\n'
        "}\n"
    )


def test_what_cannot_be_read_is_no_draft():
    for text in (b"", b"{", b"[]", b"\xff", b'{"a": 1, "a": 2}'):
        assert Draft(text).public() == "{}"
    assert Draft(b'{"wifi": 1, "devices": 2}').devices() == []
    assert Draft(b'{"wifi": 1}').password == ""


def test_controls_and_quotes_are_escaped():
    draft = Draft()
    draft.join('a"\\\t\xfc', "\n")
    assert json.loads(draft.text())["wifi"] == {"ssid": 'a"\\\t\xfc', "password": "\n"}
