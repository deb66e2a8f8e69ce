"""What runs for each request keeps its frame off the heap, but for _serve, which keeps it for ever.

_evict, _postpone and _keep only run in a full house, for what was not taken at once, for pieces.
"""

from pathlib import Path

from host_tools.measure import frames

HTTPD = Path(__file__).resolve().parents[2] / "lib" / "httpd"
HOT = {
    "server.py": {"_accept", "_open", "_refuse", "_answer", "_send", "_drop", "_check", "_expire"},
    "request.py": {"feed", "_take", "_parse"},
    "document.py": {"begin", "open", "read", "write_int", "write_tenths", "set_age", "_patch", "_put"},
}  # fmt: skip


def test_functions_of_the_hot_path_fit_the_c_stack():
    for file, names in HOT.items():
        found = dict(frames.frames(HTTPD / file))
        assert names <= set(found), (file, names - set(found))
        large = {name: found[name] for name in names if found[name] > frames.ON_STACK_WORDS}
        assert not large, (file, large)


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
