# SPDX-License-Identifier: MIT
"""Every profile against independent witnesses: registers filled from physical values by what the sources state, read by
the firmware's own profile, plan, master and decoder, must give the charger's values with the charger's signs."""

from dataclasses import replace
from fractions import Fraction

import pytest

from host_tests.host.modbus_device import read_profile
from host_tests.host.register_facts import BASE, Device, is_split, sentinels
from host_tools.build import profiles_doc, register_tables
from host_tools.build.register_tables import Fact, sign

PROFILES = profiles_doc.load()

# In W, Wh, V, A, Hz, %.
USUAL = {
    "power": 612.5,
    "energy": 1234567.8,
    "voltage": 231.4,
    "current": 5.37,
    "frequency": 49.98,
    "soc": 78.2,
}


def witnessed(table):
    """{name: {role: {quantity: [Fact, ...]}}}: what a table and a profile state alike."""
    found = {}
    for name, profile in PROFILES.items():
        for (role, quantity), witnesses in register_tables.agreeing(
            name, profile, [table]
        ).items():
            for facts in list(witnesses.values())[:1]:
                # Functions 3 and 4 answer alike where the source says so: then the profile's.
                ours = register_tables.of_profile(name, profile)[role, quantity][0].function
                facts = [replace(one, function=ours) for one in facts]
                found.setdefault(name, {}).setdefault(role, {})[quantity] = facts
    return found


def own_role(name, role):
    """The role that has the registers: itself, or the one that it borrows from."""
    found = PROFILES[name]["roles"][role]
    return found if isinstance(found, str) else role


WITNESSES = dict(zip(register_tables.TABLES, map(witnessed, register_tables.load()), strict=True))
CASES = [
    (table, name, role)
    for table, profiles in WITNESSES.items()
    for name in sorted(profiles)
    for role in PROFILES[name]["roles"]
    if own_role(name, role) in profiles[name]
]
WITH_POWER = [
    case for case in CASES if "power" in WITNESSES[case[0]][case[1]][own_role(*case[1:])]
]
WITH_EXPONENT = [
    (*case, quantity)
    for case in CASES
    for quantity, facts in WITNESSES[case[0]][case[1]][own_role(*case[1:])].items()
    if any(fact.exponent is not None for fact in facts)
]


def facts_of(table, name, role):
    """{quantity: [Fact, ...]} of a role, or of the role that it borrows from."""
    return WITNESSES[table][name][own_role(name, role)]


def first_register(name, role, quantity):
    found = PROFILES[name]["roles"][own_role(name, role)][quantity]
    return found[0] if isinstance(found, list) else found


def shares(some, others):
    """Does a register serve both?"""
    places = {(fact.function, fact.models, fact.address) for fact in some}
    return any((fact.function, fact.models, fact.address) in places for fact in others)


def decoded(name, role, device, names):
    """What the firmware makes of the device's registers."""
    profile = PROFILES[name]
    image = device.fill_gaps(profile["limits"].get("holes", ()))
    return read_profile(profile, role, image, names)


def fill(facts, role, choose):
    """(device, {quantity: exact value}): choose(fact, index, sign) gives (value, direction register says negative)."""
    device = Device([fact for parts in facts.values() for fact in parts])
    expected = {}
    held = {}  # a phase may be a part of the total, too
    for quantity, parts in facts.items():
        expected[quantity] = 0
        if is_split(parts):  # the word with the sign stands for both
            towards = sign(role, parts[1].positive)
            value, _ = choose(parts[1], 0, towards)
            expected[quantity] = towards * device.put_split(parts, Fraction(value))
            continue
        for i, fact in enumerate(parts):
            towards = sign(role, fact.positive)
            place = (fact.function, fact.models, fact.address)
            if place not in held:
                value, negative = choose(fact, i, towards)
                held[place] = device.put(fact, Fraction(value), negative)
            expected[quantity] += towards * held[place]
    return device, expected


def assert_same(got, expected, facts):
    """Every quantity is there, and right to half a count of the base unit for each of its registers."""
    assert set(got) == set(expected)
    for quantity, exact in expected.items():
        parts = facts[quantity]
        base = BASE[parts[0].kind]
        # A float whose count is finer than the base unit is rounded twice.
        loss = sum(Fraction(1, 2) + Fraction(fact.type[0] == "f", 2) for fact in parts)
        assert abs(got[quantity] - exact / base) <= loss, quantity


def positive_power(fact, i, towards):
    """The charger would see a positive power: import, generation, discharge."""
    return directed(fact, i, towards, 1)


def negative_power(fact, i, towards):
    return directed(fact, i, towards, -1)


def directed(fact, i, towards, wanted):
    value = USUAL[fact.kind] * (1 + i / 4)
    if fact.kind != "power":
        return value, False
    if fact.direction:
        return (value, towards != wanted) if towards == wanted else (-value, True)
    if towards == wanted:
        return value, False
    return (-value, False) if fact.signed else (0, False)


def raw_positive(fact, i, towards):
    """All registers of a sum at once, each with another value."""
    return USUAL[fact.kind] * (1 + i / 4), False


def zero(fact, i, towards):
    """Nothing flows; volts and hertz stay, since a meter without them measures nothing."""
    return USUAL[fact.kind] if fact.kind in ("voltage", "frequency") else 0, False


