# SPDX-License-Identifier: MIT
"""Draws the wiring of each board (boards/<board>.svg) and writes its page (boards/<board>.md), both from <board>.json.

docs/clamp.svg is the clamp's part alone, with what happens at the pin. `python -m host_tools.build.board_drawing` rewrites them all; a test holds that they are those of the data.
"""

import math
from html import escape
from pathlib import Path

from host_tools.build import boards

_FOLDER = boards.ROOT / "boards"
CLAMP = boards.ROOT / "docs" / "clamp.svg"
_MICROPYTHON = "20260406-v1.28.0"  # as in the names of its files: the recommended version
_INK, _A, _B, _GROUND, _PLUS = "#222", "#c60", "#06a", "#555", "#b00"
_STYLE = (
    "text{font:13px sans-serif;fill:#222}.small{font-size:11px;fill:#444}.title{font-size:17px;font-weight:bold}"
    ".box{fill:#f6f6f2;stroke:#222;stroke-width:1.5}.chip{fill:#fff;stroke:#222;stroke-dasharray:4 3}"
    ".part{fill:#fff;stroke:#222;stroke-width:1.3}"
)
_ROW, _TOP = 30, 96  # distance of the wires, height of the first one


class Drawing:
    """A growing list of SVG elements."""

    def __init__(self, width, height):
        self._size = (width, height)
        self._parts = []

    def text(self, x, y, words, kind="", anchor="start"):
        style = f' class="{kind}"' if kind else ""
        self._parts.append(
            f'<text x="{x}" y="{y}" text-anchor="{anchor}"{style}>{escape(words)}</text>'
        )

    def box(self, x, y, width, height, kind="box"):
        self._parts.append(
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="5" class="{kind}"/>'
        )

    def wire(self, points, colour=_INK, dash=""):
        path = " ".join(f"{x},{y}" for x, y in points)
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self._parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>'
        )

    def dot(self, x, y, colour=_INK):
        self._parts.append(f'<circle cx="{x}" cy="{y}" r="3.5" fill="{colour}"/>')

    def resistor(self, x, top, bottom, words, side=1):
        """Upright, centred between top and bottom, with its value beside it."""
        middle = (top + bottom) / 2
        half = min(15, (bottom - top) * 0.3)
        self.wire([(x, top), (x, bottom)])
        self._parts.append(
            f'<rect x="{x - 6}" y="{middle - half}" width="12" height="{2 * half}" class="part"/>'
        )
        self.text(x + 11 * side, middle + 4, words, "small", "start" if side > 0 else "end")

    def capacitor(self, x, top, bottom, words):
        middle = (top + bottom) / 2
        self.wire([(x, top), (x, middle - 4)])
        self.wire([(x, middle + 4), (x, bottom)])
        for y in (middle - 4, middle + 4):
            self.wire([(x - 10, y), (x + 10, y)])
        self.text(x + 14, middle + 4, words, "small")

    def clamp(self, x, y):
        """The ring around a conductor."""
        self._parts.append(
            f'<circle cx="{x}" cy="{y}" r="26" fill="none" stroke="{_INK}" stroke-width="8"/>'
        )
        self._parts.append(f'<circle cx="{x}" cy="{y}" r="9" fill="#d9b38c" stroke="{_INK}"/>')

    def ground(self, x, y):
        for i, half in enumerate((10, 6, 2)):
            self.wire([(x - half, y + 4 * i), (x + half, y + 4 * i)])

    def svg(self):
        width, height = self._size
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        paper = f'<rect width="{width}" height="{height}" fill="#fff"/>'
        return "\n".join([head, f"<style>{_STYLE}</style>", paper, *self._parts, "</svg>", ""])


def svg(board):
    height = 340 + (290 if board["clamps"] else 0)
    drawing = Drawing(980, height)
    drawing.text(24, 34, board["name"], "title")
    _draw_bridge(drawing, board)
    _draw_bus(drawing, not board["wiring"].get("isolated"))
    if board["clamps"]:
        _draw_clamp(drawing, board, 370)
    return drawing.svg()


def _signals(board):
    """[(pin of the chip, pin of the transceiver, colour)] from top to bottom."""
    uart, onboard = board["uart"], board["wiring"]["onboard"]
    automatic = uart["de"] is None
    found = [] if onboard else [("3V3", "VCC", _PLUS)]
    found.append((f"GPIO{uart['tx']}  TX", "TXD" if automatic and not onboard else "DI", _INK))
    found.append((f"GPIO{uart['rx']}  RX", "RXD" if automatic and not onboard else "RO", _INK))
    if not automatic:
        found.append((f"GPIO{uart['de']}  DE", "DE, /RE", _INK))
    found += [(f"GPIO{pin}  high", "on", _INK) for pin in board["on"]]
    if not onboard:
        found.append(("GND", "GND", _GROUND))
    return found


