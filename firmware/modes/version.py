# SPDX-License-Identifier: MIT
"""The version of this project: the one place."""

VERSION = "0.1.0"
