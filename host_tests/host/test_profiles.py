# SPDX-License-Identifier: MIT
"""Every profile keeps the format of docs/design.md, and its name, its neighbours and its page fit."""

import json
import re

import jsonschema
import pytest

from host_tools.build import profiles_doc

PROFILES = profiles_doc.load()
SCHEMA = json.loads((profiles_doc.ROOT / "docs" / "profile.schema.json").read_text("utf-8"))
NAMES = sorted(PROFILES)
WRITTEN = {
    name: json.loads((profiles_doc.PROFILES / f"{name}.json").read_text("utf-8")) for name in NAMES
}
CATEGORIES = ("inverters", "energy_meters", "batteries", "smart_loads")

# What mbmd reads over RS485 (its meters/rs485 folder) and the 25 devices most likely on a bus in DE, AT and CH.
EXPECTED = set(
    """
abb-b23 bernecker-mpm3pm bg-etech-ds100 bg-etech-ws100 carlo-gavazzi-em24 carlo-gavazzi-em24-e1
carlo-gavazzi-em340 chint-dtsu666 ddm-ddm18sd dzg-dvh4013 eastron-sdm120 eastron-sdm220
eastron-sdm230 eastron-sdm54 eastron-sdm630 eastron-sdm72d-m eastron-sdm72d-m-v2
eastron-smart-x96-1a eltako-dsz15 finder-7m24 finder-7m38 inepro-pro380 janitza-b23
lovato-dmg610 orno-or-we-504 orno-or-we-514 orno-or-we-516 orno-or-we-525 saia-ale3
schneider-iem3155 siemens-pac2200 solaredge-se-mtr-3y wago-879 deye-3p-hybrid deye-1p-hybrid
deye-micro sungrow-sh sungrow-sg huawei-sun2000 growatt-sph growatt-min-tl-xh growatt-mic
solax-x3-hybrid solax-x3-mic-g2 goodwe-et solis-hybrid solis-rhi fronius-gen24
fronius-smart-meter-ts-65a carlo-gavazzi-em540 sofar-hyd-g3 foxess-h3 foxess-h3-pro foxess-h1
foxess-avocado abb-a43 solaredge-se m-tec-energy-butler-gen2 wattsonic-gen2 marstek-venus-e
marstek-venus-a marstek-jupiter-c-plus chint-dtsu666-h chint-dtsu666-20 chint-ddsu666
alpha-ess-smile siemens-7kt1665 sunspec-inverter sunspec-meter
""".split()  # noqa: SIM905 - readable
)

pytestmark = pytest.mark.filterwarnings("error")


def registers(role):
    """(quantity, register) of every register of a role."""
    for quantity, found in role.items():
        for register in found if isinstance(found, list) else [found]:
            yield quantity, register


def places(register, profile):
    """Addresses of all words of a register."""
    if "high" in register:
        return [register["address"], register["high"]["address"]]
    count = words(register.get("type", profile["defaults"]["type"]))
    return [register["address"] + word for word in range(count)]


def own_roles(profile):
    return {name: role for name, role in profile["roles"].items() if isinstance(role, dict)}


def all_registers(profile):
    for role in own_roles(profile).values():
        yield from registers(role)


def in_schema_order(value, schema):
    """The keys of value, and of what lies in it, stand in the order of the schema's properties."""
    schema = SCHEMA["$defs"].get(schema.get("$ref", "").rpartition("/")[2], schema)
    for choice in schema.get("oneOf", []) + schema.get("allOf", []):
        if not in_schema_order(value, choice):
            return False
    if isinstance(value, list):
        return all(in_schema_order(one, schema.get("items", {})) for one in value)
    if not isinstance(value, dict):
        return True
    whole = SCHEMA["$defs"]["whole"]["properties"] if schema is SCHEMA else {}
    rows = {**schema.get("properties", {}), **whole}
    rows = {key: one for key, one in rows.items() if isinstance(one, dict)}
    places = [list(rows).index(key) for key in value if key in rows]
    if set(value) & set(CATEGORIES):
        places = []  # a borrowed role stands behind the one it borrows from
    inside = all(in_schema_order(one, rows[key]) for key, one in value.items() if key in rows)
    return places == sorted(places) and inside


def test_schema_is_itself_valid_and_strict():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for place in (SCHEMA, SCHEMA["$defs"]["register"], SCHEMA["$defs"]["role"]):
        assert place["additionalProperties"] is False


