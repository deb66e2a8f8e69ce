# SPDX-License-Identifier: MIT
"""CT clamps on ADC pins: unsigned amps and apparent watts, with how well they are known.

rms: one mains cycle of samples and its figures · mains: the line frequency · reading: one clamp
part: all clamps of the board in turn · models: what a clamp is, from models.json
Method, accuracy and wiring: docs/clamp.md
"""
