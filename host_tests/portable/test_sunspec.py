# SPDX-License-Identifier: MIT
"""SunSpec by discovery: the marker at any base, models in any order, and no address read that the chain does not give."""

import struct

import planned
from line import Forgetful, Line, adu
from meters.chain import Chain
from meters.poller import Poller
from modbus.master import Master
from planning import grouping, profile, unit_limits

MODELS = [101, 102, 103]
PROFILE = {
    "limits": {"registers_per_read": 100, "timeout_ms": 300},
    "defaults": {"function": 3, "type": "u16", "word_order": "big"},
    "invalid": {"u16": ["0xFFFF"], "s16": ["0x8000"], "u32": ["0xFFFFFFFF", "0x00000000"]},
    "sunspec": {"bases": [40000, 50000, 0]},
    "roles": {
        "inverters": {
            "power": {
                "model": MODELS,
                "address": 14,
                "type": "s16",
                "scale": "1 W",
                "positive": "generation",
                "exponent": {"address": 15, "type": "s16"},
            },
            "energy_total": {
                "model": MODELS,
                "address": 24,
                "type": "u32",
                "scale": "1 Wh",
                "exponent": {"address": 26, "type": "s16"},
            },
        }
    },
}

# Lengths as in the models' own descriptions: 1 common, 103 three-phase inverter, 120 nameplate.
COMMON = (1, 66, {})
NAMEPLATE = (120, 26, {})


def inverter(model=103, power=3210, power_exponent=0, energy=12345678, energy_exponent=1):
    high, low = struct.unpack(">HH", struct.pack(">I", energy))
    points = {
        14: power & 0xFFFF,
        15: power_exponent & 0xFFFF,
        24: high,
        25: low,
        26: energy_exponent & 0xFFFF,
    }
    return (model, 50, points)


def image(base, models, end=True):
    """{(3, address): word} of a device with these models behind the marker."""
    words = {(3, base): 0x5375, (3, base + 1): 0x6E53}
    at = base + 2
    for number, length, points in models:
        for i in range(length + 2):
            words[(3, at + i)] = points.get(i, 0x7777)
        words[(3, at)], words[(3, at + 1)] = number, length
        at += 2 + length
    if end:
        words[(3, at)], words[(3, at + 1)] = 0xFFFF, 0
    return words


def build(line, description=PROFILE):
    master = Master(line, 9600)
    unit = unit_limits.unit(1, description["limits"])
    pairs = profile.wanted("inverters", profile.role(description, "inverters"), False)
    device = planned.device("inverters", *[key for key, _ in pairs])
    quantities = [
        profile.quantity(device, k, n, description, "inverters", False) for k, n in pairs
    ]
    overhead_chars = grouping.overhead_chars(unit, master)
    bases = description["sunspec"]["bases"]
    chain = Chain(unit, 3, bases, quantities, overhead_chars, 2)
    unit.reads = [chain.search()]
    return Poller(master, [unit], 1000), device, unit


def run(words, until_ms=4000):
    line = Line({1: words})
    poller, device, unit = build(line)
    line.run(poller, until_ms)
    return line, device, unit


def test_marker_at_each_base_and_models_in_any_order():
    for base in (40000, 50000, 0):
        for models in (
            [COMMON, inverter()],
            [COMMON, inverter(101), NAMEPLATE],
            [COMMON, NAMEPLATE, inverter(102)],
            [inverter(), COMMON],
        ):
            line, device, unit = run(image(base, models), 12000)
            assert device.fields["inv_power_ac_w"] == 3210, (base, models)
            assert device.fields["pv_energy_total_wh"] == 123456780
            assert unit.warning is None


def test_only_what_the_chain_gives_is_read_once_the_marker_is_found():
    line, device, _ = run(image(40000, [COMMON, NAMEPLATE, inverter()]))
    at = 40000 + 2 + 68 + 28
    # Heads with and without the register before them, in turn.
    heads = [(r[3], r[4]) for r in line.requests[:4]]
    assert heads == [(40000, 2), (40001, 3), (40070, 2), (at - 1, 3)]
    for _, _, _, address, count in line.requests[4:]:
        assert at <= address and address + count <= at + 52


