# SPDX-License-Identifier: MIT
"""The charger's documents: keys, types, freshness, age."""

import json

import maker_samples
import planned
from loading import values as loading
from planning import plan, settings
from planning.layout import load_parts
from ticks import ticks_add
from values.documents import Info
from values.readings import ERROR, HOLD, OMIT


def _load(kind, name):
    uart = {"id": 1, "tx": 17, "rx": 16, "de": 4}
    return {"uart": uart, "clamps": {}, "free": [], "led": None, "button": None, "on": []}


def _body(source, now_ms):
    """(status, head fields, parsed body) of what the source answers."""
    answer = source.open(now_ms)
    buf = bytearray(4096)
    view = memoryview(buf)
    got = b""
    while len(got) < answer.length:
        count = answer.read(view[:100], len(got))
        assert count
        got += bytes(buf[:count])
    got = got[: answer.length]
    head, _, body = got.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    fields = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        fields[name.lower()] = value.strip()
    assert int(fields["content-length"]) == len(body)
    assert fields["content-type"] == "application/json"
    assert fields["connection"] == "close"
    assert fields["cache-control"] == "no-store"
    return lines[0].split(" ")[1], fields, json.loads(body)


def _plan_of_the_samples():
    config = settings.read(json.dumps(maker_samples.config()), _load, lambda kind: [])
    return plan.make(config, _load)


def _meter(policy=ERROR, limit_ms=7000):
    return planned.device("energy_meters", policy=policy, limit_ms=limit_ms)


def _inverter():
    return planned.device("inverters", "pv_energy_day_wh", "pv_energy_total_wh")


def test_the_makers_values_are_reproduced():
    made = _plan_of_the_samples()
    devices = loading.devices(made["devices"])
    values = planned.values_of(devices, made["document"], made["load"])
    values.step(1000)
    status, fields, body = _body(values, 500000)
    assert (status, fields["age"]) == ("200", "0")
    assert body == maker_samples.VALUES
    values = body["device_values"]
    assert values["inverters"]["0"]["battery_connected"] is True
    for key, kind in (("soc", float), ("mode", int), ("bat_power_w", int)):
        assert type(values["batteries"]["0"][key]) is kind, key


def test_the_makers_info_is_reproduced():
    status, _, body = _body(Info(_plan_of_the_samples()["info"]), 0)
    assert status == "200"
    assert body == maker_samples.INFO


def test_the_longest_document_fits_what_is_planned_for_it():
    made = _plan_of_the_samples()
    devices = loading.devices(made["devices"])
    for device in devices:
        for key in device.fields:
            device.put(key, -2147483648, 1000)
    answer = planned.values_of(devices, made["document"], made["load"])
    answer.step(1000)
    text = json.dumps(_body(answer, 1000)[2])
    # As long as the whole planned room at the most, and not much shorter; -214748364.8 has twelve characters.
    assert len(text) <= made["document"]["bytes"] <= len(text) + 64 + 48 * len(devices)


def test_a_device_without_a_reading_makes_503_with_a_reason():
    values = planned.values([_meter()])
    values.step(1000)
    status, fields, body = _body(values, 1000)
    assert status == "503"
    assert "energy_meters 0" in body["error"]
    assert "age" not in fields


def test_age_is_that_of_the_oldest_power_and_grows_without_rendering():
    meter, inverter = _meter(), _inverter()
    meter.put("grid_power_w", -5, 3000)
    inverter.put("inv_power_ac_w", 7, 1500)
    inverter.put("pv_energy_total_wh", 9, 200)
    values = planned.values([meter, inverter])
    values.step(3100)
    assert _body(values, 3100)[1]["age"] == "1"
    assert _body(values, 3499)[1]["age"] == "1"
    assert _body(values, 3500)[1]["age"] == "2"


def test_a_power_that_ended_just_now_is_no_second_younger_than_now():
    meter = _meter()
    meter.put("grid_power_w", 1, 1010)
    values = planned.values([meter])
    values.step(1000)
    assert _body(values, 1000)[1]["age"] == "0"


def test_the_first_reading_to_pass_its_limit_ends_the_document():
    for stamps in ((1000, 5000), (5000, 1000)):
        meter, inverter = _meter(), _inverter()
        meter.put("grid_power_w", 1, stamps[0])
        inverter.put("inv_power_ac_w", 1, stamps[1])
        values = planned.values([meter, inverter])
        values.step(5000)
        assert _body(values, 8000)[0] == "200"
        assert _body(values, 8001)[0] == "503"


def test_a_reading_is_served_up_to_its_limit_and_no_longer():
    for age_ms, status in ((7000, "200"), (7001, "503")):
        meter = _meter()
        meter.put("grid_power_w", 1, 1000)
        values = planned.values([meter])
        values.step(1000 + age_ms)
        assert _body(values, 1000 + age_ms)[0] == status


def test_a_reading_past_its_limit_is_not_served_even_without_rendering():
    meter = _meter()
    meter.put("grid_power_w", 1, 1000)
    values = planned.values([meter])
    values.step(1000)
    assert _body(values, 8000)[0] == "200"
    assert _body(values, 8001)[0] == "503"


