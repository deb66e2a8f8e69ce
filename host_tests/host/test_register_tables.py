# SPDX-License-Identifier: MIT
"""Every profile against every table that has it, register by register; what differs is named, with the reason."""

from fractions import Fraction

import pytest

from host_tools.build import profiles_doc, register_tables
from host_tools.build.register_tables import Fact, agree

PROFILES = profiles_doc.load()
TABLES = register_tables.load()
ALLOWED = register_tables.differences()
VARIANTS = {
    "deye-1p-hybrid-16kw": "deye-1p-hybrid",
    "deye-3p-hybrid-hv-ext-ct": "deye-3p-hybrid-hv",
}

# In the first table only; docs/profiles.md says of each what only one source states.
ONE_TABLE = """
abb-a43 abb-b21 acrel-adw300 afore-hybrid algodue-uem askoma-askoheat-plus bernecker-mpm3pm
bernecker-mpm3pm-fc4 carlo-gavazzi-em330-s27 carlo-gavazzi-em511 chint-ddsu666 chint-ddsu666-fc4
chint-dtsu666-20 chint-dtsu666-fc4 chint-dtsu666-h chint-dtsu666-secondary chint-dtsu666-series
chisage-ess ddm-ddm18sd dzg-dvh4013 eastron-sdm54 eastron-smart-x96-1a ff-le-01mr finder-7e78
finder-7m24 foxess-evo foxess-h1-g2 foxess-h1-lan foxess-kh foxess-kh-pre133 fronius-gen24
fronius-gen24-float fronius-smart-meter-ts-65a fronius-verto goodwe-dt goodwe-dt-g2 growatt-mic
growatt-min-tl-xe growatt-mod-tl3-x hager-ecr380d havells-enviro-gti hiking-dds238-2-v1
hiking-dds238-2-v2 huawei-ddsu666-h huawei-dtsu666-h-2102 inepro-pro1 inepro-pro380
inepro-pro380-old janitza-b23 janitza-umg511 janitza-umg801 janitza-umg806 kdk-2puct kstar-hybrid
lovato-dmed341 orno-or-we-504 orno-or-we-514 orno-or-we-516 orno-or-we-525 peacefair-pzem-004t-v3
peacefair-pzem-017 phoenix-contact-eem-350-d-mcb phoenix-contact-eem-em357 pqplus-umd96
pqplus-umd97 saj-r5 schneider-iem3150 selec-em2m siemens-7kt1665 siemens-pac1600
socomec-countis-e14 socomec-countis-e24 socomec-countis-e34 socomec-diris-a14 socomec-diris-b30
sofar-ktl-3p solaredge-se solaredge-se-mtr-3y solarman-dtsd422-d3 solax-x1-hybrid-g5
solax-x1-hybrid-g6 solax-x1-mini-boost-g3 solax-x1-mini-boost-g4 solax-x3-hybrid-g5
solax-x3-hybrid-g6 solax-x3-mic-g1 sungrow-ihomemanager sunspec-battery sunspec-der
sunspec-inverter sunspec-inverter-float sunspec-meter sunspec-meter-export sunspec-meter-float
weidmueller-em525 ytl-dds353h ytl-dem4a ytl-dts353-5300
""".split()  # noqa: SIM905 - readable


def disagreements(table):
    """{(profile, role, quantity, source)} where a profile reads another value than a source does, or none."""
    found = set()
    for (name, role, quantity), statements in table.items():
        ours = register_tables.of_profile(name, PROFILES[name]).get((role, quantity))
        for source, facts in statements.items():
            if quantity == "identity":
                numbers = register_tables.model_numbers(PROFILES[name], facts[0])
                same = set(facts[0].equals) <= set(numbers)
            else:
                same = any(fact.dc for fact in facts) or ours and agree(ours, facts)
            if not same:
                found.add((name, role, quantity, source))
    return found


def test_no_model_number_is_made_up():
    stated = {}
    for table in TABLES:
        for (name, _, quantity), statements in table.items():
            for facts in statements.values() if quantity == "identity" else ():
                stated.setdefault(name, set()).update(facts[0].equals)
    for name, profile in PROFILES.items():
        if "model_id" in profile.get("identity", {}):
            equals = profile["identity"]["model_id"]["equals"]
            numbers = set(equals if isinstance(equals, list) else [equals])
            # A variant of a profile shows the numbers of the profile.
            known = stated.get(name) or stated.get(VARIANTS.get(name), set())
            assert numbers <= known, name


