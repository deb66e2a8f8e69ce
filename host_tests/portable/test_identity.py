# SPDX-License-Identifier: MIT
"""A unit is asked once who it is: its serial number goes into info.json, a foreign model number into a warning."""

import planned
from line import Line
from meters import lengths
from meters.identity import Identity
from meters.poller import Poller
from modbus.master import Master
from planning import grouping, layout, model_ids, profile, unit_limits
from values.documents import Info

# As the SDM630's: model number 112, a serial number of 32 bits.
METER = {
    "limits": {"registers_per_read": 80, "timeout_ms": 300},
    "defaults": {"function": 4, "type": "s16"},
    "roles": {"energy_meters": {"power": {"address": 52, "scale": "1 W"}}},
    "identity": {
        "model_id": {"function": 3, "address": 64514, "type": "u16", "equals": 112},
        "serial": {"function": 3, "address": 64512, "type": "u32"},
    },
}
UNIT = {(4, address): 100 for address in range(50, 60)}
TELLING = {(3, 64512): 0x0123, (3, 64513): 0x4567, (3, 64514): 112}


def identities(unit, description, serials, knows_serial):
    found = []
    for name, spec in description["identity"].items():
        if name == "model_id" or not knows_serial:
            count, equals = model_ids.words(spec), model_ids.listed(spec)
            expected = (None, None)
            if equals:
                expected = model_ids.ranges(equals, count), model_ids.in_words(equals)
            at = spec["function"], spec["address"]
            found.append(Identity(unit, at[0], at[1], count, *expected, 0, serials))
    return found


def run(words, serials, description=METER, until_ms=6000, knows_serial=False):
    line = Line({1: words})
    master = Master(line, 9600)
    unit = unit_limits.unit(1, description["limits"])
    device = planned.device("energy_meters")
    power = profile.quantity(device, "grid_power_w", "power", description, "energy_meters", False)
    reads = grouping.reads(unit, [power], grouping.overhead_chars(unit, master), 1)
    reads += identities(unit, description, serials, knows_serial)
    unit.reads = lengths.distinct_lengths(reads)
    poller = Poller(master, [unit], 1000)
    line.run(poller, until_ms)
    assert device.fields["grid_power_w"] == 100
    return line, unit, poller


def identity_reads(line):
    return [(address, count) for _, _, function, address, count in line.requests if function == 3]


def test_serial_number_is_read_once_and_told():
    serials = {}
    line, unit, poller = run(_merged(UNIT, TELLING), serials)
    assert serials == {0: 0x01234567}
    assert sorted(identity_reads(line)) == [(64512, 2), (64514, 1)]
    assert unit.warning is None
    assert len(poller.units[0].reads) == 1


def test_registers_that_were_never_written_hold_no_serial_number():
    for high, low in ((0, 0), (0xFFFF, 0xFFFF), (0x2020, 0x2020)):
        serials = {}
        _, _, poller = run(_merged(UNIT, TELLING, {(3, 64512): high, (3, 64513): low}), serials)
        assert serials == {}
        assert len(poller.units[0].reads) == 1  # and are not asked again


def test_serial_number_that_the_config_gives_is_not_asked_for():
    serials = {}
    line, unit, _ = run(_merged(UNIT, TELLING), serials, knows_serial=True)
    assert serials == {}
    assert identity_reads(line) == [(64514, 1)]


def test_another_model_than_the_profiles_is_reported():
    words = _merged(UNIT, TELLING)
    words[(3, 64514)] = 137
    _, unit, _ = run(words, {})
    assert unit.warning == "model number 137 where the profile expects 112"


def test_one_of_several_model_numbers_is_right():
    description = dict(METER)
    description["identity"] = {
        "model_id": {"function": 3, "address": 64514, "type": "u16", "equals": [111, 112]}
    }
    _, unit, _ = run(_merged(UNIT, TELLING), {}, description)
    assert unit.warning is None
    words = _merged(UNIT, TELLING)
    words[(3, 64514)] = 7
    _, unit, _ = run(words, {}, description)
    assert unit.warning == "model number 7 where the profile expects 111 or 112"


def test_a_model_may_be_a_range_two_words_or_a_text():
    cases = (
        ({"type": "u16", "equals": [[71, 73], 112]}, 64514, [112], None),
        ({"type": "u16", "equals": [[71, 73], 112]}, 64514, [72], None),
        ({"type": "u16", "equals": [[71, 73], 112]}, 64514, [74], "74 where the profile expects 71 to 73 or 112"),
        ({"type": "u32", "equals": 0x20001}, 64514, [2, 1], None),
        ({"type": "u32", "equals": 0x20001}, 64514, [1, 2], "65538 where the profile expects 131073"),
        # "B23 " as ABB writes it, "B24" behind it
        ({"type": "ascii", "words": 2, "equals": "B23"}, 64514, [0x4232, 0x3320], None),
        ({"type": "ascii", "words": 2, "equals": "B23"}, 64514, [0x4232, 0x3420], "b'B24 ' where the profile expects \"B23\""),
    )  # fmt: skip
    for spec, address, words, warning in cases:
        description = dict(METER)
        description["identity"] = {"model_id": dict(spec, function=3, address=address)}
        _, unit, _ = run(
            _merged(UNIT, {(3, address + i): word for i, word in enumerate(words)}),
            {},
            description,
        )
        assert unit.warning == (warning and "model number " + warning), (spec, words)


def test_unit_that_tells_nothing_is_read_all_the_same():
    serials = {}
    line, unit, poller = run(UNIT, serials, until_ms=12000)
    assert serials == {} and unit.warning is None
    assert len(poller.units[0].reads) == 1
    asked = len(identity_reads(line))
    assert asked <= 6


def test_info_is_rendered_again_when_a_number_is_known():
    infos = [("energy_meters", 0, {"name": "Grid", "model": "X", "location": 1})]
    source = Info(layout.info(infos, [0]))
    before = (
        '{"device_info": {"energy_meters": {"0": {"name": "Grid", "model": "X", "location": 1}}}}'
    )
    assert _text(source) == before
    assert source.open(0) is source.open(1)
    source.serials[0] = 19088743
    assert _text(source) == before.replace('"X"', '"X", "serial": "19088743"')


def _merged(*images):
    words = {}
    for image in images:
        words.update(image)
    return words


def _text(source):
    answer = source.open(0)
    view = bytearray(answer.length)
    answer.read(memoryview(view), 0)
    return bytes(view).split(b"\r\n\r\n")[1].decode()
