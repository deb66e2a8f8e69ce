# SPDX-License-Identifier: MIT
"""config.json's rules, by the line that the owner reads."""

from planning import messages, settings

BOARD = {
    "uart": {"id": 1, "tx": 17, "rx": 16, "de": 4},
    "clamps": {"ct1": 36, "ct2": 39},
    "free": [13, 14],
}
NO_CLAMPS = {"uart": {"id": 1, "tx": 4, "rx": 36, "de": None}, "clamps": {}, "free": []}
POWER = {"power": {"address": 0, "scale": "1 W", "positive": "import"}}


def profile(**roles):
    defaults = {"function": 3, "type": "s16", "word_order": "big"}
    return {"vendor": "A", "model": "B", "source": ["C"], "defaults": defaults, "roles": roles}


FILES = {
    "board": {"esp32-devkit-max3485": BOARD, "olimex-esp32-evb": NO_CLAMPS},
    "profile": {
        "eastron-sdm630": profile(energy_meters=POWER, inverters="energy_meters"),
        "far": dict(profile(energy_meters=POWER), limits={"unit_max": 255}),
        "deye-3p-hybrid": profile(inverters=POWER, batteries=POWER, energy_meters=POWER),
    },
    "model": {"SCT-013-000": {"turns": 2000}, "SCT-013-030": {"amps_per_volt": 30}},
}
METER = '{"category": "energy_meters", "profile": "eastron-sdm630", "unit": 1}'
CLAMP = '{"category": "smart_loads", "clamp": "ct1", "amps_per_volt": 30}'
FIXED = '{"category": "batteries", "fixed": {"bat_power_w": -749, "soc": 78.2, "mode": 0}}'


def read(text):
    return settings.read(
        text, lambda kind, name: FILES[kind].get(name), lambda kind: list(FILES[kind])
    )


def config(devices=METER, top=""):
    return '{"wifi": {"ssid": "Home"}, %s "devices": [%s]}' % (top, devices)


def complaint(text):
    try:
        read(text)
    except settings.SettingsError as error:
        line = str(error)
        assert "\n" not in line and line == error.place + ": " + error.problem
        return line
    return None


def with_(device, old, new):
    """The device with a part replaced, which must be there."""
    assert old in device
    return config(device.replace(old, new))


def test_everything_left_out_has_its_default():
    found = read(config())
    assert found["wifi"] == {
        "ssid": "Home",
        "password": "",
        "hostname": "nrgkick-bridge",
        "ip": None,
    }
    assert found["board"] == "esp32-devkit-max3485"
    assert found["http"] == {"host": "0.0.0.0", "port": 80, "allow": None, "names": None}
    assert found["bus"] == {
        "baudrate": 9600,
        "parity": "none",
        "stop_bits": 1,
        "poll_interval_ms": 1000,
        "tx": 17,
        "rx": 16,
        "de": 4,
    }
    assert found["freshness"] == {"limit_s": 7, "when_stale": "error"}
    assert found["load_power"] == "computed"
    assert found["devices"] == [
        {
            "category": "energy_meters",
            "profile": "eastron-sdm630",
            "unit": 1,
            "invert": False,
            "phase": None,
            "variant": None,
            "timeout_ms": None,
            "pause_ms": None,
            "when_stale": "error",
            "info": {},
        }
    ]


def test_a_clamp_has_its_defaults():
    (device,) = read(config(CLAMP))["devices"]
    assert device["voltage"] == 230 and device["power_factor"] == 1
    assert device["model"] is None and device["noise_floor_ma"] is None and device["mode"] is None


def test_when_stale_of_a_device_is_that_of_freshness_unless_written():
    text = config(
        METER + "," + CLAMP[:-1] + ', "when_stale": "omit"}',
        '"freshness": {"when_stale": "hold"},',
    )
    assert [device["when_stale"] for device in read(text)["devices"]] == ["hold", "omit"]


def test_info_and_fixed_come_back_as_written():
    text = config(
        '{"category": "inverters", "fixed": {"inv_power_ac_w": 2225}, "info": {"serial": "0123", "max_dc_w": 5500}}'
    )
    (device,) = read(text)["devices"]
    assert device["fixed"] == {"inv_power_ac_w": 2225}
    assert device["info"] == {"serial": "0123", "max_dc_w": 5500}
    assert device["battery_connected"] is False


