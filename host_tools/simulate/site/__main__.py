# SPDX-License-Identifier: MIT
"""Only the site: its meters on a pseudo terminal, for mbpoll, a real bridge or any other master."""

import contextlib
import os
import signal
import sys
import threading

from host_tools.simulate.site import SiteError, options


def main():
    parser = options.parser("python -m host_tools.simulate.site", __doc__)
    parser.add_argument("--uart-link", metavar="PATH", help="make PATH a link to the serial port")
    arguments = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        site = options.site(arguments)
    except SiteError as error:
        sys.exit(f"site: {error}")
    with site, _link(site.bridge_tty, arguments.uart_link) as path:
        units = ", ".join(f"{m.unit} {m.profile}" for m in site.meters.by_unit.values())
        print(f"ready {path}  (units: {units})", flush=True)
        ended.wait()


@contextlib.contextmanager
def _link(tty, path):
    """A stable name for the pseudo terminal while the site runs."""
    if not path:
        yield tty
        return
    if os.path.islink(path):
        os.unlink(path)
    os.symlink(tty, path)
    try:
        yield path
    finally:
        os.unlink(path)


if __name__ == "__main__":
    main()
