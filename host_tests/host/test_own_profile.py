# SPDX-License-Identifier: MIT
"""An owner's own profile: refused in words where it breaks the format, the same on the PC and on the device.

The device's check is held against docs/profile.schema.json on profiles that are spoilt at random, and what it lets
through must be fit to be built and polled.
"""

import copy
import json
import random
from pathlib import Path

import jsonschema
import pytest

from host_tools.build import profiles_doc
from host_tools.owner import check
from line import Line
from loading import units
from loading import values as loading
from meters.poller import Poller
from modbus.master import Master
from planning import plan, profile_file, profile_format, settings

SCHEMA = json.loads((profiles_doc.ROOT / "docs" / "profile.schema.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
OURS = profiles_doc.load()
SDM = OURS["eastron-sdm630"]
# With factors, a direction, SunSpec, walls, holes, sums, words apart, several roles, and NEW, which has the rest.
BASES = [
    "eastron-sdm630", "chint-dtsu666-secondary", "solis-hybrid", "sunspec-inverter", "growatt-sph",
    "foxess-h3-pro", "deye-3p-hybrid", "huawei-sun2000", "new",
]  # fmt: skip
NEW = {
    "vendor": "Acme",
    "model": "E3",
    "source": ["acme/manuals"],
    "limits": {"registers_per_read": 100, "walls": ["0x0B00"], "holes": [["0x0C00", "0x0CFF"]], "unit_max": 255},
    "defaults": {"function": 4, "type": "s32", "word_order": "big"},
    "roles": {
        "energy_meters": {
            "power": [
                {"label": "P", "source": "acme/manuals", "address": "0x0A00", "high": {"label": "P high", "address": "0x0A10"}, "scale": "1 W", "positive": "import"},
                {"address": "0x0A20", "absolute": True, "scale": "0.1 W", "offset": "-10 W", "positive": "export"},
            ],
            "voltage_l1": {
                "address": 2610, "type": "u16", "scale": "1 V",
                "factors": [{"label": "ratio", "function": 3, "address": "0x0006", "type": "u16", "scale": "0.1"}],
            },
            "current_l1": {
                "address": 2611, "type": "u16", "scale": "1 mA",
                "direction": {"label": "way", "function": 3, "address": 7, "type": "u16", "mask": "0x06", "negative": "0x02", "positive": 4},
            },
        }
    },
    "identity": {"model_id": {"function": 3, "address": "0x8960", "type": "ascii", "words": 2, "equals": ["B23", "B24"]}},
}  # fmt: skip
OURS_AND_NEW = {**OURS, "new": NEW}
# What an owner may have written for the first format: every key and type that it had.
OWNERS = {
    path.stem: json.loads(path.read_text("utf-8"))
    for path in Path(__file__).with_name("owner_profiles").glob("*.json")
}
FIRST_FORMAT = """
vendor model variants source alternatives serial limits defaults invalid sunspec roles identity doubt
baudrate parity stop_bits unit registers_per_read pause_ms timeout_ms walls holes bases
function address type word_order scale positive range factors exponent direction mask negative
model_id equals u16 s16 m16 u32 s32 u64 s64 f32 f64
import export charge generation consumption W kW Wh kWh MWh V mV A mA Hz % degC
""".split()  # noqa: SIM905 - readable
SPOILT = 1800
STRANGE = (
    None, True, 0, 1, -1, 5, 70000, 2**40, 1.5, "", "x", "u17", "1 W", "0.1 kWh", "-1 W", "1.2.3 W", "0 W", "0x7FFF",
    "0xZZZZ", "import", "energy_meters", [], {}, [1], [2, 1], [[1, 2]], ["0xFFFF"], {"address": 1}, [{}],
)  # fmt: skip


def spoilt(profile, chance):
    """A copy with one thing changed somewhere."""
    made = copy.deepcopy(profile)
    nodes = list(_nodes(made))
    parent, key = nodes[chance.randrange(len(nodes))]
    what = chance.randrange(4)
    if what == 0:
        del parent[key]
    elif what == 1 and isinstance(parent, dict):
        parent[chance.choice(("adress", "typ", "x"))] = parent[key]
    else:
        parent[key] = chance.choice(STRANGE)
    return made


def _nodes(value):
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], (dict, list)):
            yield from _nodes(value[key])


def complaint(profile):
    try:
        profile_format.check(profile, "mine")
    except settings.SettingsError as error:
        return str(error)
    return None


