# SPDX-License-Identifier: MIT
"""Chaos in virtual time (host_tools/simulate/chaos): the bridge's parts with faults, and a charger that believes nothing.

First the charger itself: a bridge that is broken on purpose must be found out.
"""

from collections import Counter
from concurrent.futures import ProcessPoolExecutor

import pytest

from host_tools.simulate.chaos import faults, report, shrinking, world
from httpd.chargers import Chargers
from httpd.connection import Connection
from httpd.document import Document
from meters import decode, register, states
from meters.register import Register
from modbus import frame, master
from values.documents import Values
from values.readings import Device


def kinds_found(seeds, **options):
    return {one.kind for seed in seeds for one in world.run(seed, 60, **options).violations}


def values_never_expire(patch):
    patch.setattr(Device, "expire", lambda self, now_ms: None)
    patch.setattr(Device, "fresh", lambda self, now_ms: self.known())
    render = Values._render_values

    def forever(self):
        render(self)
        self._expiring = False

    patch.setattr(Values, "_render_values", forever)


def age_is_always_0(patch):
    set_age = Document.set_age
    patch.setattr(Document, "set_age", lambda self, seconds: set_age(self, 0))


def helpers_are_not_confirmed(patch):
    def careless(name, *arguments):
        from meters import adapt  # anew each time, as states.adapt does

        adapt._close_to = lambda one: []
        getattr(adapt, name)(*arguments)

    patch.setattr(register, "_confirmed", lambda one: True)
    patch.setattr(states, "adapt", careless)


def signs_are_lost(patch):
    patch.setattr(Register, "_signed", lambda self, multiply: multiply)


def late_units_are_not_probed(patch):
    patch.setattr(states, "probes_next", lambda unit: False)


def crc_is_not_checked(patch):
    patch.setattr(master, "crc16", lambda buf, start, end: 0)


def any_unit_answers(patch):
    def answer_at(buf, at, request, size):
        return size if buf[at + 1] == request[1] and buf[at + 2] == size - 5 else 0

    patch.setattr(frame, "answer_at", answer_at)


def any_length_answers(patch):
    def answer_at(buf, at, request, size):
        return 5 + buf[at + 2] if buf[at] == request[0] and buf[at + 1] == request[1] else 0

    patch.setattr(frame, "answer_at", answer_at)


def no_value_is_a_value(patch):
    patch.setattr(decode.Number, "_within_16_bits", lambda self, kind: True)
    patch.setattr(Register, "_marked", lambda self, buf, at: False)


def load_is_guessed(patch):
    render = Values._render_load
    write_int = Document.write_int

    def wrong(self, document):
        patch.setattr(Document, "write_int", lambda self, value: write_int(self, value + 1))
        render(self, document)
        patch.setattr(Document, "write_int", write_int)

    patch.setattr(Values, "_render_load", wrong)


def watts_have_decimals(patch):
    write_int = Document.write_int

    def decimal(self, value):
        write_int(self, value)
        self.write(b".0")

    patch.setattr(Document, "write_int", decimal)


def nothing_is_answered(patch):
    patch.setattr(Connection, "receive", lambda self, count, now_ms: None)


def chargers_are_nobody(patch):
    patch.setattr(Chargers, "rank", lambda self, client: 0)


def absent_units_are_left_alone(patch):
    patch.setattr(states, "_AGAIN_MS", 20000)


BROKEN = [
    (values_never_expire, "stale", {"kinds": ["silence"]}),
    (age_is_always_0, "stale", {"kinds": ["silence"]}),
    (
        helpers_are_not_confirmed,
        "torn",
        {"kinds": ["refused", "short-reads"], "site": "scale factors"},
    ),
    (signs_are_lost, "mis-signed", {"kinds": ["silence"], "site": "directions"}),
    (late_units_are_not_probed, "stale", {"kinds": ["late"]}),
    (crc_is_not_checked, "invented", {"kinds": ["flips"]}),
    (any_unit_answers, "invented", {"kinds": ["second-master"], "site": "twins"}),
    (any_length_answers, "invented", {"kinds": ["wrong-length", "late", "copies"]}),
    (no_value_is_a_value, "invented", {"kinds": ["reboot"]}),
    (load_is_guessed, "invented", {"kinds": ["silence"]}),
    (watts_have_decimals, "malformed", {"kinds": ["silence"]}),
    (nothing_is_answered, "late", {"kinds": ["silence"]}),
    (chargers_are_nobody, "late", {"kinds": ["hostile-clients", "slow-reader"]}),
    (absent_units_are_left_alone, "false 503", {"kinds": ["silence"], "site": "twins"}),
]