def test_a_fixed_mode_is_the_devices_mode():
    (device,) = read(config(FIXED))["devices"]
    assert device["mode"] == 0 and sorted(device["fixed"]) == ["bat_power_w", "soc"]
    assert device["fixed"]["bat_power_w"] == -749 and str(device["fixed"]["soc"]) == "78.2"
    line = complaint(with_(FIXED, '"fixed"', '"mode": 1, "fixed"'))
    assert line == 'devices[0].mode: written in "fixed" too; once is allowed'


def test_a_hybrid_serves_several_categories_from_one_unit():
    device = '{"category": "%s", "profile": "deye-3p-hybrid", "unit": 2}'
    both = ",".join(device % category for category in ("inverters", "batteries", "energy_meters"))
    assert len(read(config(both))["devices"]) == 3


def test_bytes_and_a_byte_order_mark_are_read():
    assert read(b"\xef\xbb\xbf" + config().encode())["wifi"]["ssid"] == "Home"


def test_numbers_out_of_range_say_what_is_allowed():
    assert (
        complaint(with_(METER, '"unit": 1', '"unit": 300'))
        == "devices[0].unit: 300 is out of range; 1 to 255 is allowed"
    )
    assert (
        complaint(with_(METER, '"unit": 1', '"unit": 0'))
        == "devices[0].unit: 0 is out of range; 1 to 255 is allowed"
    )
    assert (
        complaint(with_(METER, '"unit": 1', '"unit": 248'))
        == "devices[0].unit: 248 is out of range; 1 to 247 is allowed"
    )
    far = METER.replace('"eastron-sdm630", "unit": 1', '"far", "unit": 255')
    assert read(config(far))["devices"][0]["unit"] == 255
    line = "http.port: 65536 is out of range; 1 to 65535 is allowed"
    assert complaint(config(top='"http": {"port": 65536},')) == line
    grid = '{"category": "energy_meters", "fixed": {"grid_power_w": 2147483648}}'
    line = "devices[0].fixed.grid_power_w: 2147483648 is out of range; -2147483648 to 2147483647 is allowed"
    assert complaint(config(grid)) == line


def test_a_wrong_type_is_named():
    line = "http.port: %s is not a whole number; 1 to 65535 is allowed"
    for text in ("true", "80.0", "null"):
        assert complaint(config(top='"http": {"port": %s},' % text)) == line % text
    assert complaint(config(top='"http": {"port": "80"},')) == line % '"80"'
    assert complaint(config(top='"http": {"port": [80]},')) == line % "a list [ ]"
    assert (
        complaint(config(top='"http": 80,'))
        == "http: 80 is not an object; an object { } is needed"
    )
    for text in ("true", "1.0"):  # equal to 1 for Python
        line = "bus.stop_bits: %s is not allowed; 1 or 2 is allowed" % text
        assert complaint(config(top='"bus": {"stop_bits": %s},' % text)) == line
    serial = with_(METER, "}", ', "info": {"serial": 12345678}}')
    line = (
        "devices[0].info.serial: 12345678 is not text in quotes; 1 to 64 bytes of text are allowed"
    )
    assert complaint(serial) == line
    line = "devices[0].invert: 1 is neither true nor false; true or false is allowed"
    assert complaint(with_(METER, "}", ', "invert": 1}')) == line


def test_unknown_keys_are_errors_at_every_level():
    assert (
        complaint(config(top='"bus": {"baudrat": 9600},'))
        == 'bus.baudrat: unknown key; did you mean "baudrate"?'
    )
    assert complaint(config(top='"htpp": {},')) == 'htpp: unknown key; did you mean "http"?'
    line = 'devices[0].info.nmae: unknown key; did you mean "name"?'
    assert complaint(with_(METER, "}", ', "info": {"nmae": "x"}}')) == line
    assert (
        complaint(with_(METER, '"profile"', '"profil"'))
        == 'devices[0].profil: unknown key; did you mean "profile"?'
    )
    line = 'http.colour: unknown key; "host", "port", "allow" or "names" may be here'
    assert complaint(config(top='"http": {"colour": 1},')) == line
    fixed = '{"category": "energy_meters", "fixed": {"grid_power": 1}}'
    assert (
        complaint(config(fixed))
        == 'devices[0].fixed.grid_power: unknown key; did you mean "grid_power_w"?'
    )


