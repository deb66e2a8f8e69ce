# SPDX-License-Identifier: MIT
"""`make setup` on a board with a flash and a serial port: the key, the label, and that the mode begins."""

import subprocess
import sys

import pytest

from flashed import Flashed
from host_tools.owner import setup
from rig import LIMIT_S, ROOT


@pytest.fixture
def board(tmp_path):
    made = Flashed(tmp_path)
    yield made
    made.close()


def run(board, *options):
    command = [sys.executable, "-m", "host_tools.owner.setup", "--port", board.port, *options]
    done = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=LIMIT_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    words = dict(line.split(None, 1) for line in done.stdout.splitlines()[:3])
    return words["network"], words["key"]


def test_the_key_is_made_once_and_replaced_when_asked(board, tmp_path):
    label = tmp_path / "label.svg"
    name, key = run(board, "--key-only", "--label", str(label))
    assert name == "NRGkick-Bridge-0001"
    assert len(key) >= 16 and key in label.read_text() and name in label.read_text()
    assert run(board, "--key-only") == (name, key)
    picture = tmp_path / "label.png"
    other = run(board, "--key-only", "--new-key", "--label", str(picture))
    assert other[0] == name and other[1] != key
    assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert key not in board.log() and other[1] not in board.log()


def test_keys_differ_and_fit_wpa2():
    keys = {setup.new_key() for _ in range(200)}
    assert len(keys) == 200 and all(8 <= len(key) <= 63 for key in keys)
    assert not any(set('\\;,:"') & set(key) for key in keys), "a QR code would need escapes"
