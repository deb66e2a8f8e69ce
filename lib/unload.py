# SPDX-License-Identifier: MIT
"""Modules that are needed for a while: code lies on the heap."""

import sys


def unload(*names):
    """Drop modules, and those in a package of that name; what they made stays. The heap is free after the next collection."""
    for name in list(sys.modules):
        for dropped in names:
            if name == dropped or name.startswith(dropped + "."):
                del sys.modules[name]
                package, _, module = name.rpartition(".")
                if package in sys.modules:
                    delattr(sys.modules[package], module)