def test_a_key_of_another_kind_of_device_is_an_error():
    line = complaint(with_(CLAMP, "}", ', "unit": 3}'))
    assert line.startswith('devices[0].unit: not for smart_loads with "clamp"; "category", ')
    line = complaint(with_(METER, "}", ', "battery_connected": true}'))
    assert line.startswith('devices[0].battery_connected: not for energy_meters with "profile"; ')


def test_what_must_be_written_is_asked_for():
    assert complaint("{}") == "wifi: missing; an object { } is needed"
    assert (
        complaint('{"wifi": {}, "devices": []}')
        == "wifi.ssid: missing; 1 to 32 bytes of text are allowed"
    )
    assert complaint('{"wifi": {"ssid": "Home"}}') == "devices: missing; a list [ ] is needed"
    assert complaint(config("")) == "devices: the list is empty; one device or more is needed"
    assert (
        complaint(with_(METER, ', "unit": 1', ""))
        == "devices[0].unit: missing; 1 to 255 is allowed"
    )
    line = 'devices[0].category: missing; "inverters", "energy_meters", "batteries" or "smart_loads" is allowed'
    assert complaint(config('{"unit": 1}')) == line
    assert complaint(config("7")) == "devices[0]: 7; an object { } is needed"


def test_a_profile_must_exist_and_have_the_role():
    line = 'devices[0].profile: no profile "eastron-sdm63"; did you mean "eastron-sdm630"?'
    assert complaint(with_(METER, "sdm630", "sdm63")) == line
    line = 'devices[0].category: profile "eastron-sdm630" has no role batteries; it has energy_meters, inverters'
    assert complaint(with_(METER, '"energy_meters"', '"batteries"')) == line


def test_a_board_must_exist():
    line = 'board: no board "olimex-evb"; "esp32-devkit-max3485" or "olimex-esp32-evb" is there'
    assert complaint(config(top='"board": "olimex-evb",')) == line
    line = 'board: no board "olimex-esp32-ebv"; did you mean "olimex-esp32-evb"?'
    assert complaint(config(top='"board": "olimex-esp32-ebv",')) == line


def test_exactly_one_source_is_needed():
    needed = '; exactly one of "profile", "clamp" and "fixed" is needed'
    assert complaint(config('{"category": "inverters"}')) == "devices[0]: no source" + needed
    line = "devices[0]: more than one source" + needed
    assert complaint(with_(METER, "}", ', "clamp": "ct1"}')) == line


def test_numbers_of_devices_are_limited():
    six = ",".join(METER.replace('"unit": 1', '"unit": %d' % unit) for unit in range(1, 7))
    assert complaint(config(six)) == "devices: 6 energy_meters; 5 is the most"
    five = ",".join(METER.replace('"unit": 1', '"unit": %d' % unit) for unit in range(1, 6))
    assert complaint(config(five)) is None
    assert complaint(config(FIXED + "," + FIXED)) == "devices: 2 batteries; 1 is the most"
    assert complaint(config(CLAMP + "," + CLAMP)) == "devices: 2 smart_loads; 1 is the most"


def test_the_same_source_twice_is_refused():
    line = "devices[1].unit: unit 1 is devices[0] already and would count twice; another unit is allowed"
    assert complaint(config(METER + "," + METER)) == line
    inverter = CLAMP.replace("smart_loads", "inverters")
    line = 'devices[1].clamp: "ct1" is read by devices[0] already; one device for each input is allowed'
    assert complaint(config(CLAMP + "," + inverter)) == line


def test_a_clamp_is_refused_where_direction_matters_and_says_why():
    line = "devices[0].clamp: a clamp cannot tell %s, so it cannot serve %s; a profile can"
    got = complaint(with_(CLAMP, "smart_loads", "energy_meters"))
    assert got == line % ("import from export", "energy_meters")
    got = complaint(with_(CLAMP, "smart_loads", "batteries"))
    assert got == line % ("charging from discharging", "batteries")
    assert complaint(with_(CLAMP, "smart_loads", "inverters")) is None


