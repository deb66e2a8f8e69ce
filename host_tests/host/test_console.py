# SPDX-License-Identifier: MIT
"""What the virtual board passes on, and what it takes from that."""

import io
import os

import pytest

from host_tools.simulate.virtual_board.console import Console


class Pipe:
    """What a firmware prints, piece by piece."""

    def __init__(self):
        self._read, self._write = os.pipe()

    def fileno(self):
        return self._read

    def put(self, text):
        os.write(self._write, text)

    def close(self):
        os.close(self._write)


def passed_on(*pieces):
    """(console, its output) after these pieces and the end of the pipe."""
    out, pipe = io.BytesIO(), Pipe()
    console = Console(out)
    for piece in pieces:
        if callable(piece):
            piece(console)
        else:
            pipe.put(piece)
            assert console.pass_on(pipe, 0)
    pipe.close()
    assert not console.pass_on(pipe, 0)
    return console, out.getvalue()


def test_bytes_come_through_unchanged():
    text = b"one\r\n\ntwo \xff three"
    assert passed_on(text[:5], text[5:])[1] == text


def test_our_line_waits_for_no_line_but_never_cuts_one():
    ours = lambda console: console.line("ready")  # noqa: E731
    assert passed_on(b"a ", ours, b"b\n")[1] == b"ready\na b\n"


def test_prompt_without_line_end_is_shown_after_a_while():
    out, pipe = io.BytesIO(), Pipe()
    console = Console(out)
    pipe.put(b">>> ")
    console.pass_on(pipe, 0)
    assert out.getvalue() == b""
    console.pass_on(pipe, 0)
    console.line("ready")
    assert out.getvalue() == b">>> \nready\n"


def test_last_line_is_remembered():
    console, _ = passed_on(b"hello\nbye ", b"bye\n\n")
    assert console.last == "bye bye"


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        ("config.json: not JSON", True),
        ("devices[1].unit: 300 is not 1 to 255", True),
        ('buss: unknown key; did you mean "bus"?', True),
        ("bus.de: the board has no free pin 40", True),
        ("bye", False),
        ("Traceback (most recent call last):", False),
        ("serving http://127.0.0.1:80/", False),
    ],
)
def test_complaint_about_the_config_is_recognised(line, refusal):
    console, _ = passed_on(line.encode() + b"\n")
    assert console.refusal() == (line if refusal else None)
