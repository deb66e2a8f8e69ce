# SPDX-License-Identifier: MIT
"""From a profile to registers: units, signs, ranges; and which quantity feeds which key of DiniTech's."""

from planning import profile, quantities
from values.fields import kind_of


def raises(work):
    try:
        work()
    except ValueError:
        return True
    return False


def test_every_unit_is_counted_in_its_base_unit():
    # W, Wh, 0.1 V, mA, mHz, 0.1 %, 0.1 degC: a count of 1, as a fraction of the base unit.
    for text, wanted in (
        ("1 W", (1, 1)), ("1 kW", (1000, 1)), ("1 mW", (1, 1000)), ("0.1 kW", (100, 1)),
        ("1 Wh", (1, 1)), ("0.01 kWh", (10, 1)), ("1 MWh", (1000000, 1)), ("0.1 Wh", (1, 10)),
        ("0.1 V", (1, 1)), ("1 V", (10, 1)), ("1 mV", (1, 100)),
        ("1 A", (1000, 1)), ("0.01 A", (10, 1)), ("1 mA", (1, 1)),
        ("0.01 Hz", (10, 1)), ("0.1 %", (1, 1)), ("1 %", (10, 1)), ("0.1 degC", (1, 1)), ("0.5", (1, 2)),
    ):  # fmt: skip
        multiply, divide = quantities.scale(text)
        assert multiply * wanted[1] == divide * wanted[0], text


def test_scale_beyond_24_bits_or_without_a_unit_of_ours_is_refused():
    assert quantities.scale("16777215 W") == (16777215, 1)
    for text in ("16777216 W", "0 W", "1 VA", "0.00000001 W", "100 MWh", "1 w"):
        assert raises(lambda text=text: quantities.scale(text)), text


def test_what_cannot_be_in_a_house():
    # A megawatt both ways; an int32 of Wh; 20 MWh in a day; 0 to 100 % in tenths; -50 to 200 degC; 1000 V.
    for name, limits in (
        ("power", (-1000000, 1000000)), ("power_l1", (-1000000, 1000000)),
        ("energy_total", (0, 2147483647)), ("energy_day", (0, 20000000)), ("soc", (0, 1000)),
        ("temperature", (-500, 2000)), ("voltage_l1", (0, 10000)),
    ):  # fmt: skip
        assert quantities.plausible(name) == limits, name


POWER = {"address": 0, "scale": "1 W"}


def made(category, name="power", invert=False, **spec):
    spec = dict(POWER, **spec)
    roles = {category: {name: spec}}
    return profile.quantity(None, "key", name, {"roles": roles}, category, invert)


def test_power_has_the_sign_that_the_charger_wants():
    # Custom API 1.4: an inverter generates, a meter imports, a battery discharges, a load consumes with a plus.
    for category, positive, sign in (
        ("inverters", "generation", 1), ("inverters", "export", 1), ("inverters", "import", -1),
        ("inverters", "consumption", -1),
        ("energy_meters", "import", 1), ("energy_meters", "consumption", 1), ("energy_meters", "export", -1),
        ("batteries", "discharge", 1), ("batteries", "export", 1), ("batteries", "charge", -1),
        ("smart_loads", "consumption", 1), ("smart_loads", "import", 1), ("smart_loads", "export", -1),
    ):  # fmt: skip
        for invert in (False, True):
            found = made(category, invert=invert, positive=positive).registers[0].multiply
            assert found == (-sign if invert else sign), (category, positive, invert)


def test_invert_turns_no_energy_round():
    assert made("inverters", "energy_total", True, scale="1 Wh").registers[0].multiply == 1


def test_range_of_a_profile_goes_before_what_can_be():
    found = made("energy_meters", positive="import", range=[-7, 9])
    assert (found.low, found.high) == (-7, 9)
    found = made("energy_meters", positive="import")
    assert (found.low, found.high) == (-1000000, 1000000)


def test_role_may_name_another_ones_registers():
    two = {"roles": {"energy_meters": {"power": POWER}, "inverters": "energy_meters"}}
    assert profile.role(two, "inverters") == {"power": POWER}
    assert profile.role(two, "batteries") is None


def test_which_quantity_feeds_which_key():
    role = (
        "power",
        "energy_day",
        "energy_total",
        "energy_export",
        "energy_import",
        "soc",
        "temperature",
    )
    assert profile.wanted("inverters", role, False) == [
        ("inv_power_ac_w", "power"),
        ("pv_energy_day_wh", "energy_day"),
        ("pv_energy_total_wh", "energy_total"),
    ]
    assert profile.wanted("batteries", role, False) == [("bat_power_w", "power"), ("soc", "soc")]
    assert profile.wanted("energy_meters", role, False) == [("grid_power_w", "power")]
    assert profile.wanted("smart_loads", role, False) == [
        ("sl_power_w", "power"),
        ("temp", "temperature"),
    ]


def test_meter_at_an_inverter_counts_what_it_exports_the_other_way_round_if_it_is_inverted():
    meter = ("power", "energy_import", "energy_export")
    total = "pv_energy_total_wh"
    assert dict(profile.wanted("inverters", meter, False))[total] == "energy_export"
    assert dict(profile.wanted("inverters", meter, True))[total] == "energy_import"


def test_charge_and_temperature_have_one_decimal_and_the_rest_none():
    assert kind_of("batteries", "soc") == kind_of("smart_loads", "temp") == 1
    assert kind_of("batteries", "bat_power_w") == kind_of("smart_loads", "mode") == 0
    # Those that only the page shows: volts in tenths, milliamperes and watts whole.
    assert kind_of("page", "voltage_l1") == 1 and kind_of("page", "current_l1") == 0
