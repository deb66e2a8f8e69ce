# SPDX-License-Identifier: MIT
"""The simulated site: sun, house, battery, heating rod and grid, measured by Modbus meters.

with Site(config) as site:
    site.bridge_tty      # what a bridge opens as its RS485 port
    site.truth()         # what is so now, as floats
    site.expected()      # the same as values.json must say it
    site.fault(1, Fault("silent"))
"""

from host_tools.simulate.site.devices import SiteError
from host_tools.simulate.site.faults import Fault
from host_tools.simulate.site.line import Line
from host_tools.simulate.site.physics import Physics, Plant, Truth
from host_tools.simulate.site.simulation import Site

__all__ = ["Fault", "Line", "Physics", "Plant", "Site", "SiteError", "Truth"]
