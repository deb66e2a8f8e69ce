"""Every profile against every table that has it, register by register; what differs is named, with the reason."""

from fractions import Fraction

import pytest

from host_tools.build import profiles_doc, register_tables
from host_tools.build.register_tables import Fact, agree

PROFILES = profiles_doc.load()
TABLES = register_tables.load()
ALLOWED = register_tables.differences()


def disagreements(table):
    """{(profile, role, quantity, source)} where a profile reads another value than a source does, or none."""
    found = set()
    for (name, role, quantity), statements in table.items():
        ours = register_tables.of_profile(name, PROFILES[name]).get((role, quantity))
        found |= {
            (name, role, quantity, source)
            for source, facts in statements.items()
            if not any(fact.dc for fact in facts) and not (ours and agree(ours, facts))
        }
    return found


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