def test_schema_refuses_a_misspelt_key_anywhere():
    validator = jsonschema.Draft202012Validator(SCHEMA)
    good = json.dumps(PROFILES["eastron-sdm630"])
    assert validator.is_valid(json.loads(good))
    for key in (
        "model",
        "baudrate",
        "pause_ms",
        "address",
        "scale",
        "positive",
        "equals",
        "roles",
    ):
        assert not validator.is_valid(json.loads(good.replace(f'"{key}"', f'"{key}x"', 1))), key


def test_at_least_170_profiles_and_none_of_the_likely_ones_missing():
    assert len(PROFILES) >= 170
    assert set(PROFILES) >= EXPECTED


@pytest.mark.parametrize("name", NAMES)
def test_profile_keeps_the_schema(name):
    for profile in (WRITTEN[name], PROFILES[name]):
        jsonschema.validate(profile, SCHEMA, jsonschema.Draft202012Validator)


@pytest.mark.parametrize("name", [name for name in NAMES if "extends" in WRITTEN[name]])
def test_a_difference_says_nothing_that_the_other_profile_says(name):
    base = PROFILES[WRITTEN[name]["extends"]]
    for key in ("vendor", "serial", "limits", "defaults", "invalid", "roles", "identity"):
        assert not repeats(WRITTEN[name].get(key), base.get(key)), key


def repeats(patch, base):
    if isinstance(patch, dict) and isinstance(base, dict):
        return any(repeats(patch[key], base.get(key)) for key in patch)
    return patch is not None and patch == base


@pytest.mark.parametrize("name", NAMES)
def test_keys_stand_in_the_order_of_the_schema(name):
    assert in_schema_order(WRITTEN[name], SCHEMA)


@pytest.mark.parametrize("name", NAMES)
def test_file_has_one_register_a_line_and_no_key_twice(name):
    text = (profiles_doc.PROFILES / f"{name}.json").read_text("utf-8")

    def once(pairs):
        assert len(dict(pairs)) == len(pairs), f"a key stands twice in {pairs}"
        return dict(pairs)

    json.loads(text, object_pairs_hook=once)
    assert text.endswith("}\n") and "\t" not in text
    for line in text.splitlines():
        assert line.count('"scale"') - line.count('"factors"') * 2 <= 1


@pytest.mark.parametrize("name", NAMES)
def test_name_is_maker_and_model_in_lower_case(name):
    # Some vendors write themselves with "&" or umlauts: compared by their letters.
    plain = (
        PROFILES[name]["vendor"]
        .lower()
        .translate(str.maketrans({"ü": "ue", "&": None, "+": None}))
    )
    first = re.split(r"[\s-]", plain)[0]
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert name.replace("-", "").startswith(re.sub(r"[^a-z0-9]", "", first)), plain


def test_no_two_profiles_have_the_same_vendor_and_model():
    seen = [(one["vendor"], one["model"]) for one in PROFILES.values()]
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize("name", NAMES)
def test_every_role_has_power(name):
    for role in own_roles(PROFILES[name]).values():
        assert "power" in role


@pytest.mark.parametrize("name", NAMES)
def test_a_borrowed_role_names_one_that_is_there(name):
    roles = PROFILES[name]["roles"]
    for role in roles.values():
        assert isinstance(role, dict) or isinstance(roles[role], dict)


@pytest.mark.parametrize("name", NAMES)
def test_direction_is_said_in_the_words_of_the_role(name):
    words = {
        "inverters": {"generation", "consumption"},
        "energy_meters": {"import", "export"},
        "batteries": {"charge", "discharge"},
        "smart_loads": {"consumption"},
    }
    for role_name, role in own_roles(PROFILES[name]).items():
        said = {register["positive"] for _, register in registers(role) if "positive" in register}
        assert said and said <= words[role_name]


@pytest.mark.parametrize("name", NAMES)
def test_no_grid_meter_or_battery_that_cannot_tell_the_direction(name):
    profile = PROFILES[name]
    for role_name in ("energy_meters", "batteries"):
        role = own_roles(profile).get(role_name)
        if role is None:
            continue
        power = role["power"] if isinstance(role["power"], list) else [role["power"]]
        types = {one.get("type", profile["defaults"]["type"]) for one in power}
        both_ways = len({one["positive"] for one in power}) == 2
        unsigned = types & {"u16", "u32", "u64"}
        signed = not unsigned or any("direction" in one for one in power)
        assert both_ways or signed


# Meters without a direction: they count what runs through, whichever way.
UNSIGNED_METERS = {
    "ddm-ddm18sd",
    "ff-le-01mr",
    "orno-or-we-504",
    "orno-or-we-514",
    "peacefair-pzem-004t-v3",
    "peacefair-pzem-017",
    "saia-ale3",
}


