# SPDX-License-Identifier: MIT
"""A virtual board with a flash image and a serial port, as an ESP32 on a desk."""

import subprocess
import sys
import time
from pathlib import Path

from rig import LIMIT_S, ROOT, Line

MPREMOTE = [sys.executable, "-m", "mpremote"]
_TRIES = 3


class Flashed:
    """Lives in `folder`; power can be cut and come back. Its flash takes no time, unless that is what is tested."""

    def __init__(self, folder, *options, quick_flash=True):
        self.image = Path(folder, "flash")
        self.port = str(Path(folder, "port"))
        self.state = Path(folder, "state")
        self._line = Line()
        self._log = open(Path(folder, "log"), "a+b")  # noqa: SIM115
        self._options = [*options, "--quick-flash"] if quick_flash else options
        self._process = None
        self.state.mkdir(exist_ok=True)
        self.power_on()

    def power_on(self):
        given = ["--flash", self.image, "--repl", self.port, "--uart", self._line.name]
        given += ["--state", self.state, *self._options]
        command = [sys.executable, "-m", "host_tools.virtual_board", *map(str, given)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log
        )
        self.wait_for(lambda: Path(self.port).exists() or self._process.poll() is not None)

    def power_off(self):
        """At once, whatever is going on: the interpreter dies with its parent."""
        self._process.kill()
        self._process.wait()
        Path(self.port).unlink(missing_ok=True)

    def log(self):
        self._log.seek(0)
        return self._log.read().decode()

    def wait_for(self, there):
        """Until there() is true."""
        until_s = time.monotonic() + LIMIT_S
        while not there():
            assert time.monotonic() < until_s, self.log()
            time.sleep(0.02)

    def wait_for_rtc(self, data):
        """Until the firmware has put this into RTC memory."""
        self.wait_for(lambda: Path(self.state, "rtc").read_bytes() == data)

    def wait_for_reset(self, cause):
        self.wait_for(lambda: f"the board restarts, reset cause {cause}" in self.log())

    def close(self):
        self._process.terminate()
        self._process.wait()
        self._line.close()
        self._log.close()

    def mpremote(self, *words, **given):
        """What mpremote prints; its failure is the test's."""
        done = self.try_mpremote(*words, **given)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def try_mpremote(self, *words, port=None, limit_s=LIMIT_S):
        """A Ctrl-C that meets a board just starting is lost, as on a chip: a person says the command again, and so here."""
        command = [*MPREMOTE, "connect", port or self.port, *map(str, words)]
        for _ in range(_TRIES):
            done = subprocess.run(command, capture_output=True, text=True, timeout=limit_s)
            if "could not enter raw repl" not in done.stderr:
                break
        return done
