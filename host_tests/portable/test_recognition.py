# SPDX-License-Identifier: MIT
"""Which profile a unit has: what speaks for one and against it, what is not guessed, and how little is asked."""

import json
import struct

from planning import profile_file
from recognition import evidence, identity, recogniser, search, words
from recognition.unit import Unit

FOLDER = "lib/planning/profiles/"
SOME = (
    "carlo-gavazzi-em340",
    "carlo-gavazzi-em540",
    "eastron-sdm54",
    "eastron-sdm630",
    "eastron-smart-x96-1a",
    "growatt-sph",
    "janitza-b23",
    "pqplus-umd97",
    "sunspec-inverter",
)


def load(name):
    def read(kind, one):
        with open(FOLDER + one + ".json") as text:
            return json.load(text)

    return profile_file.completed(name, read, lambda kind: [])


def identities():
    with open("lib/planning/identities.json") as text:
        return json.load(text)


def floats(function, values):
    """Registers of {address: number}, IEEE 754 with the high word first."""
    image = {}
    for address, value in values.items():
        high, low = struct.unpack(">HH", struct.pack(">f", value))
        image[function, address] = high
        image[function, address + 1] = low
    return image


def drive(generator, image, refusal=2):
    """(what it returns, the reads that it made)"""
    reads = []
    reply = None
    try:
        while True:
            read = generator.send(reply)
            reads.append(read)
            function, address, count = read
            found = [image.get((function, at)) for at in range(address, address + count)]
            reply = refusal if None in found else found
    except StopIteration as done:
        return done.value, reads


def recognised(image, names=SOME):
    """(confidence, [Candidate])"""
    return drive(recogniser.recognise(names, load, identities()), image)[0]


def names_of(found):
    return found[0], [candidate.name for candidate in found[1]]


# Eastron's protocol, input registers: volts 0, amps 6, watts 12, total 52, hertz 70, kWh 72 and 74.
SDM = floats(
    4,
    {
        0: 229.5, 2: 230.5, 4: 231.5, 6: 4.1, 8: 5.0, 10: 1.4, 12: 900, 14: 1100, 16: -300,
        52: 1700, 70: 49.98, 72: 1234.5, 74: 765.4,
    },
)  # fmt: skip
SDM630 = dict(SDM)
SDM630.update({(3, 64514): 112, (3, 64512): 0x0131, (3, 64513): 0x2D01})


def test_meter_that_names_its_model_is_recognised_among_its_likes():
    confidence, found = recognised(SDM630)
    assert (confidence, [one.name for one in found]) == ("sure", ["eastron-sdm630"])
    assert found[0].serial == str(0x01312D01)
    for words_of in ("its own registers name the model", "230.5 V on L2", "49.98 Hz"):
        assert words_of in found[0].evidence
    assert "the phases add up to 1700 W" in found[0].evidence
    assert found[0].values["energy_meters", "power"] == 1700


def test_registers_alone_leave_look_alikes_together():
    found = recognised(SDM)
    assert names_of(found) == (
        "one of", ["eastron-sdm54", "eastron-sdm630", "eastron-smart-x96-1a"],
    )  # fmt: skip
    assert recogniser.differences(found[1]) == []


def test_another_model_number_rules_a_profile_out():
    image = dict(SDM)
    image[3, 64514] = 137  # SDM72D-M v2
    assert "eastron-sdm630" not in names_of(recognised(image))[1]


def test_model_number_zero_proves_nothing_and_rules_nothing_out():
    image = dict(SDM)
    image[3, 64514] = 0  # early SDM630
    assert "eastron-sdm630" in names_of(recognised(image))[1]
    assert recognised(image)[0] == "one of"


def test_value_that_cannot_be_rules_a_profile_out():
    for wrong in ({2: 12.0}, {70: 80.0}, {52: 2500.0}):
        image = dict(SDM630)
        image.update(floats(4, wrong))
        assert names_of(recognised(image)) == ("none", []), wrong


def test_phase_without_a_wire_does_not():
    image = dict(SDM630)
    image.update(floats(4, {4: 0, 10: 0, 16: 0, 52: 2000}))
    assert names_of(recognised(image)) == ("sure", ["eastron-sdm630"])


