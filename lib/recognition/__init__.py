# SPDX-License-Identifier: MIT
"""Which profile a unit on the line has; begin at recogniser.py."""

# Before the modules here, whose imports would nest too deep for MicroPython's stack otherwise.
from planning import profile  # noqa: F401