@pytest.mark.parametrize(
    "break_it, kind, options", BROKEN, ids=lambda one: getattr(one, "__name__", None)
)
def test_a_broken_bridge_is_found_out(break_it, kind, options, monkeypatch):
    assert kind not in kinds_found(range(6), **options), "the bridge is not broken yet"
    break_it(monkeypatch)
    for first in range(0, 24, 3):
        if kind in kinds_found(range(first, first + 3), **options):
            return
    raise AssertionError(f"24 seeds and no {kind}")


def test_a_run_is_the_same_each_time():
    first, second = world.run(3, 40), world.run(3, 40)
    assert (first.counts, first.requests) == (second.counts, second.requests)
    assert list(map(str, first.faults)) == list(map(str, second.faults))


def test_fewest_faults_are_those_that_matter():
    tried = []

    def fails(numbers):
        tried.append(numbers)
        return {3, 8} <= set(numbers)

    assert shrinking.fewest(list(range(12)), fails) == [3, 8]
    assert len(tried) < 60
    assert shrinking.fewest([1, 2], lambda numbers: True) == []


# (seed, kinds, the fault that it took, what was untrue). The fault is written out, so that a seed that has come to mean another one shows.
FOUND = [
    (3, "late", "late unit 2 31.1 to 56.3 s, 7500 ms", "an answer of seconds ago, Age 0"),
    (24, "late", "late unit 7 33.3 to 73.3 s, 7500 ms", "an answer of seconds ago, Age 0"),
    (7, "swap,refused-read", "swap unit 1 28.2 to 33.2 s", "another model's register as power"),
    (29, "copies,swap", "swap unit 1 8.0 to 13.0 s", "another model's register as power"),
    (8, "reboot", "reboot unit 2 8.0 to 17.0 s, registers 0", "30 s of 503: models not found"),
    (47, "reboot", "reboot unit 1 12.5 to 21.5 s, registers 0", "0 W of a clamp: 0 V"),
    (23, "reboot", "reboot unit 2 31.5 to 40.5 s, registers 65535", "-1 W: all ones"),
    (75, "reboot", "reboot unit 1 19.9 to 26.6 s, registers 65535", "0 W: -1 by its scale factor"),
    (10, "short-reads,refused", "refused 43.7 to 46.8 s, code 1, 100%", "503 too long"),
]


@pytest.mark.parametrize("seed, kinds, fault, what", FOUND, ids=lambda one: str(one))
def test_what_was_found_stays_mended(seed, kinds, fault, what):
    whole = world.run(seed, 100, kinds=kinds.split(","))
    (number,) = [one.number for one in whole.faults if str(one) == fault]
    alone = world.run(seed, 100, {number}, kinds=kinds.split(","))
    assert whole.violations == alone.violations == [], what


def test_nothing_untrue_in_300_seeds():
    with ProcessPoolExecutor(2) as pool:
        results = list(pool.map(world.run, range(300), chunksize=10))
    failed = [
        f"make chaos SEED={one.seed}: {one.violations[0]}" for one in results if one.violations
    ]
    assert failed == []
    # The runs are worth something: each fault often, each site, and answers of both kinds.
    often = Counter(fault.name for one in results for fault in one.faults)
    assert min(often[name] for name in faults.KINDS) >= 10, often
    assert len({one.site for one in results}) == 5
    counts = report.Report(results, 100).counts
    assert counts["answers"] > 150000 and counts["values"] > 500000
    assert 0.02 < counts["503"] / counts["answers"] < 0.3
    assert counts["503 while well"] < 0.08 * counts["while well"]


def test_tables_of_the_page_are_of_the_runs(tmp_path):
    page = tmp_path / "chaos.md"
    page.write_text(report.PAGE.read_text("utf-8"), "utf-8")
    written = report.Report([world.run(5, 30)], 30)
    written.write(page)
    text = page.read_text("utf-8")
    assert "1 seeds of 30 s" in text
    for name in faults.KINDS:
        assert f"| `{name}` | " in text
    untouched = report.PAGE.read_text("utf-8").partition("## What it found")[2]
    assert untouched and text.endswith(untouched)
