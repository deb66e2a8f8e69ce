# SPDX-License-Identifier: MIT
"""`make read PORT=... PROFILE=... UNIT=...`: what a meter says now, register by register; what one needs to check a
profile.

`--raw ADDRESS COUNT` shows registers without a profile, read in every way: what one needs to write one.
"""

import argparse
import difflib
import sys
from pathlib import Path
from time import sleep as _pause

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from host_tools.owner import board_console, read_tables
from host_tools.owner.arguments import Parser, number
from host_tools.owner.finding import Asker, drive
from host_tools.owner.line import Adapter, Line, setting_words
from host_tools.owner.remote import RemoteError
from host_tools.paths import PROFILES
from planning import profile_file, profile_format, strict_json
from planning.checks import SettingsError
from recognition.unit import Unit

_PARITIES = ("none", "even", "odd")
_INTERVAL_S = 1
_MOST = 125  # registers in one read (Modbus Application Protocol V1.1b3, 6.3)
_EXCEPTIONS = {
    1: "it does not know this function",
    2: "it has no such register, or not so many in one read",
    3: "it does not take such a read",
    4: "it failed",
    6: "it is busy",
}


def main(argv: list[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    try:
        profile = None if arguments.raw else load(arguments.profile)
        with Adapter(arguments.port) as port:
            if not arguments.adapter:
                board_console.check(port, arguments.port)
            return _show(port, arguments, profile)
    except (RemoteError, SettingsError) as error:
        print(f"read: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


def _parser():
    parser = Parser(
        prog="python -m host_tools.owner.read",
        description="What a meter on an RS485 line says now.",
    )
    parser.add_argument("--port", required=True, help="an RS485 adapter: /dev/ttyUSB0, COM3")
    parser.add_argument("--unit", required=True, type=number(1, 255), help="1 to 255")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--profile", help="a name of docs/profiles.md, or a file of your own")
    what.add_argument(
        "--raw",
        nargs=2,
        metavar=("ADDRESS", "COUNT"),
        type=number(0, 65535),
        help="registers as they are, from ADDRESS (52, 0x34) on",
    )
    parser.add_argument("--function", type=int, choices=(3, 4), default=3, help="of --raw (3)")
    parser.add_argument(
        "--baudrate", type=number(300, 1000000), help="else the profile's, or 9600"
    )
    parser.add_argument("--parity", choices=_PARITIES, help="else the profile's, or none")
    parser.add_argument("--stop-bits", type=int, choices=(1, 2), help="else the profile's, or 1")
    parser.add_argument("--once", action="store_true", help="once, not every second")
    parser.add_argument(
        "--adapter", action="store_true", help="PORT is an RS485 adapter for certain"
    )
    return parser


def load(name: str) -> dict:
    """A profile of ours by its name, or an owner's by its path; raises RemoteError or SettingsError."""
    path = PROFILES / f"{name}.json"
    if not path.exists():
        path = Path(name)
    if not path.is_file():
        near = difflib.get_close_matches(
            name.lower(), [one.stem for one in PROFILES.glob("*.json")]
        )
        hint = f"; did you mean {' or '.join(near)}?" if near else "; docs/profiles.md lists them"
        raise RemoteError(f"there is no profile and no file {name}{hint}")

    def read(kind, one):
        """What it extends lies beside it, or is ours."""
        places = (path.with_name(f"{one}.json"), PROFILES / f"{one}.json")
        found = [place for place in places if place.is_file()]
        return strict_json.loads(found[0].read_bytes()) if found else None

    try:
        profile = profile_file.completed(
            path.stem, read, lambda kind: [one.stem for one in PROFILES.glob("*.json")]
        )
    except profile_format.SettingsError:
        raise
    except (ValueError, OSError) as error:
        raise RemoteError(f"{path}: {error}") from None
    profile_format.check(profile, path.stem)
    return profile


def setting(arguments: argparse.Namespace, profile: dict | None) -> tuple[int, str, int]:
    """What is asked for, else what the profile knows of new devices, else 9600 8N1."""
    known = (profile or {}).get("serial", {})
    return (
        arguments.baudrate or known.get("baudrate", 9600),
        arguments.parity or known.get("parity", "none"),
        arguments.stop_bits or known.get("stop_bits", 1),
    )


def _show(port, arguments, profile) -> int:
    chosen = setting(arguments, profile)
    line = Line(port, chosen)
    if not line.usable:
        raise RemoteError(f"{arguments.port} does not take {setting_words(chosen)}")
    view = _Raw(line, arguments) if arguments.raw else _Values(line, arguments, profile)
    console = Console(highlight=False)
    picture = view.read()
    if arguments.once or not console.is_terminal:
        console.print(picture)
        return 0
    with Live(picture, console=console, auto_refresh=False) as live:
        while True:
            _pause(_INTERVAL_S)
            try:
                picture = view.read()
            except UnitError as error:  # it may come back
                picture = Text(str(error), "red")
            live.update(picture, refresh=True)


class UnitError(RemoteError):
    """The unit does not give what it is asked for."""


class _View:
    """What one unit says, as a picture for each time that it is read."""

    def __init__(self, line, arguments):
        self._unit = arguments.unit
        self._port = arguments.port
        self._setting = setting_words(line.setting)
        self._ask = Asker(line, arguments.unit)

    def _check_answered(self):
        counted = self._ask.outcomes
        if not counted.get("good") and not counted.get("exception"):
            raise UnitError(
                f"unit {self._unit} gives no good answer at {self._setting} ({self._counted()}); "
                f"make scan PORT={self._port} searches for it"
            )

    def _counted(self):
        return ", ".join(f"{name} {count}" for name, count in self._ask.outcomes.items())


class _Values(_View):
    """All quantities of a profile."""

    def __init__(self, line, arguments, profile):
        super().__init__(line, arguments)
        self._profile = profile
        self._heading = f"{profile['vendor']} {profile['model']}, unit {arguments.unit}"
        self._registers = Unit()

    def read(self):
        self._ask.outcomes.clear()
        self._registers.forget()
        if "sunspec" in self._profile and not self._registers.models:
            self._find_models()
        table = drive(
            read_tables.profile_values(self._registers, self._profile, self._heading), self._ask
        )
        self._check_answered()
        return Group(table, Text(self._counted(), "dim"))

    def _find_models(self):
        drive(self._registers.find_models(), self._ask)
        self._check_answered()
        if not self._registers.models:
            raise UnitError(
                f"unit {self._unit} answers, but has no SunSpec marker at 40000, 50000 or 0"
            )


class _Raw(_View):
    """Registers as they are."""

    def __init__(self, line, arguments):
        super().__init__(line, arguments)
        self._function = arguments.function
        self._address, self._count = arguments.raw
        if not 1 <= self._count <= _MOST or self._address + self._count > 65536:
            allowed = f"1 to {_MOST} registers up to 65535 are allowed"
            raise RemoteError(f"--raw {self._address} {self._count}: {allowed}")

    def read(self):
        self._ask.outcomes.clear()
        words = self._ask(self._function, self._address, self._count)
        self._check_answered()
        if isinstance(words, int):
            why = _EXCEPTIONS.get(words, "see its manual")
            raise UnitError(f"unit {self._unit} answers with exception {words}: {why}")
        heading = f"unit {self._unit}, function {self._function}"
        return read_tables.raw(words, self._address, heading)


if __name__ == "__main__":
    sys.exit(main())
