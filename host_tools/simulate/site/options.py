# SPDX-License-Identifier: MIT
"""The command-line options that everything which starts a site has in common."""

import argparse
import json
import re
from pathlib import Path

from host_tools.owner import check
from host_tools.owner.arguments import Parser, number
from host_tools.paths import ROOT
from host_tools.simulate.site import orders
from host_tools.simulate.site.devices import SiteError
from host_tools.simulate.site.simulation import Site

_EXAMPLE = ROOT / "config.example.json"


def parser(prog, description):
    """With the options of a site; its --help lists all faults."""
    made = Parser(
        prog=prog,
        description=description,
        epilog="\n".join(orders.words()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--config", type=Path, default=_EXAMPLE, help="config.json of the bridge")
    made.add_argument("--speed", type=_speed, default=1, help="site seconds a second")
    made.add_argument("--hour", type=_hour, help="the site's time at the start: 13.5 or 13:30")
    made.add_argument("--seed", type=number(0, 2**31), help="which clouds and appliances")
    made.add_argument(
        "--fault",
        type=_faults,
        action="extend",
        default=[],
        metavar="FAULT",
        help="what goes wrong, such as 1:silent; several with blanks between them",
    )
    return made


def site(arguments):
    """The Site that was asked for; SiteError says in one sentence why there is none."""
    path = arguments.config
    try:
        _, files, _ = check.check(path)
        config = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SiteError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:  # as make check says it
        raise SiteError(str(error)) from error
    given = {name: getattr(arguments, name) for name in ("hour", "seed")}
    given = {name: value for name, value in given.items() if value is not None}
    made = Site(config, arguments.speed, profile_of=files.profile, **given)
    for unit, name in arguments.fault:
        orders.give(made, unit, name)
    return made


def _faults(text):
    try:
        return orders.parsed(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _hour(text):
    found = re.fullmatch(r"(\d{1,2})(?::([0-5]\d)|(\.\d+))?", text)
    hour = int(found[1]) + int(found[2] or 0) / 60 + float(found[3] or 0) if found else 24
    if hour >= 24:
        raise argparse.ArgumentTypeError(f"{text!r} is no time of day; 13.5 or 13:30 would be one")
    return hour


def _speed(text):
    try:
        speed = float(text)
    except ValueError:
        speed = 0
    if not 0 < speed <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed; more than 0 to 3600 is")
    return speed