def build_and_poll(profile):
    """All roles of a profile, with everything that is read of it, against a unit that has nothing but zeros."""
    profile = {key: profile[key] for key in profile if key != "choice"}  # which needs others
    entries = [
        {"category": category, "profile": "x", "unit": 1, "invert": invert}
        for category in profile["roles"]
        for invert in (False, True)
    ]
    clamp = {"category": "smart_loads", "clamp": ["ct1", "ct2", "ct3"], "amps_per_volt": 30}
    for entry in entries:
        config = {"wifi": {"ssid": "Home"}, "devices": [entry]}
        if entry["category"] == "energy_meters":
            config["devices"].append(clamp)
        files = check.Files(profiles_doc.ROOT)

        def load(kind, name, files=files):
            return profile if kind == "profile" else files.load(kind, name)

        made = plan.make(settings.read(json.dumps(config), load, files.names), load)
        devices = loading.devices(made["devices"])
        line = Line({1: Zeros()})
        master = Master(line, 9600)
        (row,) = made["units"]
        unit = units.unit(row, devices, no_day, {}, 2)
        line.run(Poller(master, [unit], 100), 3000)
        assert line.requests


def no_day(device, of):
    """What counts the day from a total, here for the device itself."""
    return device


class Zeros(dict):
    def get(self, key):
        return 0


# What only the schema looks at: how texts are written, lists that are empty or name something twice.
HARMLESS = ("minItems", "minProperties", "uniqueItems")
ONLY_SCHEMA = ("source", "alternatives", "variants", "caveat", "serial")


def test_the_device_refuses_what_the_schema_refuses_and_can_use_what_it_lets_through():
    chance = random.Random(7)
    used = set()
    for turn in range(SPOILT):
        name = BASES[turn % len(BASES)]
        made = spoilt(OURS_AND_NEW[name], chance)
        error = jsonschema.exceptions.best_match(VALIDATOR.iter_errors(made))
        line = complaint(made)
        if line is None:
            place = error.absolute_path if error else [ONLY_SCHEMA[0]]
            known = place and place[0] in ONLY_SCHEMA or error.validator in HARMLESS
            assert known, (error.json_path, error.message)
            text = json.dumps(made["roles"]) + json.dumps(made.get("limits"))
            if text not in used and len(used) < 150:
                used.add(text)
                build_and_poll(made)
        else:
            assert line.startswith("profiles/mine.json: "), line
            assert len(line) < 400 and "\n" not in line
            # It is never stricter than the schema without a reason that the schema cannot say.
            if not error:
                reasons = (
                    *(" lies ", "registers of its own", "smaller number first", '"sunspec"'),
                    *("has no high word", "too far from", 'beside "high"', "is the low word"),
                    *('"0x" and', "no offset", "beside a direction", "bytes; 1 to"),
                )
                assert any(reason in line for reason in reasons), line


@pytest.mark.parametrize("name", OURS)
def test_our_own_profiles_pass(name):
    assert complaint(OURS[name]) is None


def test_the_owners_profiles_use_all_of_the_first_format():
    words = set(json.dumps(OWNERS).replace('"', " ").replace(",", " ").replace(":", " ").split())
    assert set(FIRST_FORMAT) <= words


@pytest.mark.parametrize("name", OWNERS)
def test_a_profile_of_the_first_format_stays_valid(name):
    warnings = profile_format.check(OWNERS[name], "mine")
    doubt = "profiles/mine.json: doubt: this key is now called caveat"
    assert warnings == ([doubt] if "doubt" in OWNERS[name] else [])
    VALIDATOR.validate(OWNERS[name])
    build_and_poll(OWNERS[name])


def test_doubt_is_read_as_caveat():
    meter = OWNERS["house-meter"]
    assert "caveat" not in meter and profile_file.caveat(meter) == meter["doubt"]
    assert profile_file.caveat(OURS["deye-3p-hybrid"]) == OURS["deye-3p-hybrid"]["caveat"]
    assert profile_file.caveat(SDM) is None
    assert complaint(dict(meter, doubt=5)).startswith("profiles/mine.json: doubt: 5 is not text")
    both = dict(meter, caveat="Twice.")
    assert complaint(both).startswith('profiles/mine.json: doubt: the old name of "caveat"')
    assert not VALIDATOR.is_valid(both)


def mine(*path, value=None, profile=SDM):
    """SDM630's profile with one value replaced, or its key removed."""
    made = copy.deepcopy(profile)
    at = made
    for key in path[:-1]:
        at = at[key]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return made


POWER = ("roles", "energy_meters", "power")


