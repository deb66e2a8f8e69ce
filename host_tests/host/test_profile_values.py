"""Every profile against an independent witness: registers filled from physical values by what the sources state, read by
the firmware's own profile, plan, master and decoder, must give the charger's values with the charger's signs."""

from fractions import Fraction

import pytest

from host_tests.host.modbus_device import read_profile
from host_tests.host.register_facts import BASE, Device, Fact, load, sign
from host_tools.build import profiles_doc

PROFILES = profiles_doc.load()
FACTS = load()
ROLES = [(name, role) for name in sorted(PROFILES) for role in PROFILES[name]["roles"]]

# In W, Wh, V, A, Hz, %.
USUAL = {
    "power": 612.5,
    "energy": 1234567.8,
    "voltage": 231.4,
    "current": 5.37,
    "frequency": 49.98,
    "soc": 78.2,
}
UNITS = {"W": 1, "kW": 1000, "Wh": 1, "kWh": 1000, "MWh": 10**6, "V": 1, "mV": Fraction(1, 1000)}
UNITS |= {"A": 1, "mA": Fraction(1, 1000), "Hz": 1, "%": 1, "": 1}


def facts_of(name, role):
    """{quantity: [Fact, ...]} of a role, or of the role that it borrows from."""
    found = PROFILES[name]["roles"][role]
    own = found if isinstance(found, str) else role
    quantities = {}
    for fact in FACTS[name]:
        if fact.role == own:
            quantities.setdefault(fact.quantity, []).append(fact)
    return quantities


def decoded(name, role, device):
    """What the firmware makes of the device's registers."""
    profile = PROFILES[name]
    image = device.fill_gaps(profile["limits"].get("holes", ()))
    return read_profile(profile, role, image)


def fill(name, role, choose):
    """(device, {quantity: exact value}): choose(fact, index, sign) gives (value, direction register says negative)."""
    facts = facts_of(name, role)
    device = Device(FACTS[name])
    expected = {}
    held = {}  # a phase may be a part of the total, too
    for quantity, parts in facts.items():
        expected[quantity] = 0
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
    return 0, False


@pytest.mark.parametrize("choose", [positive_power, negative_power, raw_positive])
@pytest.mark.parametrize(("name", "role"), ROLES)
def test_values_arrive_with_the_chargers_sign(name, role, choose):
    device, expected = fill(name, role, choose)
    if choose is positive_power:
        assert expected["power"] > 0
    assert_same(decoded(name, role, device), expected, facts_of(name, role))


@pytest.mark.parametrize(("name", "role"), ROLES)
def test_zero_is_a_value_where_the_device_does_not_use_it_for_none(name, role):
    device, expected = fill(name, role, zero)
    facts = facts_of(name, role)
    assert all(abs(value) < 2000 for value in expected.values())
    assert_same(decoded(name, role, device), expected, facts)


@pytest.mark.parametrize(("name", "role"), ROLES)
def test_negative_power_reaches_the_charger_wherever_a_register_can_say_it(name, role):
    facts = facts_of(name, role)["power"]
    _, expected = fill(name, role, negative_power)
    can = any(f.signed or f.direction or sign(role, f.positive) < 0 for f in facts)
    assert (expected["power"] < 0) == can


@pytest.mark.parametrize(("name", "role"), ROLES)
def test_a_large_house_after_many_years_fits(name, role):
    low, high = first_register(name, role, "power")["range"]

    def choose(fact, i, towards):
        if fact.quantity == "power":
            most = high if towards > 0 else -low
            return (most * Fraction(99, 100) if i == 0 else 0), False
        if fact.kind == "energy":
            large = 10**7 if fact.quantity == "energy_day" else 10**8  # 100 MWh
            return (large if i == 0 else 0), False
        return USUAL[fact.kind], False

    device, expected = fill(name, role, choose)
    if abs(expected["power"]) <= max(-low, high):
        assert_same(decoded(name, role, device), expected, facts_of(name, role))