@pytest.mark.parametrize("choose", [positive_power, negative_power, raw_positive])
@pytest.mark.parametrize(("table", "name", "role"), CASES)
def test_values_arrive_with_the_chargers_sign(table, name, role, choose):
    facts = facts_of(table, name, role)
    device, expected = fill(facts, role, choose)
    if choose is positive_power and "power" in facts:
        assert expected["power"] > 0
    assert_same(decoded(name, role, device, facts), expected, facts)


@pytest.mark.parametrize(("table", "name", "role"), CASES)
def test_zero_is_a_value_where_the_device_does_not_use_it_for_none(table, name, role):
    facts = facts_of(table, name, role)
    device, expected = fill(facts, role, zero)
    still = [value for name, value in expected.items() if name[:4] not in ("volt", "freq")]
    assert all(abs(value) < 2000 for value in still)
    assert_same(decoded(name, role, device, facts), expected, facts)


@pytest.mark.parametrize(("table", "name", "role"), WITH_POWER)
def test_negative_power_reaches_the_charger_wherever_a_register_can_say_it(table, name, role):
    facts = facts_of(table, name, role)
    _, expected = fill(facts, role, negative_power)
    facts = facts["power"]
    can = any(f.signed or f.direction or sign(role, f.positive) < 0 for f in facts)
    assert (expected["power"] < 0) == can


@pytest.mark.parametrize(("table", "name", "role"), WITH_POWER)
def test_a_large_house_after_many_years_fits(table, name, role):
    low, high = first_register(name, role, "power")["range"]

    def choose(fact, i, towards):
        if fact.quantity == "power":
            most = high if towards > 0 else -low
            return (most * Fraction(99, 100) if i == 0 else 0), False
        if fact.kind == "energy":
            large = 10**7 if fact.quantity == "energy_day" else 10**8  # 100 MWh
            return (large if i == 0 else 0), False
        return USUAL[fact.kind], False

    facts = facts_of(table, name, role)
    device, expected = fill(facts, role, choose)
    assert low <= expected["power"] <= high
    assert_same(decoded(name, role, device, facts), expected, facts)


def beyond_the_plausible(table, name, role):
    """(device, {quantity: exact value}) with a power half as large again as the largest plausible."""
    low, high = first_register(name, role, "power")["range"]

    def choose(fact, i, towards):
        if fact.quantity == "power":
            return (max(high, -low) * 3 // 2 if i == 0 else 0), False
        return USUAL[fact.kind], False

    return fill(facts_of(table, name, role), role, choose)


def can_be_beyond(table, name, role):
    low, high = first_register(name, role, "power")["range"]
    return not low <= beyond_the_plausible(table, name, role)[1]["power"] <= high


@pytest.mark.parametrize(
    ("table", "name", "role"), [case for case in WITH_POWER if can_be_beyond(*case)]
)
def test_power_beyond_the_plausible_is_refused_and_nothing_else(table, name, role):
    facts = facts_of(table, name, role)
    device, expected = beyond_the_plausible(table, name, role)
    phases = [q for q in facts if q.startswith("power_") and shares(facts[q], facts["power"])]
    got = decoded(name, role, device, facts)
    assert "power" not in got
    for quantity in ["power", *phases]:
        del expected[quantity]
        got.pop(quantity, None)
    assert_same(got, expected, facts)


@pytest.mark.parametrize(("table", "name", "role"), CASES)
def test_a_sentinel_is_no_value_and_harms_no_other(table, name, role):
    facts = facts_of(table, name, role)
    for quantity, parts in facts.items():
        for fact in parts:
            for bits in sentinels(fact):
                device, expected = fill(facts, role, positive_power)
                device.put_bits(fact, bits)
                got = decoded(name, role, device, facts)
                for other in facts:
                    if other == quantity or shares([fact], facts[other]):
                        assert other not in got
                        del expected[other]
                assert_same(got, expected, facts)


@pytest.mark.parametrize(("table", "name", "role", "quantity"), WITH_EXPONENT)
def test_an_exponent_that_is_not_there_takes_its_values_with_it(table, name, role, quantity):
    facts = facts_of(table, name, role)
    for fact in facts[quantity]:
        device, _ = fill(facts, role, positive_power)
        device.words[fact.function, device.at(fact, fact.exponent)] = 0x8000
        assert quantity not in decoded(name, role, device, facts)


# The encoder itself, against vectors from elsewhere.


def fact(type_name, little=False, invalid=()):
    one = Fraction(1)
    return Fact(
        "p",
        "energy_meters",
        "power",
        3,
        100,
        type_name,
        little,
        one,
        "",
        "",
        invalid=list(invalid),
    )


def test_encoder_writes_a_float_as_ieee_754_with_the_high_word_first():
    device = Device([])
    assert device.put(fact("f32"), Fraction(-5, 2)) == Fraction(-5, 2)
    assert device.words == {(3, 100): 0xC020, (3, 101): 0x0000}
    device.put(fact("f64"), Fraction(1))
    assert device.words[3, 100] == 0x3FF0


def test_encoder_swaps_words_but_not_bytes():
    device = Device([])
    device.put(fact("s32", little=True), Fraction(-2))
    assert device.words == {(3, 100): 0xFFFE, (3, 101): 0xFFFF}
    device.put(fact("u64", little=True), Fraction(0x0001000200030004))
    assert [device.words[3, 100 + i] for i in range(4)] == [4, 3, 2, 1]


def test_encoder_never_writes_a_sentinel_as_a_value():
    device = Device([])
    assert device.put(fact("s16", invalid=[0x8000]), Fraction(-40000)) == -32767
    assert device.put(fact("u16", invalid=[0xFFFF]), Fraction(70000)) == 65534
