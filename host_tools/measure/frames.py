# SPDX-License-Identifier: MIT
"""How large the frames of Python functions are on MicroPython: `python -m host_tools.measure.frames
FILE.py ...`.

A function's locals, its stack and its exception handlers make its frame. Up to 11 words it lies on
the C stack; a larger one is taken from the heap at each call and given back at its end
(py/objfun.c, VM_MAX_STATE_ON_STACK). The heap in use does not grow by it, but the search for a
free place costs as much as some ten bytecodes, and more the fuller the heap. Read from the prelude
of the .mpy file that mpy-cross makes (py/bc.h, py/persistentcode.c).
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from host_tools.build.compiler import mpy_cross

ON_STACK_WORDS = 11
_HANDLER_WORDS = 3
# Names that every interpreter knows are stored as numbers (py/makeqstrdata.py); those that
# functions of ours have.
_KNOWN = {
    17: "__init__", 71: "close", 74: "count", 118: "open", 125: "read", 138: "send", 149: "step",
}  # fmt: skip


def frames(source):
    """[(name, words)] of all functions of a file, in their order; "?": a name that is built in."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "x.mpy")
        subprocess.run([mpy_cross(), "-o", target, source], check=True)
        return _Reader(target.read_bytes()).functions


class _Reader:
    def __init__(self, data):
        self._data = data
        self._at = 4
        self.functions = []
        names, objects = self._number(), self._number()
        self._names = [self._name() for _ in range(names)]
        for _ in range(objects):
            self._skip_object()
        self._code()

    def _byte(self):
        self._at += 1
        return self._data[self._at - 1]

    def _number(self):
        value = 0
        while True:
            byte = self._byte()
            value = value << 7 | byte & 0x7F
            if not byte & 0x80:
                return value

    def _name(self):
        length = self._number()
        if length & 1:
            return _KNOWN.get(length >> 1, "?")
        begin = self._at
        self._at += (length >> 1) + 1
        return self._data[begin : self._at - 1].decode()

    def _skip_object(self):
        kind = self._byte()
        if kind <= 4:  # none, false, true, ellipsis
            return
        length = self._number()
        if kind == 10:  # tuple
            for _ in range(length):
                self._skip_object()
        else:
            self._at += length + (kind in (5, 6))  # str and bytes end in a zero

    def _code(self):
        header = self._number()
        begin = self._at
        words = self._frame_words()
        while self._byte() & 0x80:
            pass
        self.functions.append((self._names[self._number()], words))
        self._at = begin + (header >> 3)
        if header & 4:
            for _ in range(self._number()):
                self._code()

    def _frame_words(self):
        byte = self._byte()
        state = byte >> 3 & 0xF
        handlers = byte >> 2 & 1
        more = 0
        while byte & 0x80:
            byte = self._byte()
            state |= (byte & 0x30) << 2 * more
            handlers |= (byte & 2) << more
            more += 1
        return state + 1 + _HANDLER_WORDS * handlers


def main():
    for source in sys.argv[1:]:
        for name, words in frames(source):
            print(f"{words:4} {'heap ' if words > ON_STACK_WORDS else '     '}{source}: {name}")


if __name__ == "__main__":
    main()
