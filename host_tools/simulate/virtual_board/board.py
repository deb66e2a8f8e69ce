# SPDX-License-Identifier: MIT
"""One virtual board: its flash and state folders, and the interpreter that runs on them."""

import json
import os
import shlex
import signal
import subprocess
from pathlib import Path

from host_tools.build import image
from host_tools.simulate.virtual_board import chips
from host_tools.simulate.virtual_board.waveform import Waveform, WaveformError

FAKES = Path(__file__).resolve().parent.parent / "board_fakes"

# machine.reset_cause() of the ESP32.
PWRON_RESET, HARD_RESET, WDT_RESET = 1, 2, 3

# What host_tools/simulate/board_fakes/host.py exits with, and how subprocess tells the watchdog's signal.
RESET, _ENDED, _RAISED, _EXITED, LEFT = 120, 121, 122, 123, 124
MAIN_IS_OVER = (_ENDED, _EXITED)
STARVED = -signal.SIGALRM
_REASONS = {
    _ENDED: "the firmware ended; a real board would show its REPL now",
    _RAISED: "the firmware crashed",
    LEFT: "the firmware crashed",
    _EXITED: "the firmware called sys.exit; a real board would start it again and again",
    STARVED: "the watchdog was not fed in time",
}


# What the fakes take of the heap, by the interpreter's bits: on a board they are in flash.
FAKES_HEAP = {32: 39_500, 64: 59_400}
# MicroPython's table of names doubles at 1260. On a board the firmware stays below that; with those of the fakes it does not.
NAMES_HEAP = {32: 9 << 10, 64: 14 << 10}
CONSOLE_HEAP = {32: 8 << 10, 64: 16 << 10}  # what the REPL and the image file take besides

_FLASH_BYTES = 2 << 20  # what an ESP32 with 4 MB leaves for files


class BoardError(Exception):
    """The board cannot be built; the text is for its user."""


class Board:
    """A board built in `folder`, which is the caller's to remove; `options` are the command line's."""

    def __init__(self, folder, interpreter, options):
        self._flash = Path(folder, "flash")
        self._fakes = Path(folder, "fakes")
        self._state = Path(options.state or Path(folder, "state")).absolute()
        self._interpreter = interpreter
        self._options = options
        self._waveforms = []
        # Held open for the whole run: a reset of the board must not hang the line up.
        self._line = _open_line(options.uart)
        self._build()

    def _build(self):
        for made in (self._flash, self._fakes):
            made.mkdir()
        self._state.mkdir(parents=True, exist_ok=True)
        if self._options.flash:
            _blank(Path(self._options.flash))
        else:
            march = {32: "x86", 64: "x64"}[self._interpreter.bits]
            image.write(self._flash, self._options.config, self._options.root, march)
        for source in FAKES.glob("*.py"):
            image.compile_module(source, self._fakes / f"{source.stem}.mpy")
        Path(self._state, "rtc").write_bytes(b"")  # RTC memory does not outlive a loss of power

    def config(self):
        """The config on the board; empty where it is missing or no JSON object."""
        try:
            config = json.loads(Path(self._flash, "config.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return config if isinstance(config, dict) else {}

    def serve_on(self, port):
        """Put host and port into the board's config, unless the firmware will refuse that anyway."""
        config = self.config()
        if isinstance(config.get("http", {}), dict) and config:
            config["http"] = {**config.get("http", {}), "host": "127.0.0.1", "port": port}
            Path(self._flash, "config.json").write_text(json.dumps(config))
            if Path(self._options.root) == image.ROOT:
                image.write_plan(self._flash)

    def hardware(self):
        """The board's own description; that of an ESP32 where the config names none that exists."""
        file = Path(self._flash, "boards", f"{image.board_name(self.config())}.json")
        there = [file, *sorted(self._flash.glob("boards/*.json"))]
        named = [one for one in there if one.is_file()]
        return json.loads(named[0].read_bytes()) if named else {"chip": "esp32", "clamps": {}}

    def attach(self, name, text):
        """Lay a waveform on a clamp input, or on a GPIO given by number."""
        clamps = self.hardware()["clamps"]
        if name not in clamps and not name.isdecimal():
            raise BoardError(f"--clamp {name}: no such clamp; allowed are {', '.join(clamps)}")
        file = self._state / f"adc{clamps.get(name, name)}"
        try:
            self._waveforms.append(Waveform(text, file))
        except (OSError, WaveformError) as error:
            raise BoardError(f"--clamp {name}: {error}") from None

    def refresh(self):
        """Let the waveforms follow their files; to be called some ten times a second."""
        for waveform in self._waveforms:
            waveform.refresh()

    def _memory(self):
        return self._options.chip or chips.default(self.hardware()["chip"])

    def _heap(self):
        bits = self._interpreter.bits
        fakes = (
            FAKES_HEAP[bits] + NAMES_HEAP[bits] + (CONSOLE_HEAP[bits] if self._options.repl else 0)
        )
        return (self._options.heap or chips.heap(self._memory())) * bits // 32 + fakes

    def start(self, cause):
        """Start the interpreter; its console is a pipe, or with --repl two."""
        command = self._interpreter.command("-c", "import start", heap=self._heap())
        options = self._options
        disk = {"BOARD_FLASH": os.path.abspath(options.flash)} if options.flash else {}
        environment = self._interpreter.environment(
            MICROPYPATH=f"{self._fakes}:.frozen",
            BOARD_IMAGE=str(self._flash),
            BOARD_STATE=str(self._state),
            BOARD_UART=os.path.abspath(options.uart),
            **disk,
            **chips.environment(self.hardware()["chip"], self._memory()),
            BOARD_COMMAND="exec " + shlex.join(command),
            BOARD_RESET_CAUSE=str(cause),
            BOARD_PORTS=options.ports.replace(",", " "),
            BOARD_TICK="0" if options.no_tick else "1",
            BOARD_CONSOLE="1" if options.repl else "",
        )
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.PIPE if options.repl else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # A Ctrl-C in the terminal is for the virtual board alone, which then ends this one.
            start_new_session=True,
            preexec_fn=_interrupts_off if options.repl else None,
        )
        if process.stdin:
            os.set_blocking(process.stdin.fileno(), False)
        return process


def _interrupts_off():
    """Until the fakes take Ctrl-C."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])


def _blank(file):
    """Make a flash with nothing on it, unless there is one."""
    if not file.exists():
        file.write_bytes(b"\xff" * _FLASH_BYTES)


def reason(status):
    """Why the interpreter ended, in words."""
    if status in _REASONS:
        return _REASONS[status]
    if status < 0:
        return f"MicroPython was ended by {signal.Signals(-status).name}"
    return f"MicroPython ended with status {status}"


def _open_line(device):
    try:
        line = os.open(device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError as error:
        raise BoardError(f"--uart {device}: {error.strerror}") from None
    if not os.isatty(line):
        os.close(line)
        raise BoardError(f"--uart {device}: this is no serial line")
    return line
