# SPDX-License-Identifier: MIT
"""What runs for each request: few functions, whose frames stay off the heap, but for _serve, which keeps its own.

_evict, _let_in and _copy only run when all slots are busy, for a new charger, for a line in pieces.
"""

import sys
from pathlib import Path

from host_tools.measure import frames
from httpd_fakes import GET_VALUES, Rig

HTTPD = Path(__file__).resolve().parents[2] / "lib" / "httpd"
HOT = {
    "server.py": {"_check"},
    "connection.py": {
        "accept", "receive", "begin", "_may_begin", "_respond", "_postpone", "send", "_let_go", "drop", "expire", "rank",
    },
    "chargers.py": {"count", "rank", "step", "charger_age_ms"},
    "request.py": {"feed", "_take", "_take_line", "_parse"},
    "responses.py": {"open", "read"},
    "document.py": {"begin", "write_int", "write_tenths", "set_age", "_patch"},
}  # fmt: skip


def test_functions_of_the_hot_path_fit_the_c_stack():
    for file, names in HOT.items():
        found = dict(frames.frames(HTTPD / file))
        assert names <= set(found), (file, names - set(found))
        large = {name: found[name] for name in names if found[name] > frames.ON_STACK_WORDS}
        assert not large, (file, large)


def test_a_request_of_the_charger_takes_seven_calls():
    """And three turns of the loop: accept, request, close."""
    rig = Rig()
    called = []

    def note(frame, event, _):
        path = Path(frame.f_code.co_filename)
        if event == "call" and path.parent == HTTPD:
            called.append(f"{path.stem}.{frame.f_code.co_name}")

    rig.run(rig.connect(GET_VALUES, b""))
    sys.setprofile(note)
    try:
        sock = rig.connect(GET_VALUES)
        rig.step()
        sock.incoming.append(b"")
        rig.step()
    finally:
        sys.setprofile(None)
    assert sock.status() == b"200" and sock.is_closed
    assert called == [
        "server._serve", "connection.accept",
        "server._serve", "connection.receive", "request.feed", "responses.open", "connection._respond", "responses.read",
        "server._serve", "connection.drop",
    ]  # fmt: skip


def test_frames_are_counted_as_micropython_does(tmp_path):
    source = tmp_path / "x.py"
    source.write_text(
        "def small(a):\n    return a\n"
        "def handler(a):\n    try:\n        return a\n    except OSError:\n        return 0\n"
    )
    found = dict(frames.frames(source))
    # one local and one word of stack; three more for the handler, and what matching the exception
    # takes
    assert found["small"] == 2
    assert found["handler"] > 2 + 3