def test_an_energy_past_its_limit_is_left_out_of_the_document():
    inverter = _inverter()
    inverter.put("pv_energy_total_wh", 9, 1000)
    inverter.put("inv_power_ac_w", 7, 7000)
    values = planned.values([inverter])
    values.step(7999)
    assert "pv_energy_total_wh" in str(_body(values, 7999)[2])
    values.step(8001)
    status, _, body = _body(values, 8001)
    assert status == "200" and "pv_energy_total_wh" not in str(body)


def test_a_stale_device_can_be_left_out():
    meter, inverter = _meter(OMIT), _inverter()
    meter.put("grid_power_w", 1, 1000)
    inverter.put("inv_power_ac_w", 7, 8000)
    values = planned.values([meter, inverter])
    values.step(9000)
    _, _, body = _body(values, 9000)
    assert body["device_values"]["energy_meters"] == {}
    assert body["device_values"]["inverters"]["0"] == {
        "inv_power_ac_w": 7,
        "battery_connected": False,
    }


def test_a_held_device_is_served_with_its_age():
    meter = _meter(HOLD)
    values = planned.values([meter])
    values.step(500)
    assert _body(values, 500)[0] == "503"
    meter.put("grid_power_w", 1, 1000)
    values.step(61000)
    status, fields, body = _body(values, 61000)
    assert (status, fields["age"]) == ("200", "60")
    assert body["device_values"]["energy_meters"]["0"] == {"grid_power_w": 1}


def test_a_held_reading_never_looks_young_again_when_ticks_wrap():
    meter = _meter(HOLD)
    meter.put("grid_power_w", 1, 0)
    values = planned.values([meter])
    now_ms = 0
    for turn in range(40):
        now_ms = ticks_add(now_ms, 50000000)
        values.step(now_ms)
        if turn > 2:
            assert int(_body(values, now_ms)[1]["age"]) >= 100000


def test_load_power_is_inverter_and_grid_with_a_battery_behind_the_inverter():
    meter, inverter, battery = _meter(), _inverter(), planned.device("batteries")
    for device, value in ((meter, -4151), (inverter, 4869), (battery, 1000)):
        device.put(device.power, value, 1000)
    devices = [inverter, meter, battery]
    # Voder/nodered-sonnen-nrgkick-flow: 4869 + (-4151) = 718
    for with_battery, location, load_w in (([0], None, 718), ([], 1, 1718)):
        load = load_parts(planned.rows(devices), with_battery, {0: location})
        values = planned.values(devices, load)
        values.step(1000)
        assert _body(values, 1000)[2]["device_values"]["load_power_w"] == load_w


def test_load_power_is_left_out_while_a_part_is_unknown():
    meter, inverter = _meter(), _inverter()
    inverter.policy = OMIT
    meter.put("grid_power_w", 1, 1000)
    devices = [inverter, meter]
    values = planned.values(devices, [0, 1])
    values.step(1000)
    assert "load_power_w" not in _body(values, 1000)[2]["device_values"]


def test_load_power_is_left_out_while_a_part_is_held_though_stale():
    meter, inverter = _meter(HOLD), _inverter()
    devices = [inverter, meter]
    values = planned.values(devices, [0, 1])
    meter.put("grid_power_w", 100, 1000)
    inverter.put("inv_power_ac_w", 3000, 1000)
    values.step(1000)
    assert _body(values, 1000)[2]["device_values"]["load_power_w"] == 3100
    inverter.put("inv_power_ac_w", 3000, 8001)
    values.step(8001)
    served = _body(values, 8001)[2]["device_values"]
    assert served["energy_meters"]["0"]["grid_power_w"] == 100 and "load_power_w" not in served


def test_a_meter_elsewhere_than_at_the_grid_is_no_part_of_the_load():
    devices = [_meter(), _inverter()]
    assert load_parts(planned.rows(devices), [], {0: 2}) == []


def test_a_load_with_clamps_of_its_own_counts_its_age_and_is_left_out_when_stale():
    load, inverter = planned.device("load", policy=OMIT), _inverter()
    values = planned.values([inverter, load], [1])
    inverter.put("inv_power_ac_w", 2225, 5000)
    load.put("load_power_w", 640, 1000)
    values.step(5000)
    status, fields, body = _body(values, 5000)
    assert status == "200" and fields["age"] == "4"
    assert body["device_values"]["load_power_w"] == 640
    values.step(8100)
    status, fields, body = _body(values, 8100)
    assert status == "200" and fields["age"] == "3"
    assert "load_power_w" not in body["device_values"]


def test_negative_tenths_and_zero():
    load = planned.device("smart_loads", "temp")
    load.put("sl_power_w", 0, 1)
    load.put("temp", -5, 1)
    values = planned.values([load])
    values.step(1)
    assert _body(values, 1)[2]["device_values"]["smart_loads"]["0"] == {
        "sl_power_w": 0,
        "temp": -0.5,
    }