def test_several_clamps_make_a_set():
    pair = with_(CLAMP, '"ct1"', '["ct1", "ct2"]')
    assert read(pair)["devices"][0]["clamp"] == ["ct1", "ct2"]
    assert read(config(CLAMP))["devices"][0]["clamp"] == ["ct1"]
    for written, problem in (
        ('["ct1", "ct1"]', "a list [ ] names one of them twice"),
        ("[]", "a list [ ] has 0 names"),
        ('["ct1", 2]', "a list [ ] is not text in quotes, and no list of such"),
        ("7", "7 is not text in quotes, and no list of such"),
    ):
        line = (
            'devices[0].clamp: %s; a name like "ct1" or a list of 1 to 3 names is allowed'
            % problem
        )
        assert complaint(with_(CLAMP, '"ct1"', written)) == line, written
    two = (
        CLAMP + "," + CLAMP.replace("smart_loads", "inverters").replace('"ct1"', '["ct2", "ct1"]')
    )
    assert complaint(config(two)).startswith('devices[1].clamp: "ct1" is read by devices[0]')


def test_clamps_may_measure_the_house_load_where_no_meter_sits_at_the_grid():
    load = '"load_power": {"clamp": ["ct1", "ct2"], "amps_per_volt": 30},'
    found = read(config(FIXED, load))["load_power"]
    assert found["clamp"] == ["ct1", "ct2"] and found["voltage"] == 230
    line = 'load_power: devices[0] is at the grid, from which the load is computed; "computed" is allowed'
    assert complaint(config(METER, load)) == line
    assert complaint(config(CLAMP, load)).startswith(
        'load_power.clamp: "ct1" is read by devices[0]'
    )
    line = 'load_power.amps_per_vol: unknown key; did you mean "amps_per_volt"'
    assert complaint(config(FIXED, load.replace("_volt", "_vol"))).startswith(line)
    line = 'load_power: "clamp" is not allowed; "computed" or "omit" or an object { } with clamps is allowed'
    assert complaint(config(FIXED, '"load_power": "clamp",')) == line


def test_a_clamp_input_must_be_on_the_board():
    assert (
        complaint(with_(CLAMP, "ct1", "ct3"))
        == 'devices[0].clamp: no clamp input "ct3"; did you mean "ct1"?'
    )
    line = 'devices[0].clamp: no clamp input "ct1"; there is none'
    assert complaint(config(CLAMP, '"board": "olimex-esp32-evb",')) == line


def test_a_clamp_needs_a_ratio():
    line = 'devices[0]: neither "model" nor "amps_per_volt"; one of the two is needed'
    assert complaint(with_(CLAMP, ', "amps_per_volt": 30', "")) == line
    for part in (
        '"model": "SCT-013-030"',
        '"model": "SCT-013-030", "amps_per_volt": 29.5',
        '"model": "SCT-013-000", "burden_ohm": 33',
    ):
        assert complaint(with_(CLAMP, '"amps_per_volt": 30', part)) is None, part
    line = 'devices[0].burden_ohm: missing; model "SCT-013-000" has none inside'
    assert complaint(with_(CLAMP, '"amps_per_volt": 30', '"model": "SCT-013-000"')) == line
    line = complaint(
        with_(CLAMP, '"amps_per_volt": 30', '"model": "SCT-013-030", "burden_ohm": 33')
    )
    assert line.startswith("devices[0].burden_ohm: no model here that needs one")
    line = 'devices[0].model: no clamp model "SCT-013-300"; did you mean "SCT-013-000"?'
    assert complaint(with_(CLAMP, '"amps_per_volt": 30', '"model": "SCT-013-300"')) == line


def test_decimals_may_be_whole_but_not_true():
    assert complaint(with_(CLAMP, "30", "30.5")) is None
    line = "devices[0].amps_per_volt: true is not a number; 0.01 to 655 is allowed"
    assert complaint(with_(CLAMP, "30", "true")) == line


def test_a_password_is_never_shown():
    for password in (
        "12345678901",
        '"%s"' % ("hunter2 " * 9),
        '["hunter2hunter2"]',
        '"hunter2\\u0000"',
        "null",
    ):
        line = complaint('{"wifi": {"ssid": "a", "password": %s}, "devices": []}' % password)
        assert line.startswith("wifi.password: what is written here "), line
        assert "hunter2" not in line and "123456" not in line


