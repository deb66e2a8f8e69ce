# SPDX-License-Identifier: MIT
"""The command-line options that everything which starts a site has in common."""

import argparse
import json
from pathlib import Path

from host_tools.paths import ROOT
from host_tools.simulate.site.devices import SiteError
from host_tools.simulate.site.faults import KINDS, Fault
from host_tools.simulate.site.simulation import Site

_EXAMPLE = ROOT / "config.example.json"


def add(parser):
    parser.add_argument("--config", type=Path, default=_EXAMPLE, help="config.json of the bridge")
    parser.add_argument("--speed", type=float, default=1, help="site seconds a second")
    parser.add_argument("--hour", type=float, help="time of day at the start, such as 13.5")
    parser.add_argument("--seed", type=int, help="which clouds and appliances")
    parser.add_argument(
        "--fault",
        type=_unit_and_kind,
        action="append",
        default=[],
        metavar="UNIT=KIND",
        help="let a meter misbehave: " + "; ".join(f"{k}: {v}" for k, v in KINDS.items()),
    )


def site(arguments):
    """The Site that was asked for; SiteError says in one sentence why there is none."""
    try:
        config = json.loads(arguments.config.read_text(encoding="utf-8"))
    except OSError as error:
        raise SiteError(f"{arguments.config} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise SiteError(f"{arguments.config} is no JSON: {error}") from error
    given = {name: getattr(arguments, name) for name in ("hour", "seed")}
    given = {name: value for name, value in given.items() if value is not None}
    made = Site(config, arguments.speed, **given)
    for unit, kind in arguments.fault:
        if unit not in made.meters.by_unit:
            raise SiteError(f"--fault: no meter has unit {unit}")
        made.fault(unit, Fault(kind))
    return made


def _unit_and_kind(text):
    unit, _, kind = text.partition("=")
    if not unit.isdecimal() or kind not in KINDS:
        raise argparse.ArgumentTypeError(f"{text!r} is not UNIT=KIND, such as 1=silent")
    return int(unit), kind