@pytest.mark.parametrize(
    "profile, words",
    [
        (mine("roles"), "roles: missing; an object { } is needed"),
        (mine("roles", value={}), 'roles: no role; "inverters", "energy_meters", "batteries"'),
        (mine("roles", "grid", value={}), "roles.grid: unknown key; "),
        (mine(*POWER), "roles.energy_meters.power: missing; every role has a power"),
        (mine("roles", "inverters", value="meter"), 'roles.inverters: "meter" has no registers'),
        (
            mine(*POWER, "type", value="u17"),
            'roles.energy_meters.power.type: "u17" is not allowed; "u16", "s16", "m16"',
        ),
        (
            mine(*POWER, "address", value=70000),
            "roles.energy_meters.power.address: 70000 is out of range; 0 to 65535 is allowed",
        ),
        (
            mine(*POWER, "address", value="0x3G"),
            'roles.energy_meters.power.address: "0x3G" is not a whole number; 0 to 65535',
        ),
        (
            mine(*POWER, "scale", value="1 kWh"),
            'roles.energy_meters.power.scale: "1 kWh" is no scale; a number like "0.1", a blank and "W" or "kW" is allowed',
        ),
        (mine(*POWER, "adress", value=5), 'power.adress: unknown key; did you mean "address"?'),
        (mine(*POWER, "positive"), "power.positive: missing; what a positive value means"),
        (mine(*POWER, "range", value=[5]), "power.range: a list [ ]; a list of 2 to 2 whole"),
        (mine(*POWER, "invalid", value=["0x8000"]), 'power.invalid[0]: "0x8000"; "0x" and 8'),
        (mine("limits", "registers_per_read", value=0), "limits.registers_per_read: 0 is out of"),
        (mine("defaults", "type"), 'defaults.type: missing; "u16", "s16"'),
        ([], "a list [ ]; an object { } is needed"),
    ],
)
def test_each_fault_has_its_place_and_says_what_is_allowed(profile, words):
    line = complaint(profile)
    assert line.startswith("profiles/mine.json: ") and words in line


def said(tmp_path, capsys, profile):
    """What `make check` says to a config with this profile: (exit code, lines out, lines err)."""
    (tmp_path / "profiles").mkdir(exist_ok=True)
    text = profile if isinstance(profile, str) else json.dumps(profile)
    (tmp_path / "profiles" / "mine.json").write_text(text, "utf-8")
    device = {"category": "energy_meters", "profile": "mine", "unit": 1}
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"wifi": {"ssid": "Home"}, "devices": [device]}), "utf-8")
    code = check.main([str(config)])
    out, err = capsys.readouterr()
    return code, out.splitlines(), err.splitlines()


def test_check_says_it_as_the_device_does(tmp_path, capsys):
    wrong = mine(*POWER, "type", value="u17")
    assert said(tmp_path, capsys, wrong) == (1, [], [complaint(wrong)])
    assert said(tmp_path, capsys, SDM)[0] == 0


def test_check_warns_of_an_old_key(tmp_path, capsys):
    meter = OWNERS["house-meter"]
    code, out, _ = said(tmp_path, capsys, meter)
    assert code == 0
    assert "warning: profiles/mine.json: doubt: this key is now called caveat" in out
    assert f"warning: devices[0].profile: {meter['doubt']}" in out


def test_check_holds_it_against_the_schema_too(tmp_path, capsys):
    wrong = dict(SDM, caveat="No full stop")
    code, _, err = said(tmp_path, capsys, wrong)
    assert code == 1 and err[0].startswith("profiles/mine.json: caveat: ")
    assert "What the owner should check, in plain words" in err[0]


def test_check_names_line_and_column_of_a_slip(tmp_path, capsys):
    text = json.dumps(SDM, indent=1).replace('"vendor": ', '"vendor" ', 1)
    code, _, err = said(tmp_path, capsys, text)
    assert code == 1
    assert err == [
        'devices[0].profile: profile "mine" is not JSON: line 2, column 11: ":" is missing'
    ]
    twice = json.dumps(SDM)[:-1] + ', "vendor": "x"}'
    assert "this key is written twice" in said(tmp_path, capsys, twice)[2][0]


def test_the_examples_of_the_page_are_profiles():
    page = (profiles_doc.ROOT / "docs" / "formats" / "profile.md").read_text("utf-8")
    blocks = [block.split("```")[0] for block in page.split("```json\n")[1:]]
    whole, sister = (json.loads(block) for block in blocks[:2])
    files = {"acme-e3": whole, "acme-e3-hv": sister}
    for name in files:
        VALIDATOR.validate(files[name])
        made = profile_file.completed(name, lambda _, one: files[one], list)
        VALIDATOR.validate(made)
        assert profile_format.check(made, name) == []
        build_and_poll(made)
    for block in blocks[2:]:  # parts of a profile
        assert json.loads("{" + block + "}")
