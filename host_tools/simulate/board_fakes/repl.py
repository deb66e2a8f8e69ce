# SPDX-License-Identifier: MIT
"""The console as the ESP32 port offers it: friendly REPL, raw REPL and raw paste.

The bytes are those of MicroPython's shared/runtime/pyexec.c, which mpremote expects. Interrupts are off but while
code runs; the virtual board sends Ctrl-C as SIGINT then, and as a byte otherwise.
"""

import io
import os
import sys

import host
import micropython

import __main__

_CTRL_A, _CTRL_B, _CTRL_C, _CTRL_D, _CTRL_E = range(1, 6)
_BACKSPACES = (8, 127)
_ENTERS = (10, 13)
_ESCAPE = 27
_WINDOW = 128  # bytes that the sender of a raw paste may be ahead, and twice at first
_COMPOUND = ("if", "while", "for", "try", "with", "def", "class", "async", "@")

_stdin = sys.stdin.buffer
_say = sys.stdout.buffer.write
_sigprocmask = host.libc.func("i", "sigprocmask", "ipp")
_BLOCK = 0
_UNBLOCK = 1
_SIGINT_SET = bytes((2,)) + bytes(127)
_kbd_intr = micropython.kbd_intr

raw = os.getenv("BOARD_RAW_REPL") == "1"  # outlives a soft reset


def kbd_intr(byte):
    """micropython.kbd_intr. The signal's mask is what the virtual board goes by."""
    if byte < 0:
        _sigprocmask(_BLOCK, _SIGINT_SET, None)
    _kbd_intr(byte)
    if byte >= 0:
        _sigprocmask(_UNBLOCK, _SIGINT_SET, None)


class _Micropython:
    """The module, with our kbd_intr in it."""


def install():
    for name in dir(micropython):
        setattr(_Micropython, name, getattr(micropython, name))
    _Micropython.kbd_intr = kbd_intr
    sys.modules["micropython"] = _Micropython


def run(function, *arguments):
    """Call with interrupts on; returns what was raised, or None."""
    try:
        kbd_intr(_CTRL_C)
        function(*arguments)
        raised = None
    except BaseException as error:
        raised = error
    while True:
        try:
            kbd_intr(-1)
            return raised
        except KeyboardInterrupt as error:
            raised = error


def serve():
    """Until a soft reset is wanted."""
    while not (_raw_repl() if raw else _friendly_repl()):
        pass


def tell(error):
    """As the port does, without the frames that are ours."""
    text = io.StringIO()
    sys.print_exception(error, text)
    for line in text.getvalue().rstrip().split("\n"):
        if not line.startswith('  File "repl"'):
            print(line)


def _byte():
    data = _stdin.read(1)
    if not data:
        host.exit_(host.ENDED)
    return data[0]


def _execute(source, kind):
    """Run it; returns (whether that asks for a soft reset, what else it raised)."""
    raised = run(lambda: exec(compile(source, "<stdin>", kind), __main__.__dict__))
    if isinstance(raised, SystemExit):
        return True, None
    return False, raised


def _raw_repl():
    global raw
    _say(b"raw REPL; CTRL-B to exit\r\n>")
    line = bytearray()
    while True:
        byte = _byte()
        if byte == _CTRL_A and line == b"\x05A":
            if _raw_paste():
                return True
            line = bytearray()
            _say(b">")
        elif byte == _CTRL_A:
            if line[:1] == b"\x05":
                _say(b"R\x00>")
                line = bytearray()
            else:
                return False
        elif byte == _CTRL_B:
            _say(b"\r\n")
            raw = False
            return False
        elif byte == _CTRL_C:
            line = bytearray()
        elif byte == _CTRL_D:
            _say(b"OK")
            if not line:
                _say(b"\r\n")
                return True
            if _answer(line):
                return True
            line = bytearray()
            _say(b">")
        else:
            line.append(byte)


def _raw_paste():
    _say(b"R\x01" + bytes((_WINDOW, 0, 1)))
    source = bytearray()
    left = _WINDOW
    while True:
        byte = _byte()
        if byte in (_CTRL_C, _CTRL_D):
            _say(b"\x04")
            return _answer(source if byte == _CTRL_D else b"raise KeyboardInterrupt")
        source.append(byte)
        left -= 1
        if not left:
            _say(b"\x01")
            left = _WINDOW


def _answer(source):
    """Run it and tell the result as both raw modes do. Returns whether a soft reset is wanted."""
    reset, raised = _execute(bytes(source), "exec")
    _say(b"\x04")
    if raised:
        tell(raised)
    _say(b"\x04")
    return reset


def _friendly_repl():
    global raw
    _say(sys.version.split("; ")[-1].encode() + b"; virtual board with ESP32\r\n")
    _say(b'Type "help()" for more information.\r\n')
    while True:
        end, line = _read_line(b">>> ")
        if end == _CTRL_A:
            _say(b"\r\n")
            raw = True
            return False
        if end == _CTRL_B:
            _say(b"\r\n")
            return False
        if end == _CTRL_D:
            _say(b"\r\n")
            return True
        if end == _CTRL_C or not line:
            continue
        while end in _ENTERS and _continues(line):
            end, more = _read_line(b"... ")
            line += "\n" + more
        if end != _CTRL_C:
            reset, raised = _execute(line, "single")
            if raised:
                tell(raised)
            if reset:
                return True


def _read_line(prompt):
    """(the byte that ended it, the text). Backspace is all the editing there is."""
    _say(prompt)
    line = ""
    while True:
        byte = _byte()
        if byte in _ENTERS or byte == _CTRL_C:
            _say(b"\r\n")
            return byte, line
        if byte <= _CTRL_D and not line:
            return byte, line
        if byte in _BACKSPACES and line:
            line = line[:-1]
            _say(b"\b \b")
        elif byte == _ESCAPE:
            while not chr(_byte()).isalpha():
                pass
        elif 32 <= byte < 127:
            line += chr(byte)
            _say(bytes((byte,)))


def _continues(text):
    if text.startswith(_COMPOUND):
        return not text.endswith("\n")
    return sum(text.count(c) for c in "([{") > sum(text.count(c) for c in ")]}")