def test_passwords_are_what_wpa_takes_and_none_means_an_open_network():
    for password, good in (
        ("", True),
        ("x", False),
        ("x" * 7, False),
        ("x" * 8, True),
        ("ä" * 4, True),
        ("x" * 63, True),
        ("x" * 64, False),
        ("0123456789abcdefABCDEF0123456789" * 2, True),
        ("f" * 65, False),
        ("ä" * 33, False),
    ):
        text = '{"wifi": {"ssid": "a", "password": "%s"}, "devices": [%s]}' % (password, METER)
        assert (complaint(text) is None) == good, password
    line = complaint('{"wifi": {"ssid": "a", "password": "secret"}, "devices": []}')
    assert line.startswith("wifi.password: what is written here has 6 bytes; 8 to 63 bytes, or")


def test_a_battery_of_the_same_unit_is_behind_its_inverter_unless_it_is_written_otherwise():
    device = '{"category": "%s", "profile": "deye-3p-hybrid", "unit": %d%s}'
    for written, unit, behind in (
        ("", 2, True),
        ("", 3, False),
        (', "battery_connected": false', 2, False),
        (', "battery_connected": true', 3, True),
    ):
        pair = device % ("inverters", 2, written), device % ("batteries", unit, "")
        assert read(config(", ".join(pair)))["devices"][0]["battery_connected"] is behind, written


def test_a_word_almost_right_gets_a_suggestion_beside_what_is_allowed():
    line = complaint(with_(METER, "energy_meters", "energy_meter"))
    assert line == (
        'devices[0].category: "energy_meter" is not allowed; did you mean "energy_meters"? '
        '"inverters", "energy_meters", "batteries" or "smart_loads" is allowed'
    )
    line = complaint(config(top='"bus": {"stop_bits": "none"},'))
    assert line == 'bus.stop_bits: "none" is not allowed; 1 or 2 is allowed'


def test_the_ssid_is_counted_in_bytes():
    assert complaint('{"wifi": {"ssid": "%s"}, "devices": [%s]}' % ("ä" * 16, METER)) is None
    line = complaint('{"wifi": {"ssid": "%s"}, "devices": [%s]}' % ("ä" * 17, METER))
    assert line == 'wifi.ssid: "%s" has 34 bytes; 1 to 32 bytes of text are allowed' % ("ä" * 17)


def test_host_names_are_labels():
    text = '{"wifi": {"ssid": "a", "hostname": "%s"}, "devices": [' + METER + "]}"
    for name in ("nrgkick", "NRG-1", "a", "x" * 32):
        assert complaint(text % name) is None, name
    for name in ("", "-a", "a-", "a.b", "a b", "ä", "x" * 33, "a_b"):
        assert complaint(text % name).startswith("wifi.hostname: "), name


def test_a_fixed_address_must_make_a_network():
    text = '{"wifi": {"ssid": "a", "ip": {%s}}, "devices": [' + METER + "]}"
    good = '"address": "192.168.1.9", "gateway": "192.168.1.1"'
    assert read(text % good)["wifi"]["ip"] == {
        "address": "192.168.1.9",
        "netmask": "255.255.255.0",
        "gateway": "192.168.1.1",
        "dns": "192.168.1.1",
    }
    assert (
        complaint(text % '"address": "192.168.1.9"')
        == 'wifi.ip.gateway: missing; an address like "192.168.1.10" is allowed'
    )
    assert complaint(text % "").startswith("wifi.ip.address: missing; ")
    for bad in ("192.168.1", "192.168.1.256", "1.2.3.4.5", "a.b.c.d", "192.168.1.+9", ""):
        line = complaint(text % good.replace("192.168.1.9", bad))
        assert line.startswith('wifi.ip.address: "%s" is not an IPv4 address; ' % bad), line
    own = good.replace(".1.1", ".1.9")
    line = 'wifi.ip.gateway: "192.168.1.9" does not fit; another address of the network of "192.168.1.9" is allowed'
    assert complaint(text % own) == line
    line = 'wifi.ip.gateway: "192.168.2.1" does not fit; another address of the network of "192.168.1.9" is allowed'
    assert complaint(text % good.replace("192.168.1.1", "192.168.2.1")) == line
    for mask in ("255.255.0.255", "0.0.0.0", "255.255.255.255", "255.255.255.254"):
        line = complaint(text % (good + ', "netmask": "%s"' % mask))
        assert (
            line
            == 'wifi.ip.netmask: "%s" is no netmask; one like "255.255.255.0" is allowed' % mask
        )


