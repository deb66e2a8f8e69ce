# SPDX-License-Identifier: MIT
"""More than 100,000 broken, cut, joined and random streams against the request parser.

Each is fed whole, byte by byte and in random pieces: the outcome must be the same, and the one
that a slow model of the rules, written with regular expressions over the complete stream, comes
to. hypothesis draws the material and the seed of each batch; it is derandomized, so that a run can
be repeated, and what failed once stays as an example.
"""

import random
import re

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from httpd import request

BATCHES = 1100
STREAMS = 100  # in a batch

# As docs/performance.md states them, under "Limits".
LINE_BYTES = 128
HEADER_BYTES = 4096
PATHS = (b"/", b"/api/v1/info.json", b"/api/v1/values.json")
MATERIAL = (
    b"GET /api/v1/values.json HTTP/1.1\r\nHost: 192.168.1.50\r\nAccept: */*\r\n\r\n",
    b"GET /api/v1/info.json HTTP/1.0\r\n\r\n",
    b"GET / HTTP/1.1\r\nCookie: " + b"c=d; " * 30 + b"\r\n\r\n",
    b"GET http://bridge:8080/api/v1/values.json?x=1 HTTP/1.1\n\n",
    b"\r\nGET HTTP://10.0.0.9/ HTTP/1.2\r\n\r\n",
    b"POST /api/v1/values.json HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody",
    b"OPTIONS * HTTP/1.1\r\n\r\n",
    b"HEAD /api/v1/values.json HTTP/1.1\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
    b"GET /" + b"a" * (LINE_BYTES - 15) + b" HTTP/1.1\r\n\r\n",
    b"HEAD /" + b"a" * LINE_BYTES,
    b"GET /x HTTP/1.1\r\n" + b"h: v\r\n" * 680 + b"\r\n",
    b"HEAD / HTTP/1.1\r\n" + b"h: v\r\n" * 680 + b"\r\n",
)
TOKENS = (
    b"GET ",
    b"/",
    b" HTTP/1.1",
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b" ",
    b"?",
    b"http://",
    b"hTTp://h/",
    b"\0",
    b"HEAD ",
)


ROUTES = [request.Route(path, None, path == PATHS[-1]) for path in PATHS]
DATA = bytearray(request.TAIL_BYTES + 1024)


def feed(one, raw, cuts):
    """Feed raw cut at `cuts` (and each 1024 bytes); return (outcome, path, closes)."""
    one.clear()
    at = 0
    for cut in cuts:
        while at < cut:
            count = min(cut - at, 1024)
            DATA[request.TAIL_BYTES : request.TAIL_BYTES + count] = raw[at : at + count]
            outcome = one.feed(DATA, count)
            if outcome:
                found = outcome in (200, 201)
                return outcome, one.route.path if found else None, one.closes and found
            at += count
    return 0, None, False


LINE = re.compile(rb"([A-Za-z][^ ]*) ([^ ]+) HTTP/1\.([0-9])\r?", re.DOTALL)
GET = re.compile(rb"GET ((?:[hH][tT][tT][pP]://[^/?]+)?)(/.*) HTTP/1\.[0-9]\r?", re.DOTALL)
LONG = re.compile(rb"[A-Za-z][^ ]{0,14} ", re.DOTALL)


def line_outcome(line):
    got = GET.fullmatch(line)
    if got:
        for path in PATHS:
            if got[2] == path or got[2].startswith(path + b"?"):
                is_other = got[2] != path and path == PATHS[-1]
                return 201 if is_other else 200, path, line.rstrip(b"\r").endswith(b"0")
        return 404, None, False
    whole = LINE.fullmatch(line)
    if whole and whole[1] != b"GET":
        return (-500 if whole[1] == b"HEAD" else 500), None, False
    return 400, None, False


def model(raw):
    """What the rules say about a stream, seen as a whole; the response to a HEAD has no content."""
    size = len(raw)
    if raw.startswith((b"\n", b"\r\n")):
        raw = raw.partition(b"\n")[2]  # one empty line does not matter, but counts
    line, feed_, _ = raw.partition(b"\n")
    if len(line) > LINE_BYTES:
        long = -414 if line.startswith(b"HEAD ") else 414
        return (long if LONG.match(line) else 400), None, False
    if not feed_:
        return (400 if raw not in (b"", b"\r") and not raw[:1].isalpha() else 0), None, False
    outcome = line_outcome(line)
    if outcome[0] == 400:
        return outcome
    if re.search(rb"\n\r?\n", raw[: HEADER_BYTES - size + len(raw)]):
        return outcome
    long = -431 if outcome[0] < 0 else 431
    return (long if size >= HEADER_BYTES else 0), None, False


def mutate(chance, pieces):
    """One stream: some material, cut, joined, overwritten, with tokens and noise put in."""
    raw = chance.choice(pieces + MATERIAL[: chance.choice((6, 10, 14))])
    for _ in range(chance.choice((0, 1, 1, 2, 3))):
        at = chance.randrange(len(raw) + 1)
        kind = chance.randrange(6)
        if kind == 0:
            raw = raw[:at]
        elif kind == 1:
            raw = raw[:at] + chance.choice(TOKENS) + raw[at:]
        elif kind == 2:
            raw = raw[:at] + bytes((chance.randrange(256),)) + raw[at + 1 :]
        elif kind == 3:
            raw = raw[:at] + chance.choice(pieces) + raw[at:]
        elif kind == 4:
            raw = raw[:at] + raw[at + chance.randrange(1, 9) :]
        else:
            raw = raw[:at] + chance.choice(MATERIAL[:6])
    return raw


def check(one, raw, chance):
    expected = model(raw)
    end = len(raw)
    cuts = sorted(chance.randrange(end + 1) for _ in range(3)) + [end]
    assert feed(one, raw, [end]) == expected, raw
    assert feed(one, raw, cuts) == expected, (raw, cuts)
    assert feed(one, raw, range(1, end + 1)) == expected, raw


@settings(
    max_examples=BATCHES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(
    st.integers(0, 2**32),
    st.lists(st.binary(max_size=40) | st.sampled_from(TOKENS), min_size=1, max_size=3),
)
@example(0, [b"GET / HTTP/1.1\r\n"])
@example(1, [b"\n"])
def test_any_stream_has_the_same_outcome_whole_and_byte_by_byte(seed, pieces):
    chance = random.Random(seed)
    one = request.Request(ROUTES)
    for _ in range(STREAMS):
        check(one, mutate(chance, tuple(pieces)), chance)


def test_the_material_reaches_every_outcome():
    chance = random.Random(5)
    found = {model(mutate(chance, (b"x",)))[0] for _ in range(5000)}
    assert found == {0, 200, 201, 400, 404, 414, 431, 500, -414, -431, -500}
