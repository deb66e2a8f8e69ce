# SPDX-License-Identifier: MIT
"""What the bridge asks of a unit before it reads it: where its SunSpec models are, and who it is."""

import struct
import threading
import tty

import bridge
from host_tools.simulate.site.line import Line
from line import adu

INVERTER = {
    "category": "inverters",
    "profile": "sunspec-inverter",
    "unit": 1,
    "info": {"name": "Inverter"},
}
METER = {
    "category": "energy_meters",
    "profile": "eastron-sdm630",
    "unit": 2,
    "info": {"name": "Grid"},
}


def config():
    return {
        "wifi": bridge.WIFI,
        "bus": {"baudrate": 19200, "poll_interval_ms": 200},
        "devices": [INVERTER, METER],
    }


def sunspec_words(base):
    """A common model, then model 103 with 4321 W and 7654 kWh. Offsets as in the models' own descriptions."""
    words = [0x5375, 0x6E53, 1, 66] + [0] * 66
    points = [0x8000] * 52
    points[0:2] = 103, 50
    points[14:16] = 4321, 0
    points[24:27] = *struct.unpack(">HH", struct.pack(">I", 7654)), 3
    words += points + [0xFFFF, 0]
    return {(3, base + i): word for i, word in enumerate(words)}


def meter_words(model):
    words = {(4, address): 0 for address in range(80)}
    words[4, 52], words[4, 53] = struct.unpack(">HH", struct.pack(">f", -1500.0))
    words.update({(3, 64512): 0x0123, (3, 64513): 0x4567, (3, 64514): model})
    return words


def answer_all(port, units):
    waiting = b""
    while True:
        try:
            waiting += port.read(256)
        except (OSError, ValueError):
            return
        while len(waiting) >= 8:
            request, waiting = waiting[:8], waiting[8:]
            unit, function, address, count = struct.unpack(">BBHH", request[:6])
            words = [units[unit].get((function, at)) for at in range(address, address + count)]
            if None in words:
                port.write(adu(unit, function | 0x80, 2))
            else:
                port.write(adu(unit, function, 2 * count, struct.pack(f">{count}H", *words)))


def test_models_are_found_and_units_say_who_they_are(tmp_path):
    units = {1: sunspec_words(50000), 2: meter_words(137)}
    with Line(19200) as line, open(line.meter_tty, "r+b", buffering=0) as port:
        tty.setraw(port)
        threading.Thread(target=answer_all, args=(port, units), daemon=True).start()
        with bridge.running(tmp_path, config(), line.bridge_tty) as board:
            answer = board.until(lambda answer: answer.status == 200, "both are read", 30)
            values = answer.body["device_values"]
            assert values["inverters"]["0"]["inv_power_ac_w"] == 4321
            assert values["inverters"]["0"]["pv_energy_total_wh"] == 7654000
            assert values["energy_meters"]["0"]["grid_power_w"] == -1500
            told = board.until(
                lambda answer: "serial" in answer.body["device_info"]["energy_meters"]["0"],
                "the serial number",
                path="/api/v1/info.json",
            )
            meter = told.body["device_info"]["energy_meters"]["0"]
            assert meter == {"name": "Grid", "model": "Eastron SDM630", "serial": "19088743"}
            warnings = [unit["warning"] for unit in board.get("/status.json").body["units"]]
            assert warnings == [None, "model number 137 where the profile expects 112 or 121 or 0"]
