# SPDX-License-Identifier: MIT
"""Who answers on a line, and which profile he has: finding.py, naming.py, recogniser.py."""
