# SPDX-License-Identifier: MIT
"""Every profile of the repo as the simulated site plays it, read by the firmware's own profile, plan, master and decoder."""

import pytest

from host_tests.host.modbus_device import read_profile
from host_tools.build import profiles_doc
from host_tools.simulate.site import Physics
from host_tools.simulate.site.devices import devices_of
from host_tools.simulate.site.profile_quantities import measured
from host_tools.simulate.site.profile_table import Played
from planning import profile as profiles

PROFILES = profiles_doc.load()
# The house buys; it feeds in; its battery takes; its battery gives.
TRUTHS = [Physics(hour=hour).at(0) for hour in (3, 13, 10, 19.5)]
# What rounding may take: a register's count and the firmware's own; of a sum, of each.
LOSS = {"w": 110, "wh": 1100, "soc": 5, "temp": 5}


def site_of(name, role):
    return devices_of(
        {"devices": [{"category": role, "profile": name, "unit": 1}]}, PROFILES.__getitem__
    )[0]


def image_of(played, values):
    """{(function, address): word} of all that can be read."""
    return {
        (function, first + i): word
        for function, blocks in played.readable.items()
        for first, last in blocks
        for i, word in enumerate(played.words(function, first, last - first + 1, values))
    }


def test_the_moments_are_what_they_are_taken_for():
    assert [truth.grid_w > 100 for truth in TRUTHS] == [True, False, False, False]
    assert TRUTHS[1].grid_w < -500 and TRUTHS[2].battery_w < -500 and TRUTHS[3].battery_w > 300


@pytest.mark.parametrize("name", PROFILES)
def test_what_is_played_is_read_as_the_truth(name):
    profile = PROFILES[name]
    for role in profile["roles"]:
        device = site_of(name, role)
        names = {key: one for key, one in profiles.wanted(role, device.quantities, False)}
        played = Played(profile, name)
        for truth in TRUTHS:
            expected = device.fields(truth)
            image = image_of(played, measured(profile, truth, {role: device}))
            got = read_profile(profile, role, image, list(names.values()))
            assert set(names) == set(expected)
            for key, value in expected.items():
                value *= 10 if key in ("soc", "temp") else 1
                loss = LOSS[key.rpartition("_")[2]]
                assert got[names[key]] == pytest.approx(value, abs=loss), (role, key, truth)
