# SPDX-License-Identifier: MIT
"""A stand-in for the ESP32 on this PC: real MicroPython, fake pins."""
