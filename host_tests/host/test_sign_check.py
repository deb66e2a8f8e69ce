# SPDX-License-Identifier: MIT
"""A meter or clamp that counts the other way round is found by its steps, on a simulated site; one that is right is never blamed."""

import functools

import pytest

from host_tools.owner import doctor
from host_tools.owner.sign_check import SignCheck
from host_tools.simulate.site.physics import Physics, Plant

LOOK_S, HOURS = 2, 12
GRID_LATE_S = 1  # its meter may be read a second before the others
ROD = ("smart_loads", 0)
NO_BATTERY = Plant(battery_max_w=0, battery_capacity_wh=1)


@functools.cache
def day(plant, seed):
    """[(grid_w, inverter_w, rod_w)] from seven o'clock on."""
    site = Physics(plant, seed, 7.0)
    found = []
    for second in range(site.first_second, site.first_second + HOURS * 3600, LOOK_S):
        grid, now = site.at(second - GRID_LATE_S), site.at(second)
        found.append((int(grid.grid_w), int(now.inverter_w), int(now.rod_w)))
    return found


def values(grid_w, inverter_w, rod_w, load_w=None, **more):
    found = {
        "energy_meters": {"0": {"grid_power_w": grid_w}},
        "inverters": {"0": {"inv_power_ac_w": inverter_w, "battery_connected": False}},
        "smart_loads": {"0": {"sl_power_w": rod_w}},
        **more,
    }
    if load_w is not None:
        found["load_power_w"] = load_w
    return {"device_values": found}


def told(plant, seed, grid=1, inverter=1, rod=1):
    """What is said in a day, with these signs."""
    check, said = SignCheck(), {}
    for grid_w, inverter_w, rod_w in day(plant, seed):
        of_load = grid * grid_w + inverter * inverter_w
        check.look(values(grid * grid_w, inverter * inverter_w, rod * rod_w, of_load))
        said.update(check.findings({ROD: "Heating rod"}))
    return said


@pytest.mark.parametrize("plant, seed", [(Plant(), 2), (NO_BATTERY, 1)])
def test_nothing_is_said_of_a_site_that_is_right(plant, seed):
    assert told(plant, seed) == {}


def test_a_rod_that_counts_the_other_way_round_is_told_with_the_evidence():
    (said,) = told(NO_BATTERY, 1, rod=-1).values()
    assert (
        ' steps of "Heating rod" moved the grid power the wrong way: it or the grid meter ' in said
    )
    wrong, _, of, *_ = said.split()
    assert 8 <= int(of) <= 15 and int(wrong) * 8 >= 7 * int(of)


@pytest.mark.parametrize("signs", [{"grid": -1}, {"inverter": -1}])
def test_a_meter_that_counts_the_other_way_round_makes_the_load_negative(signs):
    said = told(NO_BATTERY, 1, **signs)["load"]
    assert said.startswith("The house's consumption was negative in 1") and "of 15 looks" in said


def stepped(check, count, step_w=2000, moves=1, **more):
    """A rod is switched so often; the grid follows by that share of it."""
    for _ in range(count):
        for rod_w in (0, 0, step_w, step_w):
            check.look(values(500 + int(moves * rod_w), 0, rod_w, **more))
            check.look(values(500 + int(moves * rod_w), 0, rod_w, **more))


def test_a_few_steps_say_nothing_and_a_mixture_neither():
    check = SignCheck()
    stepped(check, 3, moves=-1)
    assert check.findings({}) == {}
    for _ in range(6):
        stepped(check, 1, moves=-1)
        stepped(check, 1)
    assert check.findings({}) == {}


def test_steps_that_a_battery_answers_or_that_are_small_do_not_count():
    for more in ({"moves": 0}, {"moves": -0.6}, {"moves": -1, "step_w": 250}):
        check = SignCheck()
        stepped(check, 20, **more)
        assert check.findings({}) == {}, more


def test_with_two_meters_nothing_is_said():
    check = SignCheck()
    two = {"0": {"grid_power_w": 1}, "1": {"grid_power_w": 2}}
    stepped(check, 20, moves=-1, energy_meters=two)
    assert check.findings({}) == {}


def test_the_doctor_tells_it_once_with_the_owners_name():
    rod = iter([0, 0, 2000, 2000] * 12)

    def ask(path):
        if path == "/status.json":
            return {"units": [], "line": {}, "clamps": {}, "health": {"uptime_s": 9}}
        if path.startswith("/api/v1/info.json"):
            return {"device_info": {"smart_loads": {"0": {"name": "Boiler"}}}}
        rod_w = next(rod)
        return values(-rod_w, 0, rod_w)

    one = doctor.Doctor(ask)
    said = []
    for _ in range(48):
        one.look()
        said += one.news()
    assert len(said) == 1 and said[0].startswith('8 of 8 steps of "Boiler" moved')
