# SPDX-License-Identifier: MIT
"""The whole bridge on this PC: simulated site, RS485 line and virtual board (`make run`)."""

import argparse
import os
import re
import select
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

from host_tools.paths import ROOT
from host_tools.simulate.site import SiteError, bridge, options, terminal

_READY = re.compile(r"ready (http://([^:/]+):(\d+)/)")
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
        self._ready = None
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

    def wait_ready(self, ended):
        """(address, host, port) as soon as the server answers; None if the run was ended before."""
        until_s = time.monotonic() + _READY_LIMIT_S
        while not self._ready and not ended.wait(0.05):
            self.check()
            if time.monotonic() > until_s:
                raise RunError(f"the virtual board did not answer within {_READY_LIMIT_S} s")
        return self._ready

    def check(self):
        """Raises RunError if the board is no longer there."""
        status = self._process.poll()
        if status is not None:
            self._reader.join(_END_LIMIT_S)
            last = self.log[-1] if self.log else "it said nothing"
            raise RunError(f"the virtual board ended with status {status}: {last}")

    def _read(self):
        assert self._process.stdout
        for line in self._process.stdout:
            line = line.rstrip()
            ready = _READY.match(line)
            if ready:
                self._ready = ready[1], ready[2], int(ready[3])
            elif line:
                self.log.append(line)
                self._say(line)


class Clamps:
    """The clamps' waveforms as files, which the virtual board reads again when they change."""

    def __init__(self, site, folder):
        self._site = site
        self._folder = Path(folder)
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


def main(argv=None):
    arguments = _parser().parse_args(argv)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # as nohup wants it
            signal.signal(number, lambda *_: ended.set())
    threading.Thread(target=_watch_terminal, args=(ended,), daemon=True).start()
    try:
        _run(arguments, ended)
        return 0
    except (RunError, SiteError) as error:
        if ended.is_set():
            return 0  # Ctrl-C reaches the board, too, and that may be the first to end
        print(f"run: {error}", file=sys.stderr)
        return 1
    except OSError:
        if not _is_gone():
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nobody is there to be told more
        return 0


def _watch_terminal(ended):
    """Whoever closes the terminal, or ends what holds the other end of stdin, wants this to end."""
    while not ended.wait(_LOOK_S):
        if _is_gone():
            ended.set()


def _is_gone():
    """Is nobody there any more, at the other end of stdin or stdout? Reads nothing: that would stop a job in the background."""
    poll = select.poll()
    for descriptor in (0, 1):
        poll.register(descriptor, 0)
    return any(found & (select.POLLHUP | select.POLLERR) for _, found in poll.poll(0))


def _parser():
    parser = options.parser("python -m host_tools.simulate.run", __doc__)
    parser.add_argument(
        "--http-port", default=8080, type=_port, metavar="N", help="0: any free one"
    )
    parser.add_argument("--board", nargs="+", help=argparse.SUPPRESS)  # another board, for tests
    return parser


def _port(text):
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not 0 to 65535")
    return int(text)


def _run(arguments, ended):
    _check_port(arguments.http_port)
    console = Console()
    with ExitStack() as stack:
        site = stack.enter_context(options.site(arguments))
        clamps = Clamps(site, stack.enter_context(tempfile.TemporaryDirectory()))
        say = _say_nothing if console.is_terminal else _say
        board = stack.enter_context(Board(_command(arguments, site, clamps), say))
        ready = board.wait_ready(ended)
        if ready:
            show, every_s = _shower(console, stack, site, board, ready[0])
            _watch(site, board, clamps, ready[1:], show, lambda: ended.wait(every_s))


def _check_port(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError as error:
            reason = f"{error.strerror}; give another one"
            raise RunError(f"HTTP port {port} cannot be used: {reason}") from error


def _command(arguments, site, clamps):
    board = arguments.board or [sys.executable, "-u", "-m", "host_tools.virtual_board"]
    return [
        *board,
        *("--config", str(arguments.config.resolve())),
        *("--uart", site.bridge_tty),
        *("--http-port", str(arguments.http_port)),
        *clamps.options(),
    ]


def _shower(console, stack, site, board, address):
    """show(truth, answer), and how often it wants to: a picture for a terminal, lines for a log."""
    if not console.is_terminal:
        _say(f"ready {address}", "")
        return lambda truth, answer: _say(
            terminal.plain_line(site, truth, answer), ""
        ), _PLAIN_LOOK_S
    live = stack.enter_context(Live(console=console, auto_refresh=False))

    def show(truth, answer):
        live.update(terminal.picture(site, truth, answer, address, board.log), refresh=True)

    return show, _LOOK_S


def _watch(site, board, clamps, server, show, rest):
    """Show both sides again and again, until rest() says that this is the end."""
    while True:
        board.check()
        truth = site.truth()
        clamps.write(truth)
        show(truth, bridge.ask(*server))
        if rest():
            return


def _say(line, whose="board: "):
    print(whose + line, flush=True)


def _say_nothing(line):
    pass


if __name__ == "__main__":
    sys.exit(main())