def test_the_first_of_several_models_in_the_chain_counts():
    _, device, _ = run(image(40000, [COMMON, inverter(102, 700), inverter(103, 900)]))
    assert device.fields["inv_power_ac_w"] == 700


def test_scale_factors_of_both_signs():
    _, device, _ = run(image(40000, [COMMON, inverter(power=-3215, power_exponent=-1)]))
    assert device.fields["inv_power_ac_w"] == -322
    _, device, _ = run(image(40000, [COMMON, inverter(power=32, power_exponent=2)]))
    assert device.fields["inv_power_ac_w"] == 3200


def test_what_is_not_implemented_has_no_value():
    for power, exponent in ((0x8000, 0), (100, 0x8000)):
        _, device, _ = run(image(40000, [COMMON, inverter(power=power, power_exponent=exponent)]))
        assert device.fields["inv_power_ac_w"] is None
        assert device.fields["pv_energy_total_wh"] == 123456780
    for energy in (0, 0xFFFFFFFF):
        _, device, _ = run(image(40000, [COMMON, inverter(energy=energy)]))
        assert device.fields["pv_energy_total_wh"] is None
        assert device.fields["inv_power_ac_w"] == 3210


def test_registers_that_are_readable_but_hold_no_marker_are_stepped_over():
    words = image(50000, [COMMON, inverter()])
    words.update({(3, 40000): 1, (3, 40001): 2})
    _, device, _ = run(words)
    assert device.fields["inv_power_ac_w"] == 3210


def test_unit_without_the_model_is_read_nowhere_and_says_so():
    line, device, unit = run(image(40000, [COMMON, NAMEPLATE]), 30000)
    assert device.fields["inv_power_ac_w"] is None
    assert unit.warning == "no SunSpec model of [101, 102, 103]"
    assert len(line.requests) == 4  # and the next search comes in half a minute


def test_unit_without_a_marker_is_read_nowhere_else_and_says_so():
    line, device, unit = run({(3, 40000): 1, (3, 40001): 1}, 60000)
    assert unit.warning == "no SunSpec marker"
    assert {r[3] for r in line.requests} <= {40000, 50000, 0}
    assert len(line.requests) < 40


def test_chain_without_an_end():
    _, device, unit = run(image(40000, [COMMON, inverter()], end=False))
    assert device.fields["inv_power_ac_w"] == 3210
    description_without = image(40000, [COMMON, NAMEPLATE], end=False)
    _, device, unit = run(description_without, 20000)
    assert unit.warning == "no SunSpec model of [101, 102, 103]"


def test_unit_that_wakes_in_the_morning_is_found_then():
    line = Line({1: image(40000, [COMMON, inverter()])})
    line.silent.add(1)
    poller, device, _ = build(line)
    line.run(poller, 300000)
    assert device.fields["inv_power_ac_w"] is None
    line.silent.clear()
    line.run(poller, line.now_ms + 35000)
    assert device.fields["inv_power_ac_w"] == 3210


def test_no_plan_is_made_of_addresses_that_are_not_known():
    device = planned.device("inverters")
    power = profile.quantity(device, "power", "power", PROFILE, "inverters", False)
    try:
        grouping.reads(unit_limits.unit(1, {}), [power], 100, 1)
    except ValueError:
        return
    assert False, "a wrong address would be read"


def test_models_that_have_changed_are_looked_for_anew_and_serve_nothing_until_then():
    line = Line({1: image(40000, [COMMON, inverter()])})
    poller, device, unit = build(line)
    line.run(poller, 8000)
    assert device.fields["inv_power_ac_w"] == 3210 and unit.warning is None
    # Floats stand where the integers were.
    line.units[1] = image(40000, [COMMON, (113, 60, {14: 17254, 15: 0})])
    line.run(poller, line.now_ms + 3500)
    wrong_ms = device.at_ms["inv_power_ac_w"]
    line.run(poller, line.now_ms + 10000)
    assert device.at_ms["inv_power_ac_w"] == wrong_ms
    assert unit.warning == "no SunSpec model of [101, 102, 103]"
    # Back again, at another place.
    line.units[1] = image(40000, [COMMON, NAMEPLATE, inverter(power=77)])
    line.run(poller, line.now_ms + 40000)
    assert device.fields["inv_power_ac_w"] == 77 and unit.warning is None


