# SPDX-License-Identifier: MIT
"""The RS485 line in the set-up mode: questions asked one at a time, at whatever setting, while the page is answered.

A generator of questions yields (setting, unit, (function, address, count), timeout_ms, pause_ms) and is sent (reply, late unit): the words as
a list, the code of an exception response, or 0; setting is (baudrate, parity, stop bits).
"""

from firmware.hw import chip
from firmware.hw.bus_port import BusPort
from modbus.master import EXCEPTION, GOOD, PENDING, Master
from ticks import ticks_add, ticks_diff


class Stopped(Exception):
    """Raised by what a generator calls, where another task is wanted meanwhile."""


class Bus:
    """board: of boards/*.json; written: `bus` of the config, whose pins go before the board's. is_noisy: something came that is no answer."""

    def __init__(self, board, written):
        chip.switch_on(board["on"])
        pins = board["uart"]
        self._line = {key: written.get(key, pins[key]) for key in ("tx", "rx", "de")}
        self._line["uart"] = pins["id"]
        self._setting = None
        self._master = None
        self._questions = None
        self._question = None
        self._reply = None
        self._is_asking = False
        self._free_ms = 0  # when the line was last in use
        self.is_noisy = False

    def start(self, questions, now_ms):
        self._questions = questions
        self._question = self._reply = None
        self._is_asking = False
        self._free_ms = now_ms

    def stop(self):
        """Let go of all that it holds, so that a stray pointer to it holds nothing more."""
        self._questions = self._question = self._reply = self._master = None

    def step(self, now_ms):
        """Whether there is more to ask."""
        if self._is_asking:
            outcome = self._master.step(now_ms)
            if outcome == PENDING:
                return True
            self._is_asking = False
            self._question = None
            self._free_ms = now_ms
            self._reply = self._read(outcome)
        if self._question is None:
            try:
                self._question = self._questions.send(self._reply)
            except (StopIteration, Stopped):
                return False
        setting, unit, (function, address, count), timeout_ms, pause_ms = self._question
        if setting != self._setting:
            self._open(setting)
        due_ms = ticks_add(self._free_ms, max(pause_ms, self._master.silence_ms))
        if ticks_diff(now_ms, due_ms) >= 0:
            self._is_asking = True
            self._count = count
            self._master.select(unit, function, timeout_ms)
            self._master.begin(address, count, now_ms)
        return True

    def _open(self, setting):
        baudrate, parity, stop_bits = setting
        bits = 9 + (parity != "none") + stop_bits
        line = dict(self._line, baudrate=baudrate, parity=parity, stop_bits=stop_bits, bits=bits)
        self._master = Master(BusPort(line), baudrate, bits)
        self._setting = setting

    def _read(self, outcome):
        master = self._master
        if outcome == GOOD:
            at, data = master.data, master.buffer
            words = [data[i] << 8 | data[i + 1] for i in range(at, at + 2 * self._count, 2)]
            return words, master.late_unit
        if outcome == EXCEPTION:
            return master.exception, master.late_unit
        self.is_noisy = self.is_noisy or master.length > 0
        return 0, master.late_unit
