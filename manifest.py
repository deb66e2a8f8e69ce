# SPDX-License-Identifier: MIT
"""For those who build a MicroPython image of their own with the bridge frozen in:

    make -C ports/esp32 BOARD=ESP32_GENERIC FROZEN_MANIFEST=/path/to/nrgkick-bridge/manifest.py

Frozen code runs from flash and leaves its heap to the bridge. boot.py, main.py, config.json and all data (boards/, clamp_models.json and
profiles.pack of lib/planning, firmware/*.html.gz, firmware/metrics.txt) still lie in the file system; a slot without code of its own runs
the frozen code.
"""

# What is called here is provided by MicroPython's tools/makemanifest.py.
include("$(PORT_DIR)/boards/manifest.py")
package("firmware", base_path=".", opt=3)
for name in (
    "clamp",
    "daytime",
    "httpd",
    "loading",
    "meters",
    "modbus",
    "planning",
    "portal",
    "recognition",
    "values",
):
    package(name, base_path="lib", opt=3)
for name in ("const", "ticks"):
    module(name + ".py", base_path="lib", opt=3)