def test_unit_that_has_nothing_and_unit_that_is_all_zeros_are_nothing():
    class Zeros(dict):
        def get(self, key):
            return 0

    assert names_of(recognised({})) == ("none", [])
    assert names_of(recognised(Zeros())) == ("none", [])


# Growatt SPH, input registers in units of 0.1: solar 1, battery discharge 1009 and charge 1011, soc 1014 (1 %), grid
# import 1021 and export 1029, kWh today 53 and in all 55, charged 1058, discharged 1054, imported 1046, exported 1050;
# firmware at holding 9.
GROWATT = {}
for _address, _value in (
    (1, 31700), (1009, 0), (1011, 9000), (1021, 0), (1029, 18000), (53, 123), (55, 83516),
    (1046, 12345), (1050, 7654), (1054, 900), (1058, 1000),
):  # fmt: skip
    GROWATT[4, _address] = _value >> 16
    GROWATT[4, _address + 1] = _value & 0xFFFF
GROWATT[4, 1014] = 62
GROWATT.update({(3, 9): 0x5241, (3, 10): 0x312E})  # "RA1."


def test_split_registers_are_subtracted_not_added():
    confidence, found = recognised(GROWATT)
    assert (confidence, found[0].name) == ("sure", "growatt-sph")
    values = found[0].values
    assert values["energy_meters", "power"] == -1800  # feeds in
    assert values["batteries", "power"] == -900  # charges
    assert values["inverters", "power"] == 3170 - 900


def test_inverter_without_a_name_is_known_by_little_and_said_to_be():
    image = dict(GROWATT)
    del image[3, 9]
    assert names_of(recognised(image)) == ("perhaps", ["growatt-sph"])


def test_inverter_that_sleeps_is_no_contradiction():
    known = {"voltage_l1": 0, "frequency": 0, "power": 0}
    assert evidence.judge(known, True) == []
    try:
        evidence.judge(known, False)
        raise AssertionError("a meter without volts")
    except evidence.Contradiction:
        pass


def test_watts_must_fit_volts_and_amps():
    def points(power):
        known = {"voltage_l1": 2300, "current_l1": 10000, "power": power}
        return sum([point for point, _ in evidence.judge(known, False)])

    assert points(2200) == points(-2200) > points(400) > points(20)
    try:
        points(22000)
        raise AssertionError("ten times too much")
    except evidence.Contradiction:
        pass


def test_more_today_than_ever_is_a_contradiction():
    assert evidence.judge({"energy_day": 5000, "energy_total": 5000}, True)
    try:
        evidence.judge({"energy_day": 5001, "energy_total": 5000}, True)
        raise AssertionError
    except evidence.Contradiction:
        pass


# SunSpec: the marker, model 1 with 66 registers, 103 with 50, the end (models 1 and 103 of sunspec.org).
SUNSPEC = {(3, at): 0 for at in range(40000, 40130)}
for _i, _word in enumerate((0x5375, 0x6E53, 1, 66)):
    SUNSPEC[3, 40000 + _i] = _word
for _i, _word in enumerate((103, 50)):
    SUNSPEC[3, 40070 + _i] = _word
# W 14 sf 15, WH 24 sf 26, PhVphA 10 sf 13, AphA 3 sf 6, Hz 16 sf 17
for _at, _word in (
    (14, 3170), (15, 0), (24, 127), (25, 28432), (26, 0), (10, 2301), (13, 0xFFFF), (3, 460), (6, 0xFFFE),
    (16, 4998), (17, 0xFFFE),
):  # fmt: skip
    SUNSPEC[3, 40070 + _at] = _word
SUNSPEC.update({(3, 40122): 0xFFFF, (3, 40123): 0})


def test_sunspec_chain_is_followed_to_the_models():
    unit = Unit()
    drive(unit.find_models(), SUNSPEC)
    assert unit.models == {1: 40002, 103: 40070}
    confidence, found = recognised(SUNSPEC)
    assert (confidence, found[0].name) == ("sure", "sunspec-inverter")
    assert "SunSpec model 103" in found[0].evidence and "49.98 Hz" in found[0].evidence
    assert found[0].values["inverters", "power"] == 3170


# Identities.

KEYS = "function address type words equals model source optional always".split()


def said(given, image, models=None):
    unit = Unit()
    unit.models = models or {}
    return drive(identity.compare(unit, given), image)[0]


