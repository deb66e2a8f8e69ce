# SPDX-License-Identifier: MIT
"""A TCP port that is free, and stays so: below the range from which the system takes ports for clients."""

import random
import socket

_FIRST, _LAST = 10000, 29999
_TRIES = 100


def free_port():
    for port in random.sample(range(_FIRST, _LAST + 1), _TRIES):
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue
    raise OSError(f"no free port among {_TRIES} tried between {_FIRST} and {_LAST}")
