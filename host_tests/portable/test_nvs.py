# SPDX-License-Identifier: MIT
"""The total at midnight in NVS, as the ESP32 keeps it: blobs under keys of at most 15 characters."""

import esp32_fakes
from firmware.hw.nvs import Midnight

OF = "eastron-sdm630 2 energy_export"


def test_what_was_saved_is_loaded_after_a_reset():
    esp32_fakes.NVS.fresh()
    Midnight(OF).save(1025, 2147483647)
    assert Midnight(OF).load() == (1025, 2147483647)
    assert esp32_fakes.NVS.commits == 1


def test_nothing_saved_is_none():
    esp32_fakes.NVS.fresh()
    assert Midnight(OF).load() is None


def test_each_unit_has_its_own():
    esp32_fakes.NVS.fresh()
    Midnight(OF).save(1025, 5000)
    for other in ("eastron-sdm630 3 energy_export", "eastron-sdm72d 2 energy_export"):
        assert Midnight(other).load() is None, other
    Midnight("other").save(1026, 7)
    assert Midnight(OF).load() == (1025, 5000)


def test_a_flash_that_refuses_costs_only_the_memory():
    esp32_fakes.NVS.fresh()
    esp32_fakes.NVS.full = True
    Midnight(OF).save(1025, 5000)
    esp32_fakes.NVS.full = False
    assert Midnight(OF).load() is None


def test_what_something_else_left_there_is_not_taken():
    esp32_fakes.NVS.fresh()
    midnight = Midnight(OF)
    midnight.save(1025, 5000)
    for key in esp32_fakes.NVS.kept:
        esp32_fakes.NVS.kept[key] = b"\1\2\3"
    assert midnight.load() is None


def test_a_partition_that_cannot_be_opened_costs_only_the_memory():
    esp32_fakes.NVS.fresh()
    esp32_fakes.NVS.broken = True
    try:
        midnight = Midnight(OF)
        assert midnight.load() is None
        midnight.save(1025, 5000)
    finally:
        esp32_fakes.NVS.broken = False
    assert esp32_fakes.NVS.kept == {}
