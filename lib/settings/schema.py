"""Every key of config.json, in one table; docs/config.md explains the same rows and a test compares them.

A row is (key, kind, default, allowed). A default of `...` means that the key must be written, None that it may be
left out, () that a section may be left out and then has all its defaults. What `allowed` holds depends on the kind:
smallest and largest for "whole" and "number", bytes for "text", the values of "one_of", the rows of a "section".
Everything is literal, so that MicroPython keeps one constant and no code for it.
"""

ROOT = (
    (
        "wifi",
        "section",
        ...,
        (
            ("ssid", "text", ..., (1, 32)),
            ("password", "password", "", (1, 64)),
            ("hostname", "label", "nrgkick-bridge", (1, 32)),
            (
                "ip",
                "section",
                None,
                (
                    ("address", "ip", ..., None),
                    ("netmask", "ip", "255.255.255.0", None),
                    ("gateway", "ip", ..., None),
                    ("dns", "ip", None, None),
                ),
            ),
        ),
    ),
    ("board", "text", "esp32-devkit-max3485", (1, 64)),
    (
        "http",
        "section",
        (),
        (
            ("host", "host", "0.0.0.0", None),
            ("port", "whole", 80, (1, 65535)),
        ),
    ),
    (
        "bus",
        "section",
        (),
        (
            (
                "baudrate",
                "one_of",
                9600,
                (1200, 2400, 4800, 9600, 14400, 19200, 38400, 57600, 115200),
            ),
            ("parity", "one_of", "none", ("none", "even", "odd")),
            ("stop_bits", "one_of", 1, (1, 2)),
            ("poll_interval_ms", "whole", 1000, (0, 5000)),
            ("tx", "whole", None, (0, 48)),
            ("rx", "whole", None, (0, 48)),
            ("de", "pin_or_null", None, (0, 48)),
        ),
    ),
    (
        "freshness",
        "section",
        (),
        (
            ("limit_s", "whole", 7, (1, 60)),
            ("when_stale", "one_of", "error", ("error", "omit", "hold")),
        ),
    ),
    ("load_power", "one_of", "computed", ("computed", "omit")),
    ("devices", "list", ..., None),
)

# What every device may have; "when_stale" left out is that of "freshness".
DEVICE = (
    ("category", "one_of", ..., ("inverters", "energy_meters", "batteries", "smart_loads")),
    ("when_stale", "one_of", None, ("error", "omit", "hold")),
)

# (source, what a device of this source has besides). "fixed" and "info" depend on the category.
SOURCES = (
    (
        "profile",
        (
            ("profile", "text", ..., (1, 64)),
            ("unit", "whole", ..., (1, 247)),
            ("invert", "yes_no", False, None),
            ("timeout_ms", "whole", None, (10, 5000)),
            ("pause_ms", "whole", None, (0, 2000)),
        ),
    ),
    (
        "clamp",
        (
            ("clamp", "text", ..., (1, 16)),
            ("model", "text", None, (1, 32)),
            ("amps_per_volt", "number", None, (0.1, 10000)),
            ("burden_ohm", "number", None, (0.1, 10000)),
            ("voltage", "number", 230, (50, 500)),
            ("power_factor", "number", 1, (0, 1)),
            ("noise_floor_ma", "whole", 0, (0, 10000)),
        ),
    ),
    ("fixed", (("invert", "yes_no", False, None),)),
)

# (category, most of them, what its device has besides, keys of "info", keys of "fixed")
CATEGORIES = (
    (
        "inverters",
        5,
        (("battery_connected", "yes_no", False, None),),
        (
            ("name", "text", None, (1, 64)),
            ("model", "text", None, (1, 64)),
            ("serial", "text", None, (1, 64)),
            ("max_dc_w", "whole", None, (0, 2147483647)),
            ("max_ac_w", "whole", None, (0, 2147483647)),
        ),
        (
            ("inv_power_ac_w", "whole", ..., (-2147483648, 2147483647)),
            ("pv_energy_day_wh", "whole", None, (0, 2147483647)),
            ("pv_energy_total_wh", "whole", None, (0, 2147483647)),
        ),
    ),
    (
        "energy_meters",
        5,
        (),
        (
            ("name", "text", None, (1, 64)),
            ("model", "text", None, (1, 64)),
            ("serial", "text", None, (1, 64)),
            ("location", "whole", None, (0, 5)),
        ),
        (("grid_power_w", "whole", ..., (-2147483648, 2147483647)),),
    ),
    (
        "batteries",
        1,
        (("mode", "whole", 0, (0, 255)),),
        (
            ("name", "text", None, (1, 64)),
            ("model", "text", None, (1, 64)),
            ("serial", "text", None, (1, 64)),
            ("capacity_wh", "whole", None, (0, 2147483647)),
        ),
        (
            ("bat_power_w", "whole", ..., (-2147483648, 2147483647)),
            ("soc", "number", None, (0, 100)),
            ("mode", "whole", None, (0, 255)),
        ),
    ),
    (
        "smart_loads",
        1,
        (("mode", "whole", None, (0, 255)),),
        (
            ("name", "text", None, (1, 64)),
            ("model", "text", None, (1, 64)),
            ("serial", "text", None, (1, 64)),
        ),
        (
            ("sl_power_w", "whole", ..., (-2147483648, 2147483647)),
            ("temp", "number", None, (-100, 1000)),
            ("mode", "whole", None, (0, 255)),
        ),
    ),
)