@pytest.mark.parametrize(("name", "role"), ROLES)
def test_power_beyond_the_plausible_is_refused_and_nothing_else(name, role):
    low, high = first_register(name, role, "power")["range"]

    def choose(fact, i, towards):
        if fact.quantity == "power":
            return (max(high, -low) * 2 if i == 0 else 0), False
        return USUAL[fact.kind], False

    device, expected = fill(name, role, choose)
    facts = facts_of(name, role)
    if low <= expected["power"] <= high:
        return  # its register cannot hold more
    phases = [q for q in facts if q.startswith("power_") and shares(facts[q], facts["power"])]
    got = decoded(name, role, device)
    assert "power" not in got
    for quantity in ["power", *phases]:
        del expected[quantity]
        got.pop(quantity, None)
    assert_same(got, expected, facts)


@pytest.mark.parametrize(("name", "role"), ROLES)
def test_a_sentinel_is_no_value_and_harms_no_other(name, role):
    facts = facts_of(name, role)
    for quantity, parts in facts.items():
        for fact in parts:
            for bits in fact.sentinels():
                device, expected = fill(name, role, positive_power)
                device.put_bits(fact, bits)
                got = decoded(name, role, device)
                for other in facts:
                    if other == quantity or shares([fact], facts[other]):
                        assert other not in got
                        del expected[other]
                assert_same(got, expected, facts)


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_an_exponent_that_is_not_there_takes_its_values_with_it(name):
    for role in ("inverters", "energy_meters", "batteries"):
        if role not in PROFILES[name]["roles"]:
            continue
        facts = facts_of(name, role)
        for fact in [one for parts in facts.values() for one in parts]:
            if fact.exponent is None:
                continue
            device, expected = fill(name, role, positive_power)
            device.words[fact.function, device.at(fact, fact.exponent)] = 0x8000
            got = decoded(name, role, device)
            assert fact.quantity not in got


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_profile_and_witness_state_the_same_registers(name):
    profile = PROFILES[name]
    stated = sorted(as_row(profile, *one) for one in own_registers(profile))
    witnessed = sorted(
        (
            fact.role,
            fact.quantity,
            fact.function,
            fact.address,
            fact.type,
            fact.little and fact.bits > 16,
            fact.scale,
            sign(fact.role, fact.positive),
            fact.exponent or -1,
            sorted(fact.times),
            fact.direction or (),
            fact.models,
            sorted(fact.invalid),
        )
        for fact in FACTS[name]
    )
    assert stated == witnessed


def test_every_fact_has_a_profile_and_a_source():
    assert set(FACTS) == set(PROFILES)
    assert all(fact.source for facts in FACTS.values() for fact in facts)


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


def own_registers(profile):
    for role, quantities in profile["roles"].items():
        if isinstance(quantities, str):
            continue
        for quantity, found in quantities.items():
            for register in found if isinstance(found, list) else [found]:
                yield role, quantity, register


def as_row(profile, role, quantity, register):
    """A register of a profile in the terms of the witness."""
    full = {**profile["defaults"], **register}
    number, unit = full["scale"].split(" ")
    invalid = full.get("invalid", profile.get("invalid", {}).get(full["type"], ()))
    direction = full.get("direction")
    return (
        role,
        quantity,
        full["function"],
        full["address"],
        full["type"],
        full["word_order"] == "little" and full["type"][1:] != "16",
        Fraction(number) * UNITS[unit],
        sign(role, full.get("positive", "")),
        full.get("exponent", {}).get("address", -1),
        sorted((one["address"], Fraction(one["scale"])) for one in full.get("factors", ())),
        (direction["address"], direction.get("mask", 0xFFFF), direction["negative"])
        if direction
        else (),
        tuple(full.get("model", ())),
        sorted(int(one, 16) for one in invalid),
    )


def first_register(name, role, quantity):
    roles = PROFILES[name]["roles"]
    found = roles[role] if isinstance(roles[role], dict) else roles[roles[role]]
    return found[quantity][0] if isinstance(found[quantity], list) else found[quantity]


def shares(some, others):
    """Does a register serve both?"""
    places = {(fact.function, fact.models, fact.address) for fact in some}
    return any((fact.function, fact.models, fact.address) in places for fact in others)
