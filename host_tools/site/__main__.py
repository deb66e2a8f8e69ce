"""Only the site: its meters on a pseudo terminal, for mbpoll, a real bridge or any other master."""

import argparse
import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path

from host_tools.site.devices import SiteError
from host_tools.site.faults import KINDS, Fault
from host_tools.site.simulation import Site


def main():
    arguments = _arguments()
    try:
        config = json.loads(Path(arguments.config).read_text(encoding="utf-8"))
        site = Site(config, arguments.speed, arguments.hour, arguments.seed)
    except (OSError, ValueError, SiteError) as error:
        sys.exit(f"site: {arguments.config}: {error}")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with site, _link(site.bridge_tty, arguments.uart_link) as path:
        for unit, kind in arguments.fault:
            site.fault(unit, Fault(kind))
        units = ", ".join(f"{m.unit} {m.profile}" for m in site.meters.by_unit.values())
        print(f"ready {path}  (units: {units})", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                time.sleep(1)


def _arguments():
    parser = argparse.ArgumentParser(prog="python -m host_tools.site", description=__doc__)
    parser.add_argument("--config", default="config.example.json")
    parser.add_argument("--uart-link", metavar="PATH", help="make PATH a link to the serial port")
    parser.add_argument("--speed", type=float, default=1, help="site seconds a second")
    parser.add_argument("--hour", type=float, default=10, help="time of day at the start")
    parser.add_argument("--seed", type=int, default=1, help="which clouds and appliances")
    parser.add_argument(
        "--fault",
        type=_unit_and_kind,
        action="append",
        default=[],
        metavar="UNIT=KIND",
        help="let a unit misbehave: " + ", ".join(KINDS),
    )
    return parser.parse_args()


def _unit_and_kind(text):
    unit, _, kind = text.partition("=")
    if kind not in KINDS:
        raise ValueError(text)
    return int(unit), kind


@contextlib.contextmanager
def _link(tty, path):
    """A stable name for the pseudo terminal while the site runs."""
    if not path:
        yield tty
        return
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    os.symlink(tty, path)
    try:
        yield path
    finally:
        os.unlink(path)


if __name__ == "__main__":
    main()
