# SPDX-License-Identifier: MIT
"""What a phone needs to open a page by itself in a network without internet: every name leads to us, and every foreign host is sent here."""
