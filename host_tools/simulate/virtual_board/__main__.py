# SPDX-License-Identifier: MIT
"""Runs the firmware on this PC: `python -m host_tools.virtual_board --config FILE --uart DEVICE`."""

import argparse
import signal
import sys
import tempfile

from host_tools.build import image, interpreter
from host_tools.simulate.free_port import free_port
from host_tools.simulate.virtual_board import board, chips, waveform
from host_tools.simulate.virtual_board.console import Console, Probe
from host_tools.simulate.virtual_board.serial_port import SerialPort

# Exit statuses.
FAILED = 1
REFUSED = 2
STARVED = 3

EPILOG = f"""\
{waveform.HELP}

Exit status: 0 ended by SIGTERM or Ctrl-C, {FAILED} the firmware crashed or ended, {REFUSED} it refused its
config.json, {STARVED} its watchdog was not fed."""

_LOOK_S = 0.05  # between two looks at waveforms and the server


class Ended(Exception):
    """SIGTERM or SIGINT."""


def main(argv=None):
    arguments = _parser().parse_args(argv)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    try:
        with tempfile.TemporaryDirectory(prefix="virtual-board-") as folder:
            return _run(arguments, folder)
    except Ended:
        return 0
    except (board.BoardError, image.ImageError, interpreter.InterpreterError) as error:
        print(f"virtual board: {error}", file=sys.stderr)
        return FAILED


def _end(number, frame):
    # Once: a second signal must not cut the clean-up short.
    signal.signal(number, signal.SIG_IGN)
    raise Ended


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m host_tools.virtual_board",
        description="The firmware, on this PC instead of an ESP32.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    content = parser.add_mutually_exclusive_group(required=True)
    content.add_argument(
        "--config", metavar="FILE", help="config.json; the firmware comes with it"
    )
    content.add_argument(
        "--flash",
        metavar="IMAGE",
        help="a file with what is in the flash, kept from run to run; made blank if it is not there",
    )
    parser.add_argument("--uart", required=True, metavar="DEVICE", help="any tty")
    parser.add_argument(
        "--http-port", type=int, metavar="N", help="instead of the config's; 0: any free one"
    )
    parser.add_argument(
        "--ports",
        default="",
        metavar="80:N,53:N",
        help="which port of this PC stands for one of the board, such as those of the set-up mode",
    )
    parser.add_argument(
        "--heap",
        type=_size,
        metavar="SIZE",
        help="the most that the heap of the firmware may have (default: what the chip has) in an ESP32's measure: "
        "the 64-bit interpreter, whose objects are twice as large, gets twice as much; what the fakes take comes on top",
    )
    parser.add_argument(
        "--chip",
        choices=chips.MEMORIES,
        help="whose memory the board has (default: the chip of the config's board, an ESP32 as it is sold)",
    )
    parser.add_argument(
        "--clamp",
        action="append",
        default=[],
        metavar="ct1=WAVEFORM",
        help="what a clamp input sees; may be given for each",
    )
    parser.add_argument("--interpreter", type=int, choices=(32, 64), default=64, metavar="32|64")
    parser.add_argument(
        "--state",
        metavar="FOLDER",
        help="keeps NVS from run to run and holds control files, to be there at the start and rewritten in "
        "place: wifi (ok, down, password, flaky, no address or same network), pin0 (0 or 1) and so on",
    )
    parser.add_argument(
        "--no-tick", action="store_true", help="let waits end at once, not at a 10 ms tick"
    )
    parser.add_argument(
        "--restart",
        action="store_true",
        help="restart after a crash or a watchdog reset, as a real board",
    )
    parser.add_argument(
        "--repl",
        metavar="PATH",
        help="offer the console as a serial port, for mpremote, at this path; crashes and resets do not end the board then",
    )
    parser.add_argument("--root", default=image.ROOT, help=argparse.SUPPRESS)
    return parser


def _size(text):
    number, unit = (text[:-1], text[-1].lower()) if text[-1:].isalpha() else (text, "")
    return int(number) * {"": 1, "k": 1 << 10, "m": 1 << 20}.get(unit, 0)


def _run(arguments, folder):
    found = interpreter.find(arguments.interpreter)
    virtual = board.Board(folder, found, arguments)
    for clamp in arguments.clamp:
        virtual.attach(*clamp.partition("=")[::2])
    if arguments.http_port is not None:
        virtual.serve_on(arguments.http_port or free_port())
    console = Console()
    probe = Probe(virtual.config()) if arguments.config else None
    port = SerialPort(arguments.repl) if arguments.repl else None
    cause = board.PWRON_RESET
    try:
        while True:
            status = _one_start(virtual, virtual.start(cause), console, probe, port)
            cause = _next_cause(status, arguments)
            if cause is None:
                return _verdict(status, console)
            console.say(f"the board restarts, reset cause {cause}")
    finally:
        if port:
            port.close()


def _next_cause(status, arguments):
    """The cause of the reset that follows, or None."""
    if status == board.RESET:
        return board.HARD_RESET
    restart = arguments.restart or arguments.repl
    return board.WDT_RESET if restart and status in (board.STARVED, board.LEFT) else None


def _one_start(virtual, process, console, probe, port):
    """Pass the console on until the interpreter ends; return how."""
    try:
        while _pass_on(process, console, port):
            virtual.refresh()
            if probe and probe.answers():
                console.line(f"ready http://{probe.host}:{probe.port}/")
        return process.wait()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _pass_on(process, console, port):
    if port:
        return port.pass_on(process, _LOOK_S)
    return console.pass_on(process.stdout, _LOOK_S)


def _verdict(status, console):
    refusal = console.refusal() if status in board.MAIN_IS_OVER else None
    if refusal:
        print(f"virtual board: the firmware refused its config: {refusal}", file=sys.stderr)
        return REFUSED
    print(f"virtual board: {board.reason(status)}: {console.last}", file=sys.stderr)
    return STARVED if status == board.STARVED else FAILED


if __name__ == "__main__":
    sys.exit(main())
