# SPDX-License-Identifier: MIT
"""Each part that is not vital raises once or for ever, at boot or later: it costs only what depends on it."""

import gzip
import json
import shutil
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from rig import ROOT, Bench, Line

PROFILE = "lib/planning/profiles/eastron-sdm630.json"
# The load is measured by a clamp and may be left out; the inverter has only a total, so that a day is counted.
CONFIG = {
    "wifi": {"ssid": "Home"},
    "bus": {"poll_interval_ms": 200},
    "devices": [
        {"category": "energy_meters", "fixed": {"grid_power_w": -1500}},
        {"category": "inverters", "profile": "eastron-sdm630", "unit": 1, "when_stale": "omit"},
        {"category": "smart_loads", "clamp": "ct1", "amps_per_volt": 30, "when_stale": "omit"},
    ],
}
# (file, text, text that fails, what the log then says)
FAULTS = {
    "LED at boot": ("firmware/hw/led.py", "    pin = Pin(led", "    raise OSError(5)\n    pin = Pin(led", "led is left out"),
    "LED later": ("firmware/hw/led.py", '        """No heap."""\n', '        raise OSError("LED")\n', "led crashed"),
    "clock at boot": ("firmware/clock.py", '        self._server = config["server"]', "        raise OSError(5)", "time is left out"),
    "clock later": ("firmware/clock.py", "        if self._second_ms is None:", "        raise ValueError('clock')\n        if 1:", "time crashed"),
    "NVS at boot": ("firmware/hw/nvs.py", "            self._nvs = esp32", "            raise OSError(5)\n            self._nvs = esp32", "midnight cannot"),
    "clamp at boot": ("firmware/hw/clamp_adc.py", "        adc = ADC(", "        raise ValueError('no ADC')\n        adc = ADC(", "ct1 is left out"),
    "clamp later": ("firmware/hw/clamp_adc.py", "        read_uv = self._read_uv\n", "        raise OSError('ADC')\n", None),
    "clamps later": ("lib/clamp/component.py", "        if self.mains.step():", "        raise ValueError('clamps')\n        if 1:", "clamps crashed"),
    "outputs at boot": ("firmware/hw/chip.py", "    for pin in pins:", "    raise ValueError('invalid pin')\n    for pin in pins:", "power is left out"),
    "flash at boot": ("firmware/modes/store.py", "    crc = 0\n    with open(path, \"rb\") as source", "    raise OSError(5)\n    with open(path, \"rb\") as source", None),
}  # fmt: skip


@pytest.fixture
def bench(tmp_path):
    line = Line()
    made = Bench(tmp_path, line.name)
    for top in ("firmware", "lib", "boards"):
        ignored = shutil.ignore_patterns("profiles")
        shutil.copytree(ROOT / top, Path(tmp_path, top), dirs_exist_ok=True, ignore=ignored)
    Path(tmp_path, PROFILE).parent.mkdir()
    shutil.copy(ROOT / PROFILE, Path(tmp_path, PROFILE))
    made.config.write_text(json.dumps(CONFIG))
    yield made
    line.close()


def fetched(address, path):
    with urllib.request.urlopen(address + path, timeout=5) as answer:
        body = answer.read()
    return (body if path else gzip.decompress(body)).decode()  # the page comes gzipped


@pytest.mark.parametrize("fault", FAULTS)
def test_part_that_fails_costs_only_what_depends_on_it(bench, fault):
    file, text, failing, said = FAULTS[fault]
    place = Path(bench.folder, file)
    assert place.read_text().count(text) == 1
    place.write_text(place.read_text().replace(text, failing))
    with bench.running("\n", "--http-port", "0", "--heap", "200k") as running:
        address = running.address()
        values = json.loads(fetched(address, "api/v1/values.json"))["device_values"]
        assert values["energy_meters"]["0"]["grid_power_w"] == -1500
        status = json.loads(fetched(address, "status.json"))
        # Planning ends in a soft reset; none but that came since the power.
        assert status["about"]["last_end"] == "soft reset: power-on or brown-out"
        assert "NRGkick bridge" in fetched(address, "")
        if said:
            assert said in fetched(address, "log")
        for _ in range(3):
            assert json.loads(fetched(address, "api/v1/values.json"))
