# SPDX-License-Identifier: MIT
"""`make flash PORT=... [BOARD=...] [FIRMWARE=...]`: put MicroPython on a board.

The firmware file is one from micropython.org, given or found in the working folder. What it is for and which version
it holds is read from the file itself, so that a wrong or damaged one is refused before anything is erased. From an
image of the classic ESP32 the memory for Bluetooth is released (bluetooth_memory.py). docs/flashing.md is the page.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from host_tools.build import boards
from host_tools.owner import bluetooth_memory, firmware_files, firmware_image
from host_tools.owner.arguments import Parser
from host_tools.owner.bluetooth_memory import NotReleased
from host_tools.owner.esptool_process import Connection, Run, esptool, last_words, recognise
from host_tools.owner.firmware_files import Firmware, FlashError
from host_tools.owner.firmware_image import Chip, ImageError, Partition
from host_tools.owner.remote import RemoteError, check_port

_FILE_SYSTEMS = ("vfs", "ffat")  # the labels that MicroPython looks for


def main(argv: list[str] | None = None, run: Run = esptool) -> int:
    """The exit status."""
    arguments = _parser().parse_args(argv)
    try:
        board = _board(arguments.board)
        given = firmware_files.firmware(arguments.firmware) if arguments.firmware else None
        check_port(arguments.port)
        _flash(arguments, board, given, run)
    except (FlashError, RemoteError) as error:
        print(f"flash: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("flash: stopped; the board may be without a program now", file=sys.stderr)
        return 130
    if arguments.keep_files:
        print("MicroPython is on the board; its files and settings are as before")
    else:
        print("MicroPython is on the board; next: make deploy")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m host_tools.owner.flash", description="Put MicroPython on a board."
    )
    parser.add_argument("--port", required=True, help="/dev/ttyUSB0, COM3, socket://host:port")
    parser.add_argument("--board", metavar="NAME", help="one of boards/; else any with this chip")
    parser.add_argument(
        "--firmware", type=Path, metavar="FILE", help="a .bin; else the newest fitting one here"
    )
    parser.add_argument(
        "--bluetooth",
        choices=("release", "keep"),
        default="release",
        help="keep: leave its memory reserved (classic ESP32)",
    )
    parser.add_argument(
        "--keep-files", action="store_true", help="write the application only, erase no files"
    )
    return parser


def _board(name: str | None) -> boards.Board | None:
    board = boards.load(name) if name else None
    if name and not board:
        raise FlashError(f"there is no board {name}; there are {', '.join(boards.names())}")
    return board


def _flash(
    arguments: argparse.Namespace, board: boards.Board | None, given: Firmware | None, run: Run
) -> None:
    chip, build = recognise(*run(["--port", arguments.port, "flash-id"], False))
    if board:
        build = _build_of(board, chip)
    chosen = given or firmware_files.find(Path.cwd(), chip, build)
    _check_fits(chosen, chip, build)
    print(f"{chip.name}: {chosen.path.name}, MicroPython {firmware_files.dotted(chosen.version)}")
    data = _released(chosen) if arguments.bluetooth == "release" else chosen.data
    with tempfile.TemporaryDirectory() as folder:
        application = Path(folder, "application.bin")
        application.write_bytes(data[chosen.application.start : chosen.application.end])
        _check_application(application, chosen, run)
        connection = Connection(run, arguments.port, chip)
        if arguments.keep_files:
            _check_partitions(chosen, connection.read_partitions(Path(folder, "table.bin")))
            connection.write(chosen.application.partition.flash_offset, application)
        else:
            whole = Path(folder, "firmware.bin")
            whole.write_bytes(data)
            connection.ask("erase-flash")
            connection.write(chip.bootloader_at, whole)


def _build_of(board: boards.Board, chip: Chip) -> str:
    if board["chip"] != chip.option:
        raise FlashError(
            f"{board['name']} has an {board['chip']}; the board at this port is {chip.name}"
        )
    return str(board["firmware"])


def _check_fits(chosen: Firmware, chip: Chip, build: str) -> None:
    if chosen.chip != chip:
        raise FlashError(f"{chosen.path.name} is for {chosen.chip.name}; the board is {chip.name}")
    if chosen.build not in (build, None):
        print(f"warning: {chosen.path.name} is {chosen.build}; for this board {build} is right")
    if chosen.version[:2] < firmware_files.RECOMMENDED:
        wanted = firmware_files.dotted(firmware_files.RECOMMENDED)
        print(f"warning: MicroPython {wanted} or newer is recommended")


def _released(chosen: Firmware) -> bytes:
    """The bytes to write. What cannot be changed safely is flashed as it is."""
    if chosen.chip != firmware_image.ESP32:
        return chosen.data
    try:
        data = bluetooth_memory.release(chosen.data, chosen.application)
    except NotReleased as error:
        print(
            f"note: {chosen.path.name} {error}, so it is flashed unchanged: "
            "its memory for Bluetooth stays reserved"
        )
        return chosen.data
    print(
        f"{bluetooth_memory.RELEASED_BYTES:,} bytes that it reserves for Bluetooth are released "
        "(BLUETOOTH=keep leaves them reserved)"
    )
    return data


def _check_application(path: Path, chosen: Firmware, run: Run) -> None:
    """Nothing is written that esptool finds damaged, whoever damaged it."""
    status, said = run(["--chip", chosen.chip.option, "image-info", str(path)], False)
    checks = 2 if chosen.application.hash_at else 1
    if status or said.count("(valid)") != checks or "(invalid" in said:
        raise FlashError(
            f"esptool finds the application of {chosen.path.name} damaged: {last_words(said)} "
            "(nothing was changed on the board)"
        )


def _check_partitions(chosen: Firmware, table: bytes) -> None:
    """Only where the board's partitions are the image's does writing the application leave the files alone."""
    try:
        held = firmware_image.partitions(table)
    except ImageError as error:
        raise FlashError(f"the board {error}; flash it without --keep-files") from None
    reason = difference(held, firmware_image.file_partitions(chosen.data))
    if reason:
        raise FlashError(
            f"the board's partition table is not that of {chosen.path.name}: {reason}. Nothing was "
            "changed; flash without --keep-files, which erases all files, then make deploy"
        )


def difference(held: tuple[Partition, ...], wanted: tuple[Partition, ...]) -> str | None:
    """Why an application cannot be exchanged alone, or None. held: on the board; wanted: in the file.

    The board may name its file system and the file not: since 1.26 MicroPython's table leaves it out, and MicroPython
    takes the same place for it.
    """
    if len(firmware_image.applications(held)) != 1:
        return "it has more than one place for an application"
    for partition in wanted:
        if partition not in held:
            return f"no {partition.label} at 0x{partition.flash_offset:X} of its size"
    for partition in held:
        if partition not in wanted and partition.label not in _FILE_SYSTEMS:
            return f"it has {partition.label} as well"
    return None


if __name__ == "__main__":
    sys.exit(main())
