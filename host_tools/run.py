"""The whole bridge on this PC: simulated site, RS485 line, virtual board (`make run`)."""

import argparse
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.live import Live

from host_tools.site import Site, SiteError, bridge, terminal

ROOT = Path(__file__).resolve().parents[1]

_READY = re.compile(r"^ready (http://([^:/]+):(\d+)/)")
_READY_LIMIT_S = 120  # the first start may have to fetch MicroPython
_LOOK_S = 0.5
_PLAIN_LOOK_S = 2  # a log need not be that long
_END_LIMIT_S = 5
_LOG_LINES = 4


class RunError(Exception):
    """The run cannot go on; the text is one sentence for the user."""


class Board:
    """The virtual board as a child process; its last lines are kept in `log`."""

    def __init__(self, command, say):
        self.log = deque(maxlen=_LOG_LINES)
        self._say = say
        self._address = None
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # a Ctrl-C is for us; we end the board ourselves
        )
        self._reader = threading.Thread(target=self._read, name="board", daemon=True)
        self._reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """End the board and whatever it started."""
        self._process.terminate()
        try:
            self._process.wait(_END_LIMIT_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._reader.join(_END_LIMIT_S)

    def wait_ready(self):
        """(address, host, port) as soon as the server answers."""
        until_s = time.monotonic() + _READY_LIMIT_S
        while not self._address:
            self.check()
            if time.monotonic() > until_s:
                raise RunError(f"The virtual board did not answer within {_READY_LIMIT_S} s.")
            time.sleep(0.05)
        return self._address

    def check(self):
        """Raises RunError if the board is no longer there."""
        status = self._process.poll()
        if status is not None:
            self._reader.join(_END_LIMIT_S)
            last = self.log[-1] if self.log else "it said nothing"
            raise RunError(f"The virtual board ended with status {status}: {last}")

    def _read(self):
        for line in self._process.stdout:
            line = line.rstrip()
            ready = _READY.match(line)
            if ready:
                self._address = ready[1], ready[2], int(ready[3])
            elif line:
                self.log.append(line)
                self._say(line)


def main(argv=None):
    arguments = _parser().parse_args(argv)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        _run(arguments)
    except KeyboardInterrupt:
        return 0
    except (RunError, SiteError) as error:
        print(f"run: {error}", file=sys.stderr)
        return 1


def _parser():
    parser = argparse.ArgumentParser(prog="python -m host_tools.run", description=__doc__)
    parser.add_argument("--config", default=ROOT / "config.example.json", type=Path)
    parser.add_argument("--http-port", default=8080, type=int)
    parser.add_argument("--speed", default=1, type=float, help="site seconds a second")
    parser.add_argument("--hour", default=10, type=float, help="time of day at the start")
    parser.add_argument("--seed", default=1, type=int, help="which clouds and appliances")
    parser.add_argument("--board", nargs="+", help=argparse.SUPPRESS)  # another board, for tests
    return parser


def _run(arguments):
    _check_port(arguments.http_port)
    console = Console()
    with ExitStack() as stack:
        site = stack.enter_context(_site(arguments))
        clamps = Clamps(site, Path(stack.enter_context(tempfile.TemporaryDirectory())))
        say = (lambda line: None) if console.is_terminal else print_board_line
        board = stack.enter_context(Board(_command(arguments, site, clamps), say))
        # From here on the first signal ends the run, and no second one cuts its end short.
        stack.callback(_ignore_signals)
        address, host, port = board.wait_ready()
        show = _show_live if console.is_terminal else _show_plain
        show(console, site, board, clamps, address, lambda: bridge.ask(host, port))


def _check_port(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except (OSError, OverflowError) as error:
            raise RunError(
                f"HTTP port {port} cannot be used ({error}); give another one."
            ) from error


def _site(arguments):
    try:
        config = json.loads(arguments.config.read_text(encoding="utf-8"))
    except OSError as error:
        raise RunError(f"{arguments.config} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise RunError(f"{arguments.config} is no JSON: {error}.") from error
    return Site(config, arguments.speed, arguments.hour, arguments.seed)


def _command(arguments, site, clamps):
    board = arguments.board or [sys.executable, "-u", "-m", "host_tools.virtual_board"]
    return [
        *board,
        *("--config", str(arguments.config.resolve())),
        *("--uart", site.bridge_tty),
        *("--http-port", str(arguments.http_port)),
        *clamps.options(),
    ]


class Clamps:
    """The clamps' waveforms as files, which the virtual board reads again when they change."""

    def __init__(self, site, folder):
        self._site = site
        self._folder = folder
        self._written = {}
        self.write(site.truth())

    def options(self):
        return [f"--clamp={name}=@{self._folder / name}" for name in self._written]

    def write(self, truth):
        for name, waveform in self._site.waveforms(truth).items():
            if self._written.get(name) != waveform:
                self._written[name] = waveform
                new = self._folder / f"{name}.new"
                new.write_text(waveform + "\n")
                new.replace(self._folder / name)


def _looks(site, board, clamps, ask, every_s):
    """(truth, answer) again and again, until the board ends or a signal comes."""
    while True:
        truth = site.truth()
        clamps.write(truth)
        yield truth, ask()
        time.sleep(every_s)
        board.check()


def _show_live(console, site, board, clamps, address, ask):
    with Live(console=console, auto_refresh=False) as live:
        for truth, answer in _looks(site, board, clamps, ask, _LOOK_S):
            live.update(terminal.picture(site, truth, answer, address, board.log), refresh=True)


def _show_plain(console, site, board, clamps, address, ask):
    print(f"ready {address}", flush=True)
    for truth, answer in _looks(site, board, clamps, ask, _PLAIN_LOOK_S):
        print(terminal.plain_line(site, truth, answer), flush=True)


def print_board_line(line):
    print(f"board: {line}", flush=True)


def _ignore_signals():
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    sys.exit(main())
