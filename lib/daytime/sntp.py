# SPDX-License-Identifier: MIT
"""The message of SNTP version 4 (RFC 4330, section 4), as a client asks with it and believes it."""

_EPOCH_S = 3913056000  # 2024-01-01, in seconds since 1900
KISS = -1


def request(stamp):
    """stamp: 8 random bytes, which only the answer to this request can echo."""
    return b"\x23" + bytes(39) + stamp  # version 4, client


def seconds(reply, asked):
    """Seconds since 2024-01-01 UTC. None: no answer to what was asked, or none to believe; KISS: asks us to stay away."""
    if len(reply) < 48 or reply[0] & 7 != 4 or reply[24:32] != asked[40:]:
        return None
    if reply[1] == 0:
        return KISS
    if reply[0] >> 6 == 3 or reply[1] > 15:
        return None  # the server itself does not know the time
    # Modulo 2**32, so the counter's start over in 2036 makes no difference.
    since_s = (int.from_bytes(reply[40:44], "big") - _EPOCH_S) & 0xFFFFFFFF
    return since_s if since_s < 1 << 30 else None
