# SPDX-License-Identifier: MIT
"""The public name of the virtual board: `python -m host_tools.virtual_board`."""

import sys

from host_tools.simulate.virtual_board.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
