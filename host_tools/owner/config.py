# SPDX-License-Identifier: MIT
"""`make config PORT=... > config.json`: the config.json that a board has, without the Wi-Fi password.

Where wifi.password is left out, `make deploy` keeps the board's as long as wifi.ssid stays. The bridge is interrupted for this and
starts again.
"""

import sys

from host_tools.owner import board_config
from host_tools.owner.arguments import Parser
from host_tools.owner.deploy import ON_BOARD
from host_tools.owner.deploy_plan import DeployError, slots
from host_tools.owner.remote import Board, RemoteError

_HINT = "config: the bridge starts again. wifi.password is left out; make deploy keeps the board's while wifi.ssid stays"


def main(argv: list[str] | None = None) -> int:
    parser = Parser(
        prog="python -m host_tools.owner.config", description="Print the config.json of a board."
    )
    parser.add_argument("--port", required=True, help="/dev/ttyUSB0, COM3, socket://host:port")
    try:
        with Board(parser.parse_args(argv).port) as board:
            text = board_config.without_password(_fetched(board))
    except (DeployError, RemoteError) as error:
        print(f"config: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("config: stopped", file=sys.stderr)
        return 130
    sys.stdout.buffer.write(text)
    sys.stdout.flush()
    print(_HINT, file=sys.stderr)
    return 0


def _fetched(board):
    board.interrupt()
    try:
        board.run(ON_BOARD.read_text())
        text = board_config.config(board, slots(board.run("pointer()")))
    finally:
        board.restart()
    if text is None:
        raise DeployError("the board has no config.json; make setup PORT=... makes one")
    return text


if __name__ == "__main__":
    sys.exit(main())
