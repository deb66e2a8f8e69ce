# SPDX-License-Identifier: MIT
"""From a config to the plan: devices, units, limits, clamps, documents."""

import json

import maker_samples
from planning import plan, plan_text, settings
from planning.site import Site
from values.readings import ERROR, OMIT

BOARD = {
    "uart": {"id": 1, "tx": 17, "rx": 16, "de": 4},
    "clamps": {"ct1": 36, "ct2": 39, "ct3": 34},
    "free": [],
    "led": {"pin": 2, "active": "high"},
    "button": None,
    "on": [],
}
PROFILE = {
    "vendor": "Test",
    "model": "Hybrid",
    "source": ["nowhere"],
    "defaults": {"function": 3, "type": "u16", "word_order": "big"},
    "limits": {"timeout_ms": 700},
    "roles": {
        "inverters": {
            "power": {"address": 1, "type": "s16", "scale": "1 W", "positive": "generation"}
        },
        "energy_meters": {
            "power": {"address": 2, "type": "s16", "scale": "1 W", "positive": "import"},
            "voltage_l1": {"address": 9, "scale": "0.1 V"},
            "voltage_l3": {"address": 11, "scale": "0.1 V"},
        },
    },
}


def _load(kind, name):
    return {"board": BOARD, "profile": PROFILE, "model": {"amps": 30}}[kind]


def made(*devices, load=_load, **more):
    """The plan of a config with these devices."""
    written = dict({"wifi": {"ssid": "Home"}, "devices": list(devices)}, **more)
    return plan.make(settings.read(json.dumps(written), load, lambda kind: []), load)


def with_profile(profile):
    return lambda kind, name: profile if kind == "profile" else _load(kind, name)


def inverter(**more):
    return dict({"category": "inverters", "profile": "x", "unit": 2}, **more)


def meter(**more):
    return dict({"category": "energy_meters", "profile": "x", "unit": 2}, **more)


def rod(*names):
    return {"category": "smart_loads", "clamp": list(names), "amps_per_volt": 30}


def text(found):
    class File:
        def __init__(self):
            self.data, self.at = b"", 0

        def write(self, data):
            self.data = self.data[: self.at] + data + self.data[self.at + len(data) :]
            self.at += len(data)

        def seek(self, at):
            self.at = at

    file = File()
    plan_text.write(found, file)
    return file.data


def test_devices_are_numbered_per_category_in_the_order_written():
    found = made(meter(unit=3), inverter(), meter(unit=2))
    assert [(d["category"], d["index"]) for d in found["devices"]] == [
        ("energy_meters", 0),
        ("inverters", 0),
        ("energy_meters", 1),
    ]
    assert [unit["address"] for unit in found["units"]] == [3, 2]


def test_roles_of_one_unit_are_one_unit():
    (unit,) = made(inverter(), meter())["units"]
    assert unit["timeout_ms"] == 700
    assert [one["device"] for one in unit["quantities"]] == [0, 1]


def test_a_time_out_of_the_config_goes_before_the_profiles():
    assert made(inverter(timeout_ms=50))["units"][0]["timeout_ms"] == 50


def test_the_strictest_limits_of_a_units_devices_hold_for_all_of_them():
    narrow = {"registers_per_read": 10, "pause_ms": 300, "walls": [7], "holes": [[20, 22]]}
    limits = {"x": {"timeout_ms": 700, "walls": [5]}, "y": dict(narrow, timeout_ms=100)}

    def load(kind, name):
        return dict(PROFILE, limits=limits[name]) if kind == "profile" else _load(kind, name)

    for devices in ((inverter(), meter(profile="y")), (inverter(profile="y"), meter())):
        (unit,) = made(*devices, load=load)["units"]
        assert (unit["timeout_ms"], unit["pause_ms"], unit["registers_per_read"]) == (700, 300, 10)
        assert unit["boundaries"] == [5, 7] and unit["unreadable"] == [[20, 22]]
    # What the config says, be it in the second entry, goes before the profiles.
    second = meter(profile="y", timeout_ms=60, pause_ms=0)
    (unit,) = made(inverter(timeout_ms=50), second, load=load)["units"]
    assert (unit["timeout_ms"], unit["pause_ms"]) == (60, 0)


def test_model_is_the_profiles_where_the_config_has_none():
    assert '"model": "Test Hybrid"' in made(inverter())["info"]["texts"][0]
    assert '"model": "mine"' in made(inverter(info={"model": "mine"}))["info"]["texts"][0]