def test_unit_that_is_silent_where_it_has_nothing_is_found_at_its_base():
    line = Line({1: image(0, [COMMON, inverter()])})
    line.garble = lambda reply: b"" if reply[1] & 0x80 else reply
    poller, device, _ = build(line)
    line.run(poller, 8000)
    assert device.fields["inv_power_ac_w"] == 3210


def test_scale_factor_that_changes_is_never_applied_to_an_older_value():
    # 2150 W as 2150 and 0, as 215 and 1, as 21500 and -1.
    shapes = [(2150, 0), (215, 1), (21500, -1)]
    for refused_ms in (0, 1500, 5000, 20000):
        line = Line({1: image(40000, [COMMON, inverter(power=2150)])})
        line.requests = Forgetful()
        poller, device, _ = build(line)
        line.run(poller, 5000)
        for turn in range(12):
            power, exponent = shapes[turn % 3]
            line.garble = (lambda reply: adu(1, 0x83, 2)) if refused_ms else None
            line.run(poller, line.now_ms + refused_ms)
            line.garble = None
            line.units[1] = image(40000, [COMMON, inverter(power=power, power_exponent=exponent)])
            back_ms = line.now_ms
            for _ in range(30):
                line.run(poller, line.now_ms + 170)
                assert device.fields["inv_power_ac_w"] == 2150
            assert device.at_ms["inv_power_ac_w"] > back_ms, (refused_ms, turn)


def test_marker_needs_both_of_its_registers():
    words = image(40000, [COMMON, inverter(power=1)])
    words[3, 40001] = 0x6E54
    words.update(image(50000, [COMMON, inverter(power=2)]))
    _, device, _ = run(words, 12000)
    assert device.fields["inv_power_ac_w"] == 2


# The energy is another model's.
METERED = dict(PROFILE, roles={"inverters": dict(PROFILE["roles"]["inverters"])})
METERED["roles"]["inverters"]["energy_total"] = {
    "model": [160],
    "address": 10,
    "type": "u32",
    "scale": "1 Wh",
}
ENERGY = (160, 20, {10: 1, 11: 2})


def test_first_of_two_models_counts():
    models = [COMMON, inverter(101, power=1), inverter(103, power=2), ENERGY]
    line = Line({1: image(40000, models)})
    poller, device, _ = build(line, METERED)
    line.run(poller, 12000)
    assert device.fields == {"inv_power_ac_w": 1, "pv_energy_total_wh": 65538}


def test_each_model_in_use_is_watched():
    for number in (0, 1):
        models = [COMMON, inverter(), ENERGY]
        line = Line({1: image(40000, models)})
        poller, _, _ = build(line, METERED)
        line.run(poller, 12000)
        begun = len(line.requests)
        head = 40000 + 2 + 68 + 52 * number
        line.units[1][3, head] = 199
        line.run(poller, line.now_ms + 20000)
        assert any(request[3] == 40000 for request in line.requests[begun:]), number


def test_chain_of_some_models_is_followed_and_one_without_an_end_is_not():
    few = [(600 + i, 2, {}) for i in range(20)]
    _, device, _ = run(image(40000, few + [inverter()]), 30000)
    assert device.fields["inv_power_ac_w"] == 3210
    many = [(600 + i, 2, {}) for i in range(300)]
    line, _, unit = run(image(40000, many), 20000)
    assert unit.warning == "no SunSpec model of [101, 102, 103]"
    assert max(request[3] for request in line.requests) < 40000 + 2 + 70 * 4


def test_model_that_would_end_beyond_the_last_register_ends_the_chain():
    words = image(40000, [COMMON], end=False)
    words[3, 40070], words[3, 40071] = 700, 30000
    line, _, unit = run(words, 20000)
    assert unit.warning == "no SunSpec model of [101, 102, 103]"
    assert all(request[3] <= 40000 + 2 + 68 for request in line.requests if request[3] < 50000)


