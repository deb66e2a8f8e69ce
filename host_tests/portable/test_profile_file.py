# SPDX-License-Identifier: MIT
"""A profile that extends another, numbers in hex, and values that are more than one register."""

import struct

import planned
from planning import profile, profile_file, profile_merge

METER = {
    "vendor": "Acme",
    "model": "E1",
    "variants": ["E1-A"],
    "source": ["somewhere"],
    "caveat": "Look.",
    "limits": {"timeout_ms": 300, "walls": ["0x0A", 20], "holes": [["0x10", "0x1f"]]},
    "defaults": {"function": 4, "type": "s16", "word_order": "big"},
    "roles": {
        "energy_meters": {
            "power": {"address": "0x1F40", "scale": "1 W", "positive": "import"},
            "voltage_l1": {"address": 9, "scale": "0.1 V"},
        },
        "inverters": "energy_meters",
    },
}
CHILD = {
    "extends": "e1",
    "model": "E2",
    "source": ["elsewhere"],
    "limits": {"holes": None},
    "roles": {"energy_meters": {"power": {"scale": "10 W"}, "voltage_l1": None}},
}


def complete(name, **files):
    return profile_file.completed(name, lambda kind, one: files.get(one), lambda kind: [])


def test_a_difference_is_merged_into_what_it_extends():
    # RFC 7396, section 2, and what tells one device from another is its own.
    assert complete("e2", e1=METER, e2=CHILD) == {
        "vendor": "Acme",
        "model": "E2",
        "source": ["elsewhere"],
        "limits": {"timeout_ms": 300, "walls": [10, 20]},
        "defaults": {"function": 4, "type": "s16", "word_order": "big"},
        "roles": {
            "energy_meters": {"power": {"address": 8000, "scale": "10 W", "positive": "import"}},
            "inverters": "energy_meters",
        },
    }
    third = {"extends": "e2", "model": "E3", "source": ["x"], "limits": {"timeout_ms": 900}}
    found = complete("e3", e1=METER, e2=CHILD, e3=third)
    assert found["limits"] == {"timeout_ms": 900, "walls": [10, 20]}
    assert found["roles"]["energy_meters"]["power"]["scale"] == "10 W"
    assert METER["roles"]["energy_meters"]["voltage_l1"]  # the base stays as it was


def test_the_examples_of_the_merge_patch_specification():
    # RFC 7396, appendix A; those that begin and end with an object.
    for base, patch, result in (
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ):
        assert complete("p", b=base, p=dict(patch, extends="b")) == result, patch


def test_only_addresses_and_their_like_are_read_in_hex():
    spec = {"address": "0xa", "invalid": ["0x8000"], "label": "0x10", "scale": "1 W"}
    direction = {"address": "0x0B", "mask": "0x06", "negative": "0x02", "positive": "0x04"}
    assert profile_merge.numbered(dict(spec, direction=direction)) == {
        "address": 10,
        "invalid": ["0x8000"],
        "label": "0x10",
        "scale": "1 W",
        "direction": {"address": 11, "mask": 6, "negative": 2, "positive": 4},
    }
    text = {"type": "ascii", "address": "0x10", "equals": ["0x10"]}
    assert profile_merge.numbered(text) == dict(text, address=16)
    for text in ("0x", "0xG", "x10", "0x123456789", 5, None):
        assert profile_merge.numbered({"address": text}) == {"address": text}


def _value(spec, data, category="energy_meters", name="power", offset=0):
    """What a quantity makes of these bytes, its registers being there one after the other."""
    key = "value"
    device = planned.device(category, key)
    spec = dict({"scale": "1 W", "positive": "import"}, **spec)
    if name != "power":
        spec.pop("positive")
    described = {"roles": {category: {name: spec}}, "defaults": {"type": "s16"}}
    made = profile.quantity(device, key, name, described, category, False)
    for register in made.registers:
        register.offset = 2 * (register.address - 100)
        register.read(data, 0, 0)
    assert made.update()
    return device.fields[key]


def test_two_words_that_lie_apart_are_one_value():
    # 0x0001E240 is 123456, 0xFFFE1DC0 is -123456 (two's complement).
    for low, high in (("low first", 1), ("high first", -1)):
        at = 100 if high > 0 else 103
        spec = {"address": at, "high": {"address": at + 3 * high}, "type": "s32"}
        for words, value in (((0xE240, 1), 123456), ((0x1DC0, 0xFFFE), -123456)):
            registers = [0x4366, 0x4366, 0x4366, 0x4366]
            registers[at - 100], registers[at - 100 + 3 * high] = words
            assert _value(spec, struct.pack(">4H", *registers)) == value, (low, words)
            exported = dict(spec, positive="export")
            assert _value(exported, struct.pack(">4H", *registers)) == -value
    unsigned = {"address": 100, "high": {"address": 101}, "type": "u32", "scale": "0.1 kWh"}
    assert _value(unsigned, struct.pack(">2H", 0x1DC0, 0x0002), name="energy_import") == 13868800


def test_an_absolute_value_has_only_the_sign_that_the_profile_gives_it():
    for kind, form in (("s16", ">h"), ("s32", ">i"), ("f32", ">f"), ("m16", None)):
        for raw in (250, -250):
            data = struct.pack(form, raw) if form else struct.pack(">H", 250 | (raw < 0) << 15)
            spec = {"address": 100, "type": kind, "absolute": True}
            assert _value(spec, data) == 250, (kind, raw)
            assert _value(dict(spec, positive="export"), data) == -250, (kind, raw)


def test_an_offset_is_added_after_scaling():
    warm = {"address": 100, "type": "u16", "scale": "0.1 degC", "offset": "-50 degC"}
    data = struct.pack(">H", 713)
    assert _value(warm, data, "smart_loads", "temperature") == 213
    power = {"address": 100, "type": "u16", "scale": "10 W", "offset": "-30 kW"}
    assert _value(power, struct.pack(">H", 3150)) == 1500
    assert _value(dict(power, positive="export"), struct.pack(">H", 3150)) == -1500


def test_a_helper_may_have_a_function_of_its_own():
    spec = {
        "address": 5,
        "scale": "1 W",
        "factors": [{"function": 3, "address": 6, "type": "u16", "scale": "1"}],
        "direction": {"function": 3, "address": 6, "type": "u16", "negative": 1},
        "exponent": {"address": 7, "type": "s16"},
    }
    made = profile.register(spec, {"defaults": {"function": 4, "type": "s16"}})
    assert made.function == 4 and made.exponent.function == 4
    assert made.factors[0].function == 3 and made.direction.function == 3
