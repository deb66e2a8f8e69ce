# SPDX-License-Identifier: MIT
"""HTTP to a bridge: it is in the own network, whatever proxy the environment names for the world outside."""

import urllib.request

urlopen = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
