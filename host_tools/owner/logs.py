# SPDX-License-Identifier: MIT
"""What a board has to say: `python -m host_tools.owner.logs --port PORT`.

PORT is the board's serial port as mpremote takes it (/dev/ttyUSB0, COM3, socket://host:port), whose console is followed,
or the bridge's address (http://192.168.1.7/), whose /log is read again and again, with what its counters mean. Neither disturbs the bridge.
"""

import sys
import time
from collections.abc import Iterator

import serial

from host_tools.owner.arguments import Parser
from host_tools.owner.bridge_http import BridgeError, fetch, fetch_json
from host_tools.owner.doctor import Doctor
from host_tools.owner.remote import TROUBLES, RemoteError, check_port, is_address, lost

_BAUDRATE = 115200
_LOOK_S = 2
_DOCTOR_LOOKS = 5


def main(argv: list[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    follow = follow_address if is_address(arguments.port) else follow_port
    try:
        for text in follow(arguments.port, arguments.once):
            print(text, end="", flush=True)
    except (RemoteError, BridgeError) as error:
        print(f"logs: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


def _parser():
    parser = Parser(
        prog="python -m host_tools.owner.logs",
        description="What a board has to say; Ctrl-C ends it.",
    )
    parser.add_argument("--port", required=True, help="serial port, or http://ADDRESS/")
    parser.add_argument(
        "--once", action="store_true", help="what is there now, and not what follows"
    )
    return parser


def follow_address(address: str, once: bool = False) -> Iterator[str]:
    """The text of /log, then what is added to it; now and then what the counters mean."""
    before, looks = "", 0
    doctor = Doctor(lambda path: _parsed(address, path))
    while True:
        text = fetch(address, "log").decode(errors="replace")
        yield added(before, text) or ("(the log is empty)\n" if once else "")
        doctor.look()
        if looks % _DOCTOR_LOOKS == 0:
            yield from (f"doctor: {sentence}\n" for sentence in doctor.news())
        looks += 1
        if once:
            return
        before = text
        time.sleep(_LOOK_S)


def added(before: str, text: str) -> str:
    """What of a ring's text is new, when it was `before` at the last look."""
    for start in range(len(before) + 1):
        if (start == 0 or before[start - 1] == "\n") and text.startswith(before[start:]):
            return text[len(before) - start :]
    return text


def _parsed(address, path):
    """What the bridge answers, or None: it may be busy, or of a version that tells something else."""
    try:
        return fetch_json(address, path.lstrip("/"))
    except BridgeError:
        return None


def follow_port(port: str, once: bool = False) -> Iterator[str]:
    """What comes from the console; `once`: until it is quiet."""
    is_quiet = True
    try:
        with _opened(port) as line:
            while True:
                data = line.read(max(1, line.in_waiting))
                if data:
                    yield data.decode(errors="replace").replace("\r\n", "\n")
                    is_quiet = False
                elif once:
                    break
    except TROUBLES as error:
        raise RemoteError(lost(port, error)) from None
    if is_quiet:
        yield f"(nothing in {_LOOK_S} s: a bridge tells little on its console; PORT=http://... has what it told before)\n"


def _opened(port):
    try:
        line = serial.serial_for_url(
            port, _BAUDRATE, timeout=_LOOK_S, do_not_open=True, exclusive=True
        )
        # These two lines reset most boards when they change one after the other.
        line.dtr = line.rts = False
        line.open()
        return line
    except TROUBLES:
        check_port(port)  # says why not
        raise RemoteError(f"{port} could not be opened at first; try again") from None


if __name__ == "__main__":
    sys.exit(main())