def test_bus_pins_must_be_the_boards():
    line = "bus.tx: the board has no free pin 6; 4, 13, 14, 16 or 17 is allowed"
    assert complaint(config(top='"bus": {"tx": 6},')) == line
    line = "bus.rx: pin 16 has another use on the bus; one pin for each is allowed"
    assert complaint(config(top='"bus": {"tx": 16},')) == line
    assert read(config(top='"bus": {"tx": 16, "rx": 17, "de": null},'))["bus"]["de"] is None
    assert read(config(top='"bus": {"de": 13},'))["bus"]["de"] == 13
    assert (
        complaint(config(top='"bus": {"tx": null},'))
        == "bus.tx: null is not a whole number; 0 to 48 is allowed"
    )


def test_the_receiver_may_take_a_clamps_pin_and_then_the_clamp_is_gone():
    top = '"bus": {"rx": 36},'
    assert read(config(top=top))["bus"]["rx"] == 36
    line = "devices[0].clamp: bus.rx has taken its pin 36; another input is allowed"
    assert complaint(config(CLAMP, top)) == line
    assert complaint(config(CLAMP.replace("ct1", "ct2"), top)) is None
    assert complaint(config(top='"bus": {"tx": 36},')).startswith(
        "bus.tx: the board has no free pin 36; "
    )


def test_the_address_to_listen_at_is_an_address_or_a_name():
    for host, good in (
        ("0.0.0.0", 1),
        ("192.168.1.9", 1),
        ("bridge.local", 1),
        ("256.1.1.1", 0),
        ("1.2.3", 0),
        ("", 0),
        ("a..b", 0),
        ("a b", 0),
    ):
        line = complaint(config(top='"time": {"server": "%s"},' % host))
        assert (line is None) == bool(good), host


def test_the_server_listens_at_an_address_since_there_is_no_dns_before_wifi():
    assert complaint(config(top='"http": {"host": "192.168.1.9"},')) is None
    line = complaint(config(top='"http": {"host": "bridge.local"},'))
    assert line == (
        'http.host: "bridge.local" is not an IPv4 address; an address like "192.168.1.10" is allowed'
    )


def test_networks_and_names_that_may_ask_are_lists_of_such():
    for key, value, problem in (
        ("allow", '["192.168.0.0/16", "10.0.0.7", "0.0.0.0/0"]', None),
        ("allow", '["192.168.1.5/24"]', 'has "192.168.1.5/24", which is no network'),
        ("allow", '["192.168.0.0/33"]', 'has "192.168.0.0/33", which is no network'),
        ("allow", '["192.168.0.0/"]', 'has "192.168.0.0/", which is no network'),
        ("allow", '["home"]', 'has "home", which is no network'),
        ("allow", "[]", "has 0 entries"),
        ("allow", "[1]", "has an entry that is not text in quotes"),
        ("allow", '"10.0.0.0/8"', "is not a list"),
        ("names", '["bridge.example.org", "x"]', None),
        ("names", '["a b"]', 'has "a b", which is no host name'),
        ("names", '["bridge:80"]', 'has "bridge:80", which is no host name'),
    ):
        line = complaint(config(top='"http": {"%s": %s},' % (key, value)))
        assert (line is None) == (problem is None) and (problem or "") in (line or ""), line
    assert line.endswith("; a list of 1 to 8 host names is allowed")


def test_a_profile_that_is_none_is_a_clear_line():
    none = 'devices[0].category: profile "eastron-sdm630" has no role energy_meters; it has none'
    place = "profiles/eastron-sdm630.json: "
    role = {"roles": {"energy_meters": {}}}
    for written, line in (
        ([], none),
        ({}, none),
        ({"roles": 7}, none),
        (role, place + "vendor: missing; 1 to 64 bytes of text are allowed"),
        (
            profile(energy_meters={}),
            place + "roles.energy_meters.power: missing; every role has a power",
        ),
    ):
        profiles = FILES["profile"]
        kept = profiles["eastron-sdm630"]
        profiles["eastron-sdm630"] = written
        got = complaint(config())
        profiles["eastron-sdm630"] = kept
        assert got == line