def found_again(models, later):
    """Is the marker looked for again after the models have become others?"""
    line = Line({1: image(40000, models)})
    poller, _, _ = build(line)
    line.run(poller, 12000)
    begun = len(line.requests)
    line.units[1] = image(40000, later)
    line.run(poller, line.now_ms + 20000)
    return any(request[3] == 40000 for request in line.requests[begun:])


def test_model_of_another_length_or_number_is_looked_for_again():
    number, length, points = inverter()
    assert not found_again([COMMON, inverter()], [COMMON, inverter(power=5)])
    assert found_again([COMMON, inverter()], [COMMON, (number, length + 10, points)])
    assert found_again([COMMON, inverter()], [COMMON, (104, length, points)])


def swapped(models, silent_ms, told):
    """A unit falls silent and comes back with these models; all powers that are told from then on."""
    line = Line({1: image(40000, [COMMON, inverter()])})
    poller, device, _ = build(line)
    line.run(poller, 6000)
    assert device.fields["inv_power_ac_w"] == 3210
    line.silent.add(1)
    line.run(poller, line.now_ms + silent_ms)
    line.units[1] = image(*models)
    line.silent.clear()
    back_ms = line.now_ms
    while line.now_ms < back_ms + 5000:
        line.run(poller, line.now_ms + 20)
        if device.at_ms["inv_power_ac_w"] >= back_ms:
            told.add(device.fields["inv_power_ac_w"])


def test_unit_that_comes_back_with_other_models_is_never_misread():
    # Where the power was stands a rating with its scale factor.
    rating = (120, 26, {i: 0 if i & 1 else 9000 for i in range(2, 28)})
    for silent_ms in (4000, 9000, 30000):
        for models in (
            (40000, [COMMON, rating, inverter(power=77)]),
            (40000, [rating, COMMON, rating, inverter(power=77)]),
            (50000, [COMMON, rating, inverter(power=77)]),
        ):
            told = set()
            swapped(models, silent_ms, told)
            assert told == {77}, (silent_ms, told)


def test_unit_whose_registers_hold_nothing_for_a_while_is_found_again_within_five_seconds():
    for word in (0, 0xFFFF):
        for spell_ms in (1000, 4700, 40000):
            words = image(40000, [COMMON, inverter()])
            line = Line({1: words})
            poller, device, _ = build(line)
            line.run(poller, 6000)
            line.units[1] = {place: word for place in words}
            line.run(poller, line.now_ms + spell_ms)
            line.units[1] = words
            back_ms = line.now_ms
            line.run(poller, back_ms + 5000)
            assert device.at_ms["inv_power_ac_w"] >= back_ms, (word, spell_ms)


def test_heads_that_are_refused_are_looked_for_again():
    line = Line({1: image(40000, [COMMON, NAMEPLATE, inverter()])})
    poller, device, _ = build(line)
    line.run(poller, 6000)
    line.units[1] = image(40000, [COMMON, inverter(power=55)])  # ends before the old head
    back_ms = line.now_ms
    line.run(poller, back_ms + 20000)
    assert device.fields["inv_power_ac_w"] == 55


def test_no_read_has_the_length_of_a_search():
    """A copy of the search's last reply may still come."""
    line, _, unit = run(image(40000, [COMMON, inverter()]), 6000)
    assert len(unit.reads) == 3
    for read in unit.reads:
        assert read.count > 3 or read.same_length, (read.address, read.count)


def test_all_models_are_looked_at_when_a_unit_comes_back():
    line = Line({1: image(40000, [COMMON, inverter(), ENERGY])})
    poller, device, _ = build(line, METERED)
    told = set()
    for models in ([inverter(), NAMEPLATE, ENERGY], [NAMEPLATE, inverter(), ENERGY]):
        line.run(poller, line.now_ms + 8000)
        line.silent.add(1)
        line.run(poller, line.now_ms + 5000)
        line.units[1] = image(40000, [COMMON] + models)
        line.silent.clear()
        for _ in range(200):
            line.run(poller, line.now_ms + 20)
            told.add((device.fields["inv_power_ac_w"], device.fields["pv_energy_total_wh"]))
    assert told == {(3210, 65538)}