def number(equals, type="u16", **more):  # noqa: A002
    one = {"function": 4, "address": 11, "type": type, "equals": equals}
    one.update(more)
    return [one]


def text(equals, count, **more):
    return number(equals, "ascii", words=count, **more)


def test_numbers_may_be_listed_or_ranges():
    assert said(number([71, [1744, 1763]]), {(4, 11): 1750}) == identity.STRONG
    assert said(number([71, [1744, 1763]]), {(4, 11): 71}) == identity.WEAK
    assert said(number([71, [1744, 1763]]), {(4, 11): 1764}) == identity.OTHER
    image = {(4, 11): 0x4232, (4, 12): 0x3320}
    assert said(number([0x42323320], "u32"), image) == identity.STRONG


def test_text_may_have_one_or_two_characters_in_a_register():
    packed = {(4, 11): 0x4232, (4, 12): 0x3320}  # "B23 "
    spread = {(4, 11): 0x20, (4, 12): ord("B"), (4, 13): ord("2"), (4, 14): ord("3")}
    assert said(text(["b23"], 2), packed) == identity.STRONG
    assert said(text(["B23"], 4), spread) == identity.STRONG
    assert said(text(["B24"], 2), packed) == identity.OTHER


def test_star_stands_for_any_text():
    image = {(4, 11): 0x4833, (4, 12): 0x2D38, (4, 13): 0x2D4D}  # "H3-8-M"
    assert said(text(["H3-*-M"], 3), image) == identity.STRONG
    assert said(text(["*8*"], 3), image) == identity.STRONG
    assert said(text(["H3-*Smart"], 3), image) == identity.OTHER


def test_what_a_missing_register_says_depends():
    assert said(number([71]), {}) == identity.UNKNOWN
    assert said(number([71], always=True), {}) == identity.OTHER
    assert said(number([71], optional=True), {(4, 11): 5}) == identity.UNKNOWN


def test_registers_of_a_sunspec_model_are_counted_from_it():
    image = {(4, 40013): 0x4672, (4, 40014): 0x6F6E}  # "Fron"
    assert said(text(["Fron"], 2, model=1), image, {1: 40002}) == identity.STRONG
    assert said(text(["Fron"], 2, model=1), image) == identity.UNKNOWN


def test_model_number_of_a_profile_counts_beside_its_other_identities():
    profile = {
        "identity": {"model_id": {"function": 4, "address": 11, "type": "u16", "equals": 71}}
    }
    more = {"x": [{"function": 4, "address": 12, "type": "u16", "equals": [5]}]}
    both = identity.of_profile("x", profile, more)
    assert said(both, {(4, 11): 71, (4, 12): 5}) == identity.WEAK
    assert said(both, {(4, 11): 71, (4, 12): 6}) == identity.OTHER
    assert said(both, {(4, 11): 72, (4, 12): 5}) == identity.OTHER
    assert identity.of_profile("y", {}, more) == []


def test_every_identity_of_ours_can_be_compared():
    for name, given in identities().items():
        assert load(name), name
        for one in given:
            assert one["function"] in (3, 4) and 0 <= one["address"] <= 65535, name
            assert one["source"] and one["equals"], name
            assert one["type"] in ("u16", "u32", "u64", "ascii"), name
            assert ("words" in one) == (one["type"] == "ascii"), name
            assert not [key for key in one if key not in KEYS], name


# How much is asked.


def test_same_register_is_read_once_for_all_profiles():
    _, reads = drive(recogniser.recognise(SOME, load, {}), SDM)
    assert len(reads) == len(set(reads))


def test_unit_whose_name_is_certain_is_tried_as_no_other():
    result, reads = drive(recogniser.recognise(SOME, load, identities()), GROWATT)
    assert names_of(result) == ("sure", ["growatt-sph"])
    assert (4, 1021, 2) in reads and (4, 19000, 2) not in reads  # Janitza B23: volts


def test_reply_that_is_lost_is_asked_for_again():
    unit = Unit()
    generator = unit.words(4, 0, 1)
    assert next(generator) == (4, 0, 1)
    assert generator.send(0) == (4, 0, 1)
    try:
        generator.send([17])
    except StopIteration as done:
        assert done.value == (17,)
    assert unit.known(4, 0, 1) == (17,)