def test_each_part_of_a_profile_is_checked_in_words():
    def said(key, value):
        register = dict(POWER["power"])
        register[key] = value
        kept = FILES["profile"]["eastron-sdm630"]
        FILES["profile"]["eastron-sdm630"] = profile(energy_meters={"power": register})
        got = complaint(config())
        FILES["profile"]["eastron-sdm630"] = kept
        place = "profiles/eastron-sdm630.json: roles.energy_meters.power."
        assert got.startswith(place), got
        return got[len(place) :]

    allowed = '0 to 65535 is allowed, in hex like "0x1F40", too'
    assert said("address", 70000) == "address: 70000 is out of range; " + allowed
    assert said("address", "0x1F4G") == 'address: "0x1F4G" is not a whole number; ' + allowed
    assert said("address", "0x12345") == "address: 74565 is out of range; " + allowed
    assert said("offset", "1 V") == (
        'offset: "1 V" is no offset; a number like "-50", a blank and "W" or "kW" is allowed'
    )
    assert said("high", {"address": 5}) == (
        'type: "s16" has no high word; "u32" or "s32" is allowed'
    )
    assert said("label", "") == 'label: "" is empty; 1 to 80 bytes of text are allowed'
    assert said("address", 65535.0)[:12] == "address: 655"
    assert said("type", "u17").startswith('type: "u17" is not allowed; "u16", "s16", "m16"')
    assert said("adress", 1) == 'adress: unknown key; did you mean "address"?'
    assert said("scale", "1 kWh").startswith('scale: "1 kWh" is no scale; a number like "0.1"')
    assert said("invalid", ["0x80"]) == (
        'invalid[0]: "0x80"; "0x" and 4 digits, 0 to 9 and A to F, are needed'
    )
    assert said("factors", [{"address": 1}]) == (
        'factors[0].type: missing; "u16" or "s16" is allowed'
    )
    assert said("range", [3, 1]) == "range: begins at 3; the smaller number first"


def test_a_profile_that_extends_what_is_not_there_is_one_line():
    profiles = FILES["profile"]
    place = "profiles/mine.json: extends: "
    mine = {"model": "M", "source": ["S"], "extends": "mine"}
    meter = METER.replace("eastron-sdm630", "mine")
    for base, line in (
        ("mine", place + '"mine" extends itself by "mine"; a profile without "extends" is needed'),
        ("eastron-sdm63", place + 'no profile "eastron-sdm63"; did you mean "eastron-sdm630"?'),
        (5, place + "5 is not text in quotes; 1 to 64 bytes of text are allowed"),
        ("eastron-sdm630", None),
    ):
        profiles["mine"] = dict(mine, extends=base)
        got = complaint(config(meter))
        del profiles["mine"]
        assert got == line
    profiles["mine"] = dict(mine, extends="other")
    profiles["other"] = dict(mine, extends="mine")
    got = complaint(config(meter))
    assert got == (
        'profiles/other.json: extends: "mine" extends itself by "mine" or "other"; '
        'a profile without "extends" is needed'
    )
    # A slip in the base is named there.
    profiles["other"] = dict(profiles["eastron-sdm630"], vendor=5)
    assert complaint(config(meter)).startswith("profiles/other.json: vendor: 5 is not text")
    del profiles["mine"]
    del profiles["other"]


def choosing(name, **profiles):
    """A profile that chooses among these."""
    choice = {"function": 3, "address": "0x10", "type": "u16", "profiles": profiles}
    return dict(profile(energy_meters=POWER), model=name, choice=choice)


def test_a_profile_that_chooses_among_others_is_checked_with_them():
    files = FILES["profile"]
    place = "profiles/small.json: choice"
    meter = METER.replace("eastron-sdm630", "small")
    for choice, line in (
        ({"small": 5, "eastron-sdm": [7]}, '.profiles: no profile "eastron-sdm"; did you mean "eastron-sdm630"?'),
        ({"large": 5, "far": 7}, '.profiles: "small" is not among them; a profile chooses itself, too'),
        ({"small": 5}, ".profiles: 1 of them; 2 or more are needed"),
        ({"small": 5, "far": 70000}, ".profiles.far: 70000 is out of range; 0 to 65535 is allowed"),
        ({"small": 5, "deye-3p-hybrid": 7}, '.profiles: "deye-3p-hybrid" has other roles than this one; the same are needed'),
        ({"small": [[9, 5]], "far": 7}, ".profiles.small[0]: begins at 9; the smaller number first"),
    ):  # fmt: skip
        files["small"] = choosing("small", **choice)
        got = complaint(config(meter))
        del files["small"]
        assert got == place + line, got


