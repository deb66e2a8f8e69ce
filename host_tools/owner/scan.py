# SPDX-License-Identifier: MIT
"""`make scan PORT=...`: look for meters on an RS485 line.

PORT is an RS485 adapter on this PC, with nothing else that asks on the line. First which setting and which unit
answers at all, then which profile fits what it says, and at the end what to write into config.json.
"""

import argparse
import contextlib
import json
import sys
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.prompt import Confirm

from host_tools.owner import board_console, check, scan_report
from host_tools.owner.arguments import Parser, number
from host_tools.owner.finding import Asker, Finder, Pair, drive
from host_tools.owner.line import READ_HOLDING, READ_INPUT, Adapter
from host_tools.owner.remote import RemoteError
from host_tools.paths import PROFILES, ROOT
from recognition import recogniser, search

IDENTITIES = ROOT / "lib" / "planning" / "identities.json"
_FOREIGN = "another device asks on this line, which allows one master only: it disturbs the scan and would disturb the bridge"
_PARITIES = ("none", "even", "odd")
_BOTH = (READ_INPUT, READ_HOLDING)
_SWEPT_SETTINGS = 3

_NOBODY = (
    "nobody answers on {}: are A and B the right way round, does the meter have power, is anything else asking on the line "
    "(a Wi-Fi stick of the inverter, another bridge)? {}"
)
_ALL = "ARGS=--all-units asks every address"
_ADAPTER = "Only harmless questions were asked, in case this is a board's console; if it is an RS485 adapter: ARGS=--adapter"
_QUESTION = (
    "Nobody has answered the questions that do no harm to a board's console. The next ones would stop a bridge there. "
    "Is {} an RS485 adapter?"
)


def main(argv: list[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        with Adapter(arguments.port) as port:
            return _scan(port, arguments, console)
    except RemoteError as error:
        print(f"scan: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("scan: stopped", file=sys.stderr)
        return 130


def _parser():
    parser = Parser(
        prog="python -m host_tools.owner.scan",
        description="Look for meters on an RS485 line.",
        epilog="A meter as it is delivered is found within 10 s; all likely settings take a minute.",
    )
    parser.add_argument("--port", required=True, help="an RS485 adapter: /dev/ttyUSB0, COM3")
    parser.add_argument("--baudrate", type=number(300, 1000000), help="only this one")
    parser.add_argument("--parity", choices=_PARITIES, help="only this one")
    parser.add_argument("--stop-bits", type=int, choices=(1, 2), help="only so many")
    parser.add_argument("--unit", type=number(1, 255), help="only this one, 1 to 255")
    parser.add_argument(
        "--all-units", action="store_true", help="ask 1 to 247, not only the usual ones"
    )
    parser.add_argument(
        "--adapter", action="store_true", help="PORT is an RS485 adapter for certain: do not ask"
    )
    return parser


def _scan(port, arguments, console):
    profiles = load_profiles()
    serials = [profile.get("serial", {}) for profile in profiles.values()]
    if not arguments.adapter:
        board_console.check(port, arguments.port)
    with _progress(console) as shown:
        finder = Finder(port, arguments.port, arguments.adapter, shown.show)
        found = find(
            finder, *pairs(arguments, serials, port.fixed), lambda: _may(shown, arguments)
        )
        if found is None and finder.foreign:
            raise RemoteError(f"{arguments.port}: {_FOREIGN}")
        if found is None:
            raise RemoteError(_NOBODY.format(arguments.port, _ALL if finder.proven else _ADAPTER))
        setting, unit = found
        units = [unit]
        if not arguments.unit:
            asked = search.ALL_UNITS if arguments.all_units else search.units_first(serials)
            units = sorted({unit, *finder.units(setting, asked)})
        named = {one: _recognise(finder, setting, one, profiles, shown) for one in units}
    if finder.foreign:
        console.print(f"warning: {_FOREIGN}")
    return scan_report.report(setting, named, profiles, console)


def pairs(
    arguments: argparse.Namespace, serials: Any, fixed: bool
) -> tuple[list[Pair], list[Pair]]:
    """(as delivered, others) of what is to be tried."""
    delivered, others = search.tries(serials)
    wanted = (arguments.baudrate, arguments.parity, arguments.stop_bits)
    settings = [
        setting
        for setting in dict.fromkeys(setting for setting, _ in delivered + others)
        if all(want in (None, has) for want, has in zip(wanted, setting, strict=True))
    ]
    if not settings:
        parities = [arguments.parity] if arguments.parity else _PARITIES
        settings = [
            (arguments.baudrate or 9600, one, arguments.stop_bits or 1) for one in parities
        ]
    if fixed:
        settings = settings[:1]
    if arguments.unit:
        return [(setting, arguments.unit) for setting in settings], []
    delivered = [pair for pair in delivered if pair[0] in settings]
    others = [pair for pair in others if pair[0] in settings]
    others = others or [(setting, unit) for setting in settings for unit in search.UNITS]
    if arguments.all_units:
        swept = [
            (setting, unit) for setting in settings[:_SWEPT_SETTINGS] for unit in search.ALL_UNITS
        ]
        others += [pair for pair in swept if pair not in others and pair not in delivered]
    return delivered, others


def find(
    finder: Finder, delivered: list[Pair], others: list[Pair], may_ask: Callable[[], bool]
) -> Pair | None:
    """Where a unit answers: harmless questions first, all others only if may_ask() says so."""
    found = finder.first(delivered, (READ_INPUT,))
    if found:
        return found
    if not finder.proven and not may_ask():
        return finder.first(others, (READ_INPUT,))
    functions = (READ_HOLDING,) if finder.proven else _BOTH
    finder.proven = True
    return finder.first(delivered, functions) or finder.first(others, _BOTH)


def _may(shown, arguments):
    if not sys.stdin.isatty():
        return False
    with shown.paused() as console:
        return Confirm.ask(_QUESTION.format(arguments.port), console=console, default=False)


def _recognise(finder, setting, unit, profiles, shown):
    """(confidence, [Candidate, ...])"""
    ask = Asker(finder.line(setting), unit, finder.slow)
    identities = json.loads(IDENTITIES.read_text("utf-8"))
    return drive(
        recogniser.recognise(
            list(profiles),
            profiles.get,
            identities,
            lambda done, count: shown.show(f"unit {unit}: which model?", done, count),
        ),
        ask,
    )


def load_profiles() -> dict[str, dict]:
    """{name: profile with all that it extends}"""
    files = check.Files(PROFILES)
    return {path.stem: files.profile(path.stem) for path in sorted(PROFILES.glob("*.json"))}


class _Shown:
    """One bar for whatever is under way; nothing where stderr is no terminal."""

    def __init__(self, progress):
        self._progress = progress
        self._task = progress.add_task("", total=None)

    def show(self, words: str, done: int, count: int) -> None:
        self._progress.update(self._task, description=words, completed=done, total=count)

    @contextlib.contextmanager
    def paused(self):
        self._progress.stop()
        yield self._progress.console
        self._progress.start()


@contextlib.contextmanager
def _progress(console):
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        yield _Shown(progress)


if __name__ == "__main__":
    sys.exit(main())