def test_unit_that_says_nothing_instead_of_an_exception_is_asked_once_only():
    unit = Unit()
    counts = []
    for address in range(10):
        counts.append(len(drive(unit.words(4, address, 1), {}, 0)[1]))
    assert counts[0] == 2 and counts[-1] == 1


def test_function_that_is_illegal_is_not_asked_for_ever():
    unit = Unit()
    asked = 0
    for address in range(10):
        asked += len(drive(unit.words(4, address, 1), {}, 1)[1])
    assert asked == 3
    _, reads = drive(unit.words(3, 0, 1), {(3, 0): 1}, 1)
    assert reads == [(3, 0, 1)]


def test_unit_that_answers_everywhere_is_found_out():
    class Any(dict):
        def get(self, key):
            return 7

    assert drive(Unit().answers_everywhere(3), Any())[0]
    assert not drive(Unit().answers_everywhere(3), SDM630)[0]


def test_registers_behind_the_last_are_not_asked():
    assert drive(Unit().words(3, 65535, 2), {}) == (None, [])


# Verdicts.


class Found:
    def __init__(self, name, score, certain=False, values=None, lacks=()):
        self.name = name
        self.score = score
        self.certain = certain
        self.values = values or {}
        self.lacks = lacks


def verdict(*found):
    return names_of(recogniser.verdict(found))


def test_who_names_itself_goes_before_who_only_fits():
    assert verdict(Found("a", 20), Found("b", 19, True)) == ("sure", ["b"])
    assert verdict(Found("a", 30), Found("b", 12, True)) == ("one of", ["a", "b"])


def test_what_fits_alike_is_named_together():
    assert verdict(Found("b", 20), Found("a", 20), Found("c", 12)) == ("one of", ["a", "b"])
    assert verdict(Found("a", 20), Found("c", 12)) == ("likely", ["a"])


def test_little_is_called_little():
    assert verdict(Found("a", 3)) == ("perhaps", ["a"])
    assert verdict(Found("a", 3, lacks=[("inverters", "power")])) == ("none", [])
    assert verdict(Found("a", 1)) == ("none", [])
    assert verdict() == ("none", [])


def test_what_differs_is_told():
    key, other = ("inverters", "power"), ("inverters", "energy_total")
    one = Found("a", 9, values={key: 5, other: 1})
    two = Found("b", 9, values={key: 5, other: 10})
    assert recogniser.differences([one, two]) == [other]


# What is tried first.


def test_settings_of_new_devices_come_first_the_frequent_before():
    serials = [
        {"baudrate": 2400, "parity": "even", "stop_bits": 1, "unit": 1, "source": "factory"},
        {"baudrate": 9600, "parity": "none", "stop_bits": 1, "unit": 1, "source": "preset"},
        {"baudrate": 9600, "parity": "none", "stop_bits": 1, "unit": 247, "source": "preset"},
        {"baudrate": 19200, "unit": 5, "source": "preset"},
        {},
    ]
    delivered, others = search.tries(serials)
    assert delivered[:2] == [((9600, "none", 1), 1), ((9600, "none", 1), 247)]
    assert ((19200, "even", 1), 5) in delivered and ((19200, "none", 1), 5) in delivered
    assert ((2400, "even", 1), 5) in others and ((9600, "none", 2), 126) in others
    assert not [pair for pair in others if pair in delivered]
    first = search.units_first(serials)
    assert first[:7] == [1, 2, 3, 11, 126, 247, 5] and len(first) == len(set(first))


# Words.


def test_values_are_written_as_displays_show_them():
    assert words.amount("power", -1240) == "-1240 W"
    assert words.amount("energy_total", 8351605) == "8351.605 kWh"
    assert words.amount("voltage_l1", 2305) == "230.5 V"
    assert words.amount("current_l1", -5) == "-0.005 A"
    assert words.amount("soc", 620) == "62.0 %"
    assert words.amount("soc", None) == "-"


def test_direction_is_told_from_the_chargers_side():
    assert words.direction("energy_meters", "power", 5) == "import"
    assert words.direction("energy_meters", "power_l1", -5) == "export"
    assert words.direction("batteries", "power", -5) == "charge"
    assert words.direction("inverters", "power", 5) == "generation"
    assert words.direction("batteries", "soc", 5) == words.direction("batteries", "power", 0) == ""