def test_a_variant_is_one_of_those_that_the_profile_chooses_among():
    files = FILES["profile"]
    files["small"] = choosing("small", small=5, far=[7, [9, "0x10"]])
    meter = METER.replace("eastron-sdm630", "small")
    found = [
        complaint(with_(meter, '"unit": 1', '"unit": 1, "variant": "%s"' % name))
        for name in ("far", "fart")
    ]
    del files["small"]
    place = "devices[0].variant: "
    assert found == [None, place + 'no variant "fart"; did you mean "far"?']
    line = complaint(with_(METER, '"unit": 1', '"unit": 1, "variant": "far"'))
    assert line == place + 'profile "eastron-sdm630" has no variants'


def test_phase_is_for_meters_of_one_phase():
    line = (
        'devices[0].phase: 2 does not go with profile "eastron-sdm630"; '
        "it is for meters of one phase that measure volts"
    )
    assert complaint(with_(METER, '"unit": 1', '"unit": 1, "phase": 2')) == line
    assert complaint(with_(METER, '"unit": 1', '"unit": 1, "phase": 4')) == (
        "devices[0].phase: 4 is out of range; 1 to 3 is allowed"
    )


def test_polling_must_be_faster_than_readings_grow_stale():
    line = complaint(config(top='"bus": {"poll_interval_ms": 5000}, "freshness": {"limit_s": 5},'))
    assert line.startswith("bus.poll_interval_ms: 5000 lets every reading grow stale"), line
    assert complaint(config(top='"bus": {"poll_interval_ms": 0},')) is None


def test_time_zone_is_one_as_posix_writes_it():
    for zone in ("UTC0", "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "AEST-10AEDT,M10.1.0,M4.1.0/3"):
        assert complaint(config(top='"time": {"zone": "%s"},' % zone)) is None, zone
    line = 'time.zone: "Europe/Vienna" is no time zone as POSIX writes it; '
    line += 'one like "CET-1CEST,M3.5.0,M10.5.0/3" is allowed'
    assert complaint(config(top='"time": {"zone": "Europe/Vienna"},')) == line


def test_time_has_its_defaults_and_did_you_mean():
    found = read(config())["time"]
    assert found == {"server": None, "port": 123, "zone": "CET-1CEST,M3.5.0,M10.5.0/3"}
    line = 'time.sever: unknown key; did you mean "server"?'
    assert complaint(config(top='"time": {"sever": "10.0.0.1"},')) == line


def test_the_whole_file_is_judged_before_its_parts():
    assert (
        complaint("")
        == "config.json: not JSON: line 1, column 1: a value is missing: the file ends"
    )
    assert complaint("[]") == "config.json: is no object; an object { } is needed"
    assert (
        complaint('{\n "wifi": {"ssid": "a"}\n "devices": []}')
        == 'config.json: not JSON: line 3, column 2: "," or "}" is missing'
    )
    assert complaint(b"\xff\xfe{\0}\0").startswith("config.json: is no text in UTF-8")
    assert complaint(config() + " " * 8192) == "config.json: has more than 8192 bytes"
    assert complaint(config(top='"board": NaN,')).startswith(
        "config.json: not JSON: line 1, column 37: "
    )


def test_what_the_owner_wrote_cannot_break_the_line():
    line = complaint(config(top='"a\\nb\\u007f%s": 1,' % ("x" * 60)))
    assert line.startswith("a?b?xxx") and len(line) < 200
    line = complaint(with_(METER, "eastron-sdm630", "a\\nb" + "y" * 50))
    assert line.startswith('devices[0].profile: "a?by')


def test_suggestions_are_near_or_not_made():

    # distances by hand: one letter each, a swap of neighbours counts once
    for a, b, edits in (
        ("", "abc", 3),
        ("unit", "unit", 0),
        ("untis", "units", 1),
        ("baudrat", "baudrate", 1),
        ("kitten", "sitting", 3),
    ):
        assert messages.distance(a, b) == edits, (a, b)
    assert (
        messages.meant("Eastron-SDM630", ["eastron-sdm630", "eastron-sdm72"])
        == '; did you mean "eastron-sdm630"?'
    )
    assert messages.meant("zzz", ["eastron-sdm630", "unit"]) == ""
