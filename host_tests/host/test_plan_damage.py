# SPDX-License-Identifier: MIT
"""Every single flipped bit and every cut of a whole plan.json, through the loader: it is found out, or makes no difference."""

import io
import json

import esp32_fakes  # noqa: F401  (before the firmware)
from firmware.modes import store
from host_tools.owner import check
from host_tools.paths import ROOT
from planning import plan, plan_text


def example():
    """The bytes of the example config's plan.json, and the plan in them."""
    _, _, made = check.check(ROOT / "config.example.json")
    made = plan.stamped(made, "1", {"config": 1})
    file = io.BytesIO()
    plan_text.write(made, file)
    return file.getvalue(), json.loads(file.getvalue())["plan"]


def loaded(data, monkeypatch):
    """What the loader makes of these bytes; None where it refuses them."""
    monkeypatch.setattr(store, "open", lambda path, mode: io.BytesIO(data), raising=False)
    monkeypatch.setattr(store, "size", lambda path: len(data))
    try:
        return store.read_plan("/plan.json")
    except (OSError, ValueError, KeyError, TypeError):  # as Store.plan() does
        return None


def test_every_flipped_bit_of_a_plan_is_found_out(monkeypatch):
    data, made = example()
    assert len(data) > 5000 and loaded(data, monkeypatch) == made
    harmless = 0
    for at in range(len(data)):
        for bit in range(8):
            flipped = bytearray(data)
            flipped[at] ^= 1 << bit
            found = loaded(bytes(flipped), monkeypatch)
            assert found in (None, made), (at, bit)
            harmless += found is not None
    assert harmless < 200  # of what stands around the plan and its CRC


def test_every_cut_of_a_plan_is_found_out(monkeypatch):
    data, _ = example()
    assert [at for at in range(len(data)) if loaded(data[:at], monkeypatch) is not None] == []