@pytest.mark.parametrize("name", sorted(set(NAMES) - UNSIGNED_METERS))
def test_power_of_an_inverter_may_be_negative(name):
    """At night an inverter takes a few watts: read without a sign, that is 65 kW or nothing."""
    profile = PROFILES[name]
    power = own_roles(profile).get("inverters", {}).get("power", [])
    for one in power if isinstance(power, list) else [power]:
        assert one.get("type", profile["defaults"]["type"])[0] in "sf"


@pytest.mark.parametrize("name", NAMES)
def test_no_quantity_lies_in_a_hole_or_across_a_wall(name):
    profile = PROFILES[name]
    limits = profile["limits"]
    for _, register in all_registers(profile):
        first, last = min(places(register, profile)), max(places(register, profile))
        assert last - first < limits["registers_per_read"]
        for wall in limits.get("walls", ()):
            assert not first < wall <= last
        for low, high in limits.get("holes", ()):
            assert last < low or first > high


@pytest.mark.parametrize("name", NAMES)
def test_registers_of_a_role_do_not_overlap_and_none_is_added_twice(name):
    profile = PROFILES[name]
    for role in own_roles(profile).values():
        owner = {}
        for quantity, register in registers(role):
            place = (register.get("function"), tuple(register.get("model", ())))
            for address in places(register, profile):
                # The same register may serve a total and its phase.
                first = register["address"]
                assert owner.setdefault((place, address), first) == first, quantity
        for found in role.values():
            listed = found if isinstance(found, list) else [found]
            assert len({one["address"] for one in listed}) == len(listed)


@pytest.mark.parametrize("name", NAMES)
def test_sentinels_have_the_size_of_their_type(name):
    profile = PROFILES[name]
    for _, register in all_registers(profile):
        for text in register.get("invalid", ()):
            size = words(register.get("type", profile["defaults"]["type"]))
            assert len(text) == 2 + 4 * size


@pytest.mark.parametrize("name", NAMES)
def test_a_type_with_sentinels_is_used(name):
    profile = PROFILES[name]
    used = {r.get("type", profile["defaults"]["type"]) for _, r in all_registers(profile)}
    if not name.startswith(("abb-", "huawei-", "goodwe-", "solaredge-")):  # families share one set
        assert set(profile.get("invalid", {})) <= used


@pytest.mark.parametrize("name", NAMES)
def test_power_has_a_plausible_range_with_the_first_register(name):
    for role in own_roles(PROFILES[name]).values():
        power = role["power"] if isinstance(role["power"], list) else [role["power"]]
        low, high = power[0]["range"]
        assert low <= 0 < high
        assert all("range" not in one for one in power[1:])
        if "soc" in role:
            assert role["soc"]["range"] == [0, 1000]


@pytest.mark.parametrize("name", NAMES)
def test_sunspec_registers_have_a_model_and_no_others_do(name):
    profile = PROFILES[name]
    for _, register in all_registers(profile):
        assert ("model" in register) == ("sunspec" in profile)


@pytest.mark.parametrize("name", NAMES)
def test_helpers_are_read_with_the_function_of_their_value(name):
    for _, register in all_registers(PROFILES[name]):
        if {"factors", "exponent", "direction"} & set(register):
            assert "function" not in register


@pytest.mark.parametrize("name", NAMES)
def test_alternatives_exist_and_know_each_other(name):
    for other in PROFILES[name].get("alternatives", ()):
        assert other != name
        assert name in PROFILES[other].get("alternatives", ()), other


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_named_in_a_caveat_exists(name):
    makers = {one.partition("-")[0] for one in PROFILES}
    for word in re.findall(r"\b[a-z0-9]+(?:-[a-z0-9]+)+\b", PROFILES[name].get("caveat", "")):
        if word.partition("-")[0] in makers:
            assert word in PROFILES


@pytest.mark.parametrize("name", NAMES)
def test_sources_name_where_the_facts_come_from(name):
    for source in PROFILES[name]["source"]:
        document = re.fullmatch(r"[A-Z][\w ,.-]+, pages? [\d-]+", source)
        assert document or re.fullmatch(r"[\w.-]+/[\w.-]+(:[\w./-]+|#\d+)", source), source


def test_page_of_profiles_is_up_to_date():
    made = profiles_doc.page(PROFILES)
    assert profiles_doc.PAGE.read_text("utf-8") == made, (
        "run python -m host_tools.build.profiles_doc"
    )
    for name in PROFILES:
        assert f"`{name}`" in made


def words(type_name):
    return int(type_name[1:]) // 16
