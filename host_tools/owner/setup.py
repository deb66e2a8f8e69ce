# SPDX-License-Identifier: MIT
"""`make setup PORT=...`: start a board's set-up mode, and tell the name and the key of its access point.

The key is made here or by `make deploy`, of this PC's randomness, and kept in the board's NVS: it outlives deploys and the factory reset.
It is told by these two and nowhere else.
"""

import io
import secrets
import sys
from pathlib import Path

import segno
from PIL import Image, ImageDraw, ImageFont
from rich.console import Console

from host_tools.build import image
from host_tools.owner.arguments import Parser
from host_tools.owner.remote import Board, RemoteError

# Read aloud and typed by hand: no letter that looks like another.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP_LETTERS = 4, 4  # some 79 bits
_LEAST_BYTES = 8  # of WPA2
_SETUP = bytearray(image.constant("firmware/main.py", "_EMPTY"))
_SETUP[1] = 6  # docs/formats/device.md, "Failed starts"
_LIMIT_S = 60
_DOTS, _LINE_DOTS = 10, 30  # of a PNG: for each square of the code, for each line below it

_ASK = """\
import esp32, network
def key():
 buffer = bytearray(63)
 try:
  return str(bytes(buffer[:esp32.NVS("setup").get_blob("key", buffer)]), "utf-8")
 except OSError:
  return ""
mac = network.WLAN(0).config("mac")
print("NRGkick-Bridge-%02X%02X" % (mac[4], mac[5]))
print(key())
"""
_GIVE = """\
nvs = esp32.NVS("setup")
nvs.set_blob("key", {key!r})
nvs.commit()
print(key())
"""


def main(argv: list[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    try:
        with Board(arguments.port) as board:
            board.interrupt()
            name, key = access_point(board, arguments.new_key)
            tell(name, key, arguments.label)
            if arguments.key_only:
                board.reset()
                return 0
            return _start(board, name)
    except (RemoteError, OSError) as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("setup: stopped", file=sys.stderr)
        return 130


def _parser():
    parser = Parser(
        prog="python -m host_tools.owner.setup",
        description="Start a board's set-up mode: it opens a Wi-Fi network with a page for a phone.",
    )
    parser.add_argument("--port", required=True, help="/dev/ttyUSB0, COM3, socket://host:port")
    parser.add_argument("--new-key", action="store_true", help="replace the key that it has")
    parser.add_argument("--key-only", action="store_true", help="leave the bridge running")
    parser.add_argument(
        "--label", type=Path, metavar="FILE", help="write a label to print: .svg or .png"
    )
    return parser


def access_point(board: Board, is_new: bool = False) -> tuple[str, str]:
    """(name of the network, its key); made where the board has none."""
    name, key = board.run(_ASK).splitlines()[:2]
    if is_new or len(key) < _LEAST_BYTES:
        wanted = new_key()
        key = board.run(_GIVE.format(key=wanted.encode())).strip()
        if key != wanted:
            raise RemoteError("the board did not keep the key; try again")
    return name, key


def new_key() -> str:
    groups = [
        "".join(secrets.choice(_LETTERS) for _ in range(_GROUP_LETTERS)) for _ in range(_GROUPS)
    ]
    return "-".join(groups)


def code(name: str, key: str) -> segno.QRCode:
    """What a phone's camera joins a network by. Neither name nor key has a letter that would have to be escaped."""
    return segno.make(f"WIFI:T:WPA;S:{name};P:{key};;", error="m", micro=False)


def tell(name: str, key: str, label: Path | None) -> None:
    print(
        f"network  {name}\nkey      {key}\npage     http://198.18.0.1/ (it opens by itself on most phones)"
    )
    if sys.stdout.isatty():
        code(name, key).terminal(compact=True)
    if label:
        write_label(label, name, key)
        print(f"{label} is written: print it and put it on the board's box")


def write_label(path: Path, name: str, key: str) -> None:
    """A code to scan, with name and key below it: by the name's ending an SVG or a PNG."""
    lines = (name, key, "http://198.18.0.1/")
    made = code(name, key)
    if path.suffix.lower() == ".svg":
        side = made.symbol_size()[0]
        texts = "".join(
            f'<text x="{side / 2}" y="{side + 2 + 3 * i}">{line}</text>'
            for i, line in enumerate(lines)
        )
        path.write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" width="50mm" viewBox="0 0 {side} {side + 10}">'
            f'<rect width="100%" height="100%" fill="#fff"/>{made.svg_inline(omitsize=False)}'
            f'<g font-family="monospace" font-size="2.4" text-anchor="middle">{texts}</g></svg>\n',
            "utf-8",
        )
        return
    if path.suffix.lower() != ".png":
        raise RemoteError(f"{path}: a label is written as .svg or .png")
    drawn = io.BytesIO()
    made.save(drawn, kind="png", scale=_DOTS)
    with Image.open(drawn) as found:
        picture = Image.new("L", (found.width, found.height + len(lines) * _LINE_DOTS), 255)
        picture.paste(found.convert("L"), (0, 0))
    for i, line in enumerate(lines):
        at = picture.width // 2, picture.height - (len(lines) - i) * _LINE_DOTS
        ImageDraw.Draw(picture).text(at, line, 0, ImageFont.load_default(22), "ma")
    picture.save(path)


def _start(board, name):
    board.run(f"import machine\nmachine.RTC().memory({bytes(_SETUP)!r})")
    board.reset()
    console = Console(highlight=False)
    for line in board.lines(_LIMIT_S):
        if line.startswith("set-up:"):
            console.print(f"the board is ready: join {name} with a phone")
            return 0
    raise RemoteError("the board does not say that its set-up mode runs; make logs shows more")


if __name__ == "__main__":
    sys.exit(main())
