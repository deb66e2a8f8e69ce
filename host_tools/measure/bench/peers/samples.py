# SPDX-License-Identifier: MIT
"""What the peers serve, the samples of DiniTech's document, and how they report."""

import gc
import sys

from maker_samples import INFO as DEVICE_INFO  # noqa: F401  (in host_tests/portable)
from maker_samples import VALUES as DEVICE_VALUES  # noqa: F401


def requests():
    """PORT and REQUESTS of the command line; no REQUESTS: for ever."""
    gc.collect()
    if len(sys.argv) > 3:  # count what is allocated
        gc.disable()
    return int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else -1


def finish():
    """All requests were answered: say what the heap holds, and go."""
    print("heap", gc.mem_alloc())
    sys.exit()