def test_power_beyond_the_plate_of_the_inverter_cannot_be():
    (power,) = made(inverter(info={"max_ac_w": 5000}))["units"][0]["quantities"]
    assert (power["low"], power["high"]) == (-7500, 7500)


def test_volts_are_read_only_where_a_clamp_wants_them():
    assert "voltage_l1" not in made(meter())["devices"][0]["fields"]
    found = made(meter(), rod("ct1"))
    assert "voltage_l1" in found["devices"][0]["fields"]
    assert found["clamps"][0]["voltage"] == [0, "voltage_l1"]
    # A meter that has just started may say 0 V: of that no watts are made.
    (volts,) = [one for one in found["units"][0]["quantities"] if one["key"] == "voltage_l1"]
    assert volts["low"] == 500


def test_volts_of_three_phases_are_read_where_three_clamps_want_them():
    # The meter may stand behind the load in the list.
    for devices, at in (
        ((meter(), rod("ct1", "ct2", "ct3")), 0),
        ((rod("ct1", "ct2", "ct3"), meter()), 1),
    ):
        found = made(*devices)
        fields = found["devices"][at]["fields"]
        assert "voltage_l1" in fields and "voltage_l3" in fields
        assert "voltage_l2" not in fields  # this meter does not measure it
        voltages = [clamp["voltage"] for clamp in found["clamps"]]
        assert voltages == [[at, "voltage_l1"], None, [at, "voltage_l3"]]


def test_volts_of_a_meter_of_one_phase_go_to_the_clamps_of_its_phase():
    one = {key: PROFILE["roles"]["energy_meters"][key] for key in ("power", "voltage_l1")}
    profile = dict(PROFILE, roles={"energy_meters": one})
    for phases, expected in (
        ((2,), [None, [0, "voltage_l1"], None]),
        ((None, 3), [[0, "voltage_l1"], None, [1, "voltage_l1"]]),
        ((3, 3), [None, None, [0, "voltage_l1"]]),
    ):
        meters = [
            meter(unit=i + 1, **({"phase": phase} if phase else {}))
            for i, phase in enumerate(phases)
        ]
        found = made(*(meters + [rod("ct1", "ct2", "ct3")]), load=with_profile(profile))
        assert [clamp["voltage"] for clamp in found["clamps"]] == expected


def test_each_clamp_has_its_pin_and_its_device():
    found = made(inverter(), rod("ct2", "ct1"))
    clamps = [(one["name"], one["pin"], one["device"], one["gain_ua"]) for one in found["clamps"]]
    assert clamps == [("ct2", 39, 1, 3000), ("ct1", 36, 1, 3000)]


def test_a_measured_house_load_is_a_device_of_its_own_and_never_spoils_the_document():
    load = {"clamp": ["ct1", "ct2"], "amps_per_volt": 30}
    found = made(inverter(), load_power=load)
    assert [one["category"] for one in found["devices"]] == ["inverters", "load"]
    house = found["devices"][1]
    assert house["fields"] == {"load_power_w": None} and house["policy"] == OMIT
    assert found["load"] == [1]
    assert [clamp["device"] for clamp in found["clamps"]] == [1, 1]
    assert [opening for opening, _ in found["document"]["categories"]] == ['"inverters": {']


def test_fixed_values_never_grow_old_and_a_mode_is_one_of_them():
    found = made(
        {"category": "batteries", "fixed": {"bat_power_w": -749, "soc": 78}, "mode": 1},
        {"category": "energy_meters", "fixed": {"grid_power_w": 5}, "invert": True},
    )
    assert found["devices"][0]["fields"] == {"bat_power_w": -749, "soc": 780, "mode": 1}
    assert found["devices"][0]["tenths"] == ["soc"] and found["devices"][0]["policy"] == ERROR
    assert found["devices"][1]["fields"] == {"grid_power_w": -5}
    assert found["line"] is None and found["units"] == []


def _with_energies(*names):
    """The plan of one inverter that has these energies."""
    power = PROFILE["roles"]["inverters"]["power"]
    energies = [(name, {"address": 3, "type": "u32", "scale": "1 Wh"}) for name in names]
    profile = dict(PROFILE, roles={"inverters": dict([("power", power)] + energies)})
    return made(inverter(), load=with_profile(profile))