@pytest.mark.parametrize("table", TABLES, ids=register_tables.TABLES)
def test_a_profile_differs_from_a_table_only_where_it_says_why(table):
    assert disagreements(table) - set(ALLOWED) == set()


def test_no_difference_is_allowed_that_is_none():
    assert set(ALLOWED) - set().union(*map(disagreements, TABLES)) == set()


@pytest.mark.parametrize("key", ALLOWED, ids="-".join)
def test_a_difference_has_a_reason_and_says_who_decides(key):
    row = ALLOWED[key]
    assert row["reason"]
    assert row["third_source"] or "caveat" in PROFILES[key[0]]


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_knows_the_same_raw_values_for_no_value(name):
    for place, ours in register_tables.of_profile(name, PROFILES[name]).items():
        for facts in TABLES[0].get((name, *place), {}).values():
            if agree(ours, facts) and [one.type for one in ours] == [one.type for one in facts]:
                assert [sorted(one.invalid) for one in ours] == [
                    sorted(one.invalid) for one in facts
                ]


def test_profiles_in_one_table_only_are_known():
    assert sorted(set(PROFILES) - {name for name, _, _ in TABLES[1]}) == ONE_TABLE


def test_energies_of_a_role_are_of_one_side():
    """What a day brings belongs to the total: both on the AC side, or both solar generation."""
    sides = {}
    for table in TABLES:
        for (name, role, quantity), statements in table.items():
            if role != "inverters" or quantity not in ("energy_day", "energy_total"):
                continue
            ours = register_tables.of_profile(name, PROFILES[name]).get((role, quantity))
            for facts in statements.values():
                if ours and agree(ours, facts):
                    sides.setdefault(name, {}).setdefault(quantity, set()).add(facts[0].dc)
    for name, side in sides.items():
        assert set.intersection(*side.values()), name


@pytest.mark.parametrize("name", PROFILES)
def test_every_role_has_a_source_that_states_it(name):
    sources = PROFILES[name]["source"]
    witnesses = register_tables.agreeing(name, PROFILES[name], TABLES)
    for role in profiles_doc.for_the_charger(PROFILES[name]):
        projects = set().union(*(w for (r, _), w in witnesses.items() if r == role))
        assert any(one.startswith(tuple(projects)) for one in sources), (role, projects)


def test_every_profile_has_a_row_in_the_first_table_and_every_row_a_profile():
    assert {name for name, _, _ in TABLES[0]} == set(PROFILES)
    assert all(source for statements in TABLES[0].values() for source in statements)


# What counts as the same, on registers made up for it.


def fact(**changes):
    row = {
        "profile": "p",
        "role": "inverters",
        "quantity": "power",
        "function": 3,
        "address": 100,
        "type": "s32",
        "little": False,
        "scale": Fraction(1),
        "positive": "generation",
        "source": "a/b:c",
        "range": (-10000, 10000),
    }
    return Fact(**{**row, **changes})


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"address": 101}, False),
        ({"function": 4}, False),
        ({"function": 4, "either": True}, True),
        ({"type": "u32"}, True),  # they differ beyond 2 GW
        ({"type": "s16"}, False),
        ({"type": "f32"}, False),
        ({"little": True}, False),
        ({"scale": Fraction(10)}, False),
        ({"positive": "export"}, True),
        ({"positive": "consumption"}, False),
        ({"exponent": 90}, False),
        ({"times": [(6, Fraction(1))]}, False),
        ({"direction": (13000, 2, 2, None)}, False),
        ({"models": (101,)}, False),
    ],
)
def test_what_a_source_must_state_to_agree(changes, same):
    assert agree([fact()], [fact(**changes)]) == same


def test_word_order_says_nothing_of_one_word_and_the_sign_bit_counts_within_the_plausible():
    assert agree([fact(type="s16")], [fact(type="s16", little=True)])
    assert agree([fact(type="s16")], [fact(type="u16")])
    assert not agree([fact(type="s16", range=(-10000, 40000))], [fact(type="u16")])


def test_a_sum_agrees_in_any_order_and_only_whole():
    ours = [fact(), fact(address=102)]
    assert agree(ours, ours[::-1])
    assert not agree(ours, ours[:1])


def test_two_files_of_one_project_are_one_witness():
    assert fact(source="a/b:c.yaml").project == fact(source="a/b#12").project == "a/b"