def _draw_bridge(drawing, board):
    signals, onboard = _signals(board), board["wiring"]["onboard"]
    bottom = max(_TOP + _ROW * len(signals), 250)
    if onboard:
        drawing.box(24, 52, 456, bottom - 36)
        drawing.text(
            36, 72, board["chip"].upper().replace("ESP32", "ESP32-").rstrip("-") + " on the board"
        )
        drawing.box(330, 62, 100, bottom - 56, "chip")
    else:
        drawing.box(24, 52, 210, bottom - 36)
        drawing.text(36, 72, "board")
        drawing.box(330, 52, 150, bottom - 36)
    drawing.text(
        380 if onboard else 405, 82, "transceiver" if onboard else "RS485 module", "", "middle"
    )
    for i, (pin, of_module, colour) in enumerate(signals):
        y = _TOP + _ROW * i + 8
        drawing.text(222, y + 4, pin, "", "end")
        drawing.wire([(234, y), (330, y)], colour)
        drawing.text(340, y + 4, of_module)
    uart = board["uart"]
    if uart["de"] is not None and not onboard:
        y, foot = (_TOP + _ROW * row + 8 for row in (3, 4))  # DE and GND
        drawing.dot(282, y)
        drawing.resistor(282, y, foot, "10 kΩ", -1)
        drawing.dot(282, foot, _GROUND)
    drawing.text(
        24,
        bottom + 42,
        "Supply: " + board["wiring"]["supply"].split(". ")[0].rstrip(".") + ".",
        "small",
    )


def _draw_bus(drawing, with_bias):
    a, b, ground = 110, 170, 232
    for y, words, colour in ((a, "A (+)", _A), (b, "B (−)", _B), (ground, "GND", _GROUND)):
        drawing.text(472, y + 4, words, "", "end")
        drawing.wire([(480, y), (930, y)], colour, "7 5" if y == ground else "")
    for x in (520, 920):
        drawing.resistor(x, a, b, "120 Ω")
        drawing.dot(x, a, _A)
        drawing.dot(x, b, _B)
    if with_bias:
        _draw_bias(drawing, a, b, ground)
    for x, words in ((690, "meter, unit 1"), (800, "inverter, unit 2")):
        drawing.box(x, 262, 100, 44)
        drawing.text(x + 50, 288, words, "small", "middle")
        for offset, y, colour in ((25, a, _A), (50, b, _B), (75, ground, _GROUND)):
            drawing.wire([(x + offset, y), (x + offset, 262)], colour)
            drawing.dot(x + offset, y, colour)
    words = "One line from device to device, no star. 120 Ω at its two ends only; bias once, if at all."
    drawing.text(930, 328, words, "small", "end")


def _draw_bias(drawing, a, b, ground):
    """390 Ω at 3.3 V make 0.24 V between A and B with both ends terminated: a receiver wants 0.2 V."""
    drawing.resistor(600, 62, a, "390 Ω")
    drawing.text(600, 57, "3V3", "small", "middle")
    drawing.dot(600, a, _A)
    drawing.resistor(600, b, ground, "390 Ω")
    drawing.dot(600, b, _B)
    drawing.dot(600, ground, _GROUND)


def _draw_clamp(drawing, board, top):
    names = list(board["clamps"])
    wire, rail = top + 60, top + 160
    drawing.text(24, top + 8, f"Clamp {names[0]}, all parts close to the pin", "title")
    drawing.clamp(70, top + 110)
    drawing.text(70, top + 165, "one conductor", "small", "middle")
    drawing.wire([(96, top + 102), (130, top + 102), (130, wire), (700, wire)])
    drawing.wire([(96, top + 118), (130, top + 118), (130, rail), (460, rail)])
    drawing.resistor(200, wire, rail, "burden, if the clamp has none inside")
    drawing.dot(200, wire)
    drawing.dot(200, rail)
    drawing.resistor(460, top + 78, rail, "18 kΩ")
    drawing.text(460, top + 74, "3V3", "small", "middle")
    drawing.dot(460, rail)
    drawing.text(470, rail - 6, "1.18 V", "small")
    drawing.resistor(460, rail, top + 214, "10 kΩ", -1)
    drawing.ground(460, top + 214)
    drawing.wire([(460, rail), (540, rail)])
    drawing.capacitor(540, rail, top + 214, "10 µF")
    drawing.ground(540, top + 214)
    drawing.dot(640, wire)
    drawing.capacitor(640, wire, top + 150, "100 nF")
    drawing.ground(640, top + 150)
    drawing.box(700, top + 40, 240, 40 + 24 * len(names))
    for i, name in enumerate(names):
        words = f"GPIO{board['clamps'][name]}  {name}"
        drawing.text(712, wire + 4 + 24 * i, words if not i else words + ", wired the same")
    drawing.text(
        24,
        top + 244,
        "Size the burden for 1 V peak at most at the largest current: 0.7 V RMS.",
        "small",
    )


_CLAMP = {"clamps": {"ct1": "36"}}  # an example's pin