def test_day_is_counted_where_there_is_only_a_total():
    for total in ("energy_total", "energy_export"):
        found = _with_energies(total)
        assert "pv_energy_day_wh" in found["devices"][0]["fields"]
        days = [one["day_of"] for one in found["units"][0]["quantities"]]
        assert days == [None, "x 2 " + total]
        standard_s, summer_s, changes = found["time"]["zone"]
        assert (standard_s, summer_s) == (3600, 7200) and len(changes) == 68


def test_no_clock_where_no_device_needs_the_day():
    assert _with_energies("energy_total", "energy_day")["time"] is None
    assert _with_energies()["time"] is None
    assert made(meter())["time"] is None


def test_a_serial_number_that_the_config_gives_is_not_asked_for():
    identity = {
        "model_id": {"function": 3, "address": 0, "type": "u16", "equals": 5},
        "serial": {"function": 3, "address": 3, "type": "u32"},
    }
    load = with_profile(dict(PROFILE, identity=identity))
    asked = [read["identity"] for read in made(meter(), load=load)["units"][0]["reads"][1:]]
    nothing = {"equals": None, "expects": None, "device": 0}
    assert asked == [{"equals": [[5, 5]], "expects": "5", "device": 0}, nothing]
    found = made(meter(info={"serial": "7"}), load=load)
    assert [one.get("identity") for one in found["units"][0]["reads"]].count(None) == 1
    assert len(found["units"][0]["reads"]) == 2 and found["info"]["serials"] == []


def test_a_meter_that_tells_nothing_at_all_is_known_by_its_volts():
    hertz = {"address": 3, "scale": "0.01 Hz"}

    def mains(roles, limits, *devices):
        (unit,) = made(*devices, load=with_profile(dict(PROFILE, roles=roles, limits=limits)))[
            "units"
        ]
        found = [one["mains"] for one in unit["registers"] if "mains" in one]
        addresses = [unit["registers"][i]["address"] for i in found]
        assert all(unit["registers"][i] for i in found)
        return addresses, [(read["address"], read["count"]) for read in unit["reads"]]

    roles = PROFILE["roles"]
    assert mains(roles, {}, meter()) == ([9], [(2, 8)])
    both = dict(roles, energy_meters=dict(roles["energy_meters"], frequency=hertz))
    assert mains(both, {}, meter()) == ([3], [(2, 2)])
    assert mains(both, {"walls": [3]}, meter()) == ([], [(2, 1)])
    far = dict(PROFILE["roles"]["energy_meters"], voltage_l1={"address": 900, "scale": "0.1 V"})
    far.pop("voltage_l3")
    assert mains(dict(roles, energy_meters=far), {}, meter()) == ([], [(2, 1)])
    # An inverter that sleeps makes no power; that is true.
    own = dict(roles["inverters"], voltage_l1={"address": 2, "scale": "0.1 V"})
    assert mains(dict(roles, inverters=own), {}, inverter()) == ([], [(1, 1)])


def test_a_caveat_is_handed_on_by_its_old_name_too():
    for key in ("caveat", "doubt"):
        found = made(meter(), load=with_profile(dict([(key, "look")], **PROFILE)))
        assert found["caveats"] == {"x": "look"}


def test_the_plan_of_the_samples_is_json_that_any_reader_takes():
    found = made(*maker_samples.config()["devices"])
    data = text(found)
    assert json.loads(data)["plan"] == json.loads(json.dumps(found))


def test_text_is_written_letter_by_letter_as_json_wants_it():
    # RFC 8259, section 7
    assert "".join(plan_text.pieces({"b": ['"\\\n\x01\x7fäß', -1, True, None], "a": {}})) == (
        '{"a": {}, "b": ["\\"\\\\\\n\\u0001\x7fäß", -1, true, null]}'
    )


def test_a_float_has_no_place_in_a_plan():
    try:
        "".join(plan_text.pieces([1.5]))
    except TypeError:
        return
    raise AssertionError("a float was written")


def test_crc_is_that_of_the_bytes_of_the_plan():
    # zlib.crc32(b'{"a": 1}')
    assert text({"a": 1}) == b'{"crc": "fba18e97", "plan": {"a": 1}}'


def test_locations_say_which_meter_is_at_the_grid():
    config = {"wifi": {"ssid": "Home"}, "devices": [meter(info={"location": 2}), meter(unit=3)]}
    site = Site(settings.read(json.dumps(config), _load, lambda kind: []), _load)
    assert site.locations() == {0: 2, 1: None}
