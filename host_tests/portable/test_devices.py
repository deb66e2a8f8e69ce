"""From a config to devices, links and quantities."""

import json

import esp32_fakes
from firmware.devices import Builder
from planning import settings
from values.readings import OMIT

BOARD = {
    "uart": {"id": 1, "tx": 17, "rx": 16, "de": 4},
    "clamps": {"ct1": 36, "ct2": 39, "ct3": 34},
    "free": [],
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


def site(*devices):
    return built(config(*devices)).site


def config(*devices, **more):
    return dict({"wifi": {"ssid": "Home"}, "devices": list(devices)}, **more)


def built(written, load=_load):
    return Builder(settings.read(json.dumps(written), load, lambda kind: []), load)


def inverter(**more):
    return dict({"category": "inverters", "profile": "x", "unit": 2}, **more)


def meter(**more):
    return dict({"category": "energy_meters", "profile": "x", "unit": 2}, **more)


def test_devices_are_numbered_per_category_in_the_order_written():
    made = site(meter(unit=3), inverter(), meter(unit=2))
    assert [(d.category, d.index) for d in made.devices] == [
        ("energy_meters", 0),
        ("inverters", 0),
        ("energy_meters", 1),
    ]
    assert [link.unit for link in made.links] == [3, 2]


def test_roles_of_one_unit_share_its_link():
    made = site(inverter(), meter())
    assert len(made.links) == 1
    assert made.links[0].timeout_ms == 700


def test_a_time_out_of_the_config_goes_before_the_profiles():
    assert site(inverter(timeout_ms=50)).links[0].timeout_ms == 50


def test_the_strictest_limits_of_a_units_devices_hold_for_all_of_them():
    narrow = {"registers_per_read": 10, "pause_ms": 300, "walls": [7], "holes": [[20, 22]]}
    limits = {"x": {"timeout_ms": 700, "walls": [5]}, "y": dict(narrow, timeout_ms=100)}

    def load(kind, name):
        return dict(PROFILE, limits=limits[name]) if kind == "profile" else _load(kind, name)

    def link(*devices):
        config = {"wifi": {"ssid": "Home"}, "devices": list(devices)}
        (found,) = Builder(
            settings.read(json.dumps(config), load, lambda kind: []), load
        ).site.links
        return found

    for found in (link(inverter(), meter(profile="y")), link(inverter(profile="y"), meter())):
        assert (found.timeout_ms, found.pause_ms, found.registers_per_read) == (700, 300, 10)
        assert sorted(found.walls) == [5, 7] and list(found.holes) == [[20, 22]]
    # What the config says, be it in the second entry, goes before the profiles.
    found = link(inverter(timeout_ms=50), meter(profile="y", timeout_ms=60, pause_ms=0))
    assert (found.timeout_ms, found.pause_ms) == (60, 0)


def test_model_is_the_profiles_where_the_config_has_none():
    assert site(inverter()).infos[0][2]["model"] == "Test Hybrid"
    assert site(inverter(info={"model": "mine"})).infos[0][2]["model"] == "mine"


def test_power_beyond_the_plate_of_the_inverter_cannot_be():
    made = built(config(inverter(info={"max_ac_w": 5000})))
    (power,) = made._quantities[2]
    assert (power.low, power.high) == (-7500, 7500)


def test_volts_are_read_only_where_a_clamp_wants_them():
    assert "voltage_l1" not in site(meter()).devices[0].fields
    rod = {"category": "smart_loads", "clamp": "ct1", "amps_per_volt": 30}
    assert "voltage_l1" in site(meter(), rod).devices[0].fields


def test_volts_of_three_phases_are_read_where_three_clamps_want_them():
    three = {"category": "smart_loads", "clamp": ["ct1", "ct2", "ct3"], "amps_per_volt": 30}
    fields = site(meter(), three).devices[0].fields
    assert "voltage_l1" in fields and "voltage_l3" in fields
    assert "voltage_l2" not in fields  # this meter does not measure it
    voltages = site(meter(), three).voltages
    assert {phase: voltages[phase][1] for phase in voltages} == {0: "voltage_l1", 2: "voltage_l3"}


def test_a_measured_house_load_is_a_device_of_its_own_and_never_spoils_the_document():
    load = {"clamp": ["ct1", "ct2"], "amps_per_volt": 30}
    made = built(config(inverter(), load_power=load)).site
    assert [device.category for device in made.devices] == ["inverters"]
    assert made.load.fields == {"load_power_w": None} and made.load.policy == OMIT
    assert [(device, entry["clamp"]) for device, entry in made.clamps] == [
        (made.load, ["ct1", "ct2"])
    ]


def _with_energies(*names):
    """One inverter that has these energies."""
    power = PROFILE["roles"]["inverters"]["power"]
    energies = [(name, {"address": 3, "type": "u32", "scale": "1 Wh"}) for name in names]
    profile = dict(PROFILE, roles={"inverters": dict([("power", power)] + energies)})

    def load(kind, name):
        return profile if kind == "profile" else _load(kind, name)

    return built(config(inverter()), load)


def test_day_is_counted_where_there_is_only_a_total():
    for total in ("energy_total", "energy_export"):
        esp32_fakes.NVS.fresh()
        made = _with_energies(total)
        device = made.site.devices[0]
        _, counted = made._quantities[2]
        assert made.site.clock.day() is None and device.fields["pv_energy_day_wh"] is None
        counted.device._local_day = iter((100, 101, 101)).__next__
        for total_wh in (5000, 5001, 5800):
            counted.device.put("pv_energy_total_wh", total_wh, 10)
        assert device.fields["pv_energy_day_wh"] == 800
        assert len(esp32_fakes.NVS.kept) == 1, "midnight is kept"


def test_no_clock_where_no_device_needs_the_day():
    assert _with_energies("energy_total", "energy_day").site.clock is None
    assert _with_energies().site.clock is None
    assert site(meter()).clock is None
