# SPDX-License-Identifier: MIT
"""Who may ask the bridge, and by which names: what http.allow and http.names of config.json come to."""

from planning.checks import network

# Private (RFC 1918), link-local (RFC 3927) and loopback.
_LOCAL = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8")
# What routers append to the name that a client tells them: RFC 6762 (mDNS), RFC 8375, and the makers' own.
_SUFFIXES = ("", ".local", ".lan", ".home.arpa", ".fritz.box")


def networks(allow):
    """[[address, mask], ...] of http.allow, or of its default (None)."""
    return [list(network(text)) for text in (_LOCAL if allow is None else allow)]


def names(hostname, others):
    """The host names of the page, in lower case; others: http.names, or None."""
    found = ["localhost"] + [hostname + suffix for suffix in _SUFFIXES] + list(others or ())
    return [name.lower() for name in found]