def clamp_svg():
    """docs/clamp.svg: the wiring, and beside it what the pin sees."""
    drawing = Drawing(980, 560)
    _draw_clamp(drawing, _CLAMP, 20)
    _draw_range(drawing, 60, 320, 200)
    return drawing.svg()


def _draw_range(drawing, left, top, height):
    """The ADC's range of 3.3 V with one cycle of the largest current in it."""

    def y(volts):
        return round(top + height * (1 - volts / 3.3), 1)

    drawing.text(24, top - 16, "What the pin sees at the largest current", "title")
    for volts, words in (
        (0, ""),
        (0.15, "0.15 V: blind from here down to 0 V, counted as clipped"),
        (1.18, "1.18 V: bias, 3.3 V x 10 / (18 + 10)"),
        (2.18, "2.18 V: 1 V peak, 0.7 V RMS of a sine"),
        (2.44, "2.44 V: no longer straight above, counted as clipped"),
        (3.3, "3.3 V: never more, or the chip dies"),
    ):
        drawing.wire([(left, y(volts)), (560, y(volts))], _GROUND, "2 4")
        drawing.text(570, y(volts) + 4, words, "small")
    wave = [(left + i, y(1.18 + math.sin(i / 240 * 2 * math.pi))) for i in range(0, 481, 4)]
    drawing.wire(wave, _A)
    drawing.wire([(left + 60, y(0) + 14), (left + 300, y(0) + 14)], _B)
    for x in (left + 60, left + 300):
        drawing.wire([(x, y(0) + 8), (x, y(0) + 20)], _B)
    words = "one window: one mains cycle, 20 ms, from anywhere"
    drawing.text(left + 180, y(0) + 32, words, "small", "middle")


def page(name, board):
    """The board's wiring page."""
    wiring, uart = board["wiring"], board["uart"]
    used = [("RS485 TX", uart["tx"]), ("RS485 RX", uart["rx"])]
    if uart["de"] is not None:
        used.append(("RS485 DE and /RE", uart["de"]))
    used += [("driven high at boot", pin) for pin in board["on"]]
    used += [(f"clamp `{clamp}`", pin) for clamp, pin in board["clamps"].items()]
    used += [(what, board[what]["pin"]) for what in ("led", "button") if board[what]]
    free = ", ".join(str(pin) for pin in board["free"]) or "none"
    lines = [
        f"# {board['name']}",
        "",
        f"<!-- Made from {name}.json by host_tools/build/board_drawing.py: change it there. -->",
        "",
        f'`"board": "{name}"` in config.json. Transceiver: {wiring["transceiver"]}.',
        "",
        *_firmware_lines(name, board["firmware"]),
        f"![Wiring of {board['name']}]({name}.svg)",
        "",
        "| use | GPIO |",
        "| --- | --- |",
        *(f"| {what} | {pin} |" for what, pin in used),
        f"| free for `bus.tx`, `bus.rx`, `bus.de` | {free} |",
        "",
        "**A and B.** A is the wire that is positive while the line rests, marked A, A+, D+ or 485+; B is the other. Some makers "
        "name them the other way round: if nothing answers, swap the two; it harms nothing. Join GND too. Twisted pair, from device to device.",
        "",
        f"**Termination.** {wiring['termination']}",
        "",
        f"**Bias.** {wiring['bias']}",
        "",
        f"**Supply.** {wiring['supply']}",
        "",
        *_clamp_lines(board),
        *(f"- {note}" for note in wiring["notes"]),
        "",
        "Pins from " + "; ".join(f"`{source}`" for source in board["sources"]) + ".",
        "",
    ]
    return "\n".join(lines)


def _firmware_lines(name, build):
    page = f"micropython.org/download/{build.partition('-')[0]}"
    return [
        f"**Firmware.** `{build}-{_MICROPYTHON}.bin`, or a newer one, from [{page}](https://{page}/), then "
        f"`make flash PORT=... BOARD={name}` ([which version, and what it does](../docs/flashing.md)).",
        "",
    ]


def _clamp_lines(board):
    if not board["clamps"]:
        return ["**Clamps.** This board has no input for them.", ""]
    inputs = ", ".join(f"`{name}` (GPIO{pin})" for name, pin in board["clamps"].items())
    words = (
        f"**Clamps.** {inputs}. Each needs 1.2 V in the middle, 100 nF at the pin and, if the clamp has none inside, a burden "
        "that makes 1 V peak at most. Never open a clamp's wires while it sits on a live conductor."
    )
    return [words, ""]


def files(name, board):
    """[(path, text)] of a board's drawing and page."""
    return [
        (_FOLDER / f"{name}.svg", svg(board)),
        (_FOLDER / f"{name}.md", page(name, board)),
    ]


def main():
    for name in boards.names():
        for path, text in files(name, boards.load(name)):
            Path(path).write_text(text, "utf-8")
    CLAMP.write_text(clamp_svg(), "utf-8")


if __name__ == "__main__":
    main()
