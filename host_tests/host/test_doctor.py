# SPDX-License-Identifier: MIT
"""From counters to findings, in Python and in the page's JavaScript: each pattern by its own case, and none for a line that is well."""

import copy
import json
import subprocess

import pytest

from host_tests import needs
from host_tools.build import page
from host_tools.owner import doctor
from host_tools.paths import ROOT

OUTCOMES = ("good", "silent", "crc", "exception", "wrong_unit", "short", "noise")


def unit(address, device, age_ms=300, code=0, echo=0, late=0, implausible=0, **outcomes):
    """As /status.json tells it, of a unit with these outcomes."""
    found = {name: outcomes.get(name, 0) for name in OUTCOMES}
    exceptions = [0] * 12
    exceptions[code] = found["exception"]
    return {
        "unit": address, "good_age_ms": age_ms, "requests": sum(found.values()), "exceptions": exceptions, "warning": None,
        "devices": [device], "echo": echo, "late": late, "implausible": implausible, **found,
    }  # fmt: skip


def status(*units, noise=0, foreign=0, clamps=None):
    return {
        "units": list(units),
        "line": {"noise": noise, "late": 0, "foreign": foreign},
        "clamps": clamps or {},
    }


WELL = unit(1, "energy_meters 0", good=600)
FINE = unit(2, "inverters 0", good=590, silent=4, exception=6, code=6)
DEAD = {"age_ms": None, "silent": 60}
CLAMP = {"clipped_permille": 0, "rejected": {"dead": 0, "few": 3}}

# (what is wrong, counters, by night?, the findings): docs of the makers that table E of the owners' handbook names.
CASES = [
    ("all is well", status(WELL, FINE, noise=2), False, []),
    ("all is well at night", status(WELL, FINE), True, []),
    ("nothing was asked yet", status(unit(1, "energy_meters 0", age_ms=None)), False, []),
    ("A and B swapped, or no supply", status(unit(1, "energy_meters 0", **DEAD)), False, ["nobody"]),
    ("no bias", status(unit(1, "energy_meters 0", **DEAD), noise=30), False, ["restless"]),
    ("own echo, nobody behind it", status(unit(1, "energy_meters 0", echo=60, **DEAD)), False, ["hears_itself"]),
    ("own echo of a line that is well", status(unit(1, "energy_meters 0", good=60, echo=60)), False, []),
    ("zeros after each request: swapped against the bias", status(unit(1, "energy_meters 0", age_ms=None, noise=60)), False, ["restless"]),
    ("answers at another rate", status(unit(1, "energy_meters 0", age_ms=None, short=40, crc=18, noise=2)), False, ["unreadable_all"]),
    ("one breaks off, the other refuses all", status(unit(1, "energy_meters 0", age_ms=None, short=60), unit(2, "inverters 0", age_ms=None, code=2, exception=60)),
     False, ["unreadable", "refuses"]),
    ("wrong address", status(unit(1, "energy_meters 0", **DEAD), FINE), False, ["silent"]),
    ("no supply at one, by night", status(unit(1, "energy_meters 0", **DEAD), FINE), True, ["silent"]),
    ("asleep", status(WELL, unit(2, "inverters 0", **DEAD)), True, ["asleep"]),
    ("wrong parity of one", status(WELL, unit(2, "inverters 0", age_ms=None, crc=50, silent=3)), False, ["unreadable"]),
    ("second master", status(WELL, FINE, foreign=3), False, ["second_master"]),
    ("second master, who damages answers", status(unit(1, "energy_meters 0", good=80, crc=8, silent=12), FINE, foreign=3), False, ["second_master"]),
    ("termination", status(unit(1, "energy_meters 0", good=95, crc=5), unit(2, "inverters 0", good=96, short=4)), False, ["disturbed", "disturbed"]),
    ("two with one address", status(unit(1, "energy_meters 0", good=70, crc=30), FINE), False, ["shared_address"]),
    ("another answers", status(unit(1, "energy_meters 0", good=70, wrong_unit=30), FINE), False, ["other_unit"]),
    ("slow unit", status(unit(1, "energy_meters 0", good=90, silent=3, late=6), FINE), False, ["late"]),
    ("other model", status(WELL, unit(2, "inverters 0", age_ms=None, exception=50, code=2)), False, ["refuses"]),
    ("busy", status(WELL, unit(2, "inverters 0", good=90, exception=10, code=6)), False, []),
    ("wrong profile", status(unit(1, "energy_meters 0", good=90, implausible=9), FINE), False, ["implausible"]),
    ("loose wire of one", status(unit(1, "energy_meters 0", good=80, silent=20), FINE), False, ["drops_out"]),
    ("clamp overdriven", status(WELL, clamps={"ct1": CLAMP | {"clipped_permille": 12}}), False, ["clipped"]),
    ("clamp without bias", status(WELL, clamps={"ct1": CLAMP | {"rejected": {"dead": 9}}}), False, ["dead"]),
    ("clamp is well", status(WELL, clamps={"ct1": CLAMP}), False, []),
]  # fmt: skip


@pytest.mark.parametrize("wrong, seen, is_dark, expected", CASES, ids=[case[0] for case in CASES])
def test_each_fault_has_its_finding_and_a_good_line_none(wrong, seen, is_dark, expected):
    assert [one.id for one in doctor.findings(seen, None, is_dark)] == expected


def test_every_pattern_has_a_case():
    shown = {name for case in CASES for name in case[3]}
    assert shown == {one["id"] for one in doctor.FINDINGS if one["for"] != "house"}


def test_what_happened_before_the_minute_does_not_count():
    before = status(unit(1, "energy_meters 0", good=50, crc=50), FINE)
    now = copy.deepcopy(before)
    now["units"][0]["good"] += 60
    now["units"][0]["requests"] += 60
    assert [one.id for one in doctor.findings(now, None, False)] == ["shared_address"]
    assert doctor.findings(now, before, False) == []


def test_the_page_finds_the_same(tmp_path):
    needs.program("node", package="nodejs")
    cases = [
        [seen, {"inverters": [u["unit"] for u in seen["units"] if u["devices"] == ["inverters 0"]], "dark": is_dark}]
        for _, seen, is_dark, _ in CASES
    ]  # fmt: skip
    source = (ROOT / page.FOLDER / "doctor.js").read_text("utf-8")
    source = source.replace("/*findings.json*/", json.dumps(doctor.FINDINGS))
    script = f"const LANGUAGE=1;\n{source}\n"
    script += f"const cases={json.dumps(cases)};\n"
    script += "console.log(JSON.stringify(cases.map(([seen,known])=>findings(seen,null,known).map(f=>[f.id,f.facts]))));"
    script += "console.log(JSON.stringify(findings({units:[],clamps:{}},null,{inverters:[],load_w:-150}).map(f=>f.id)))"
    (tmp_path / "doctor.js").write_text(script, "utf-8")
    run = ["node", str(tmp_path / "doctor.js")]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    found, house = map(json.loads, done.stdout.splitlines())
    for (_, seen, is_dark, _), theirs in zip(CASES, found, strict=True):
        ours = doctor.findings(seen, None, is_dark)
        assert theirs == [[one.id, one.facts] for one in ours]
    assert house == ["reversed"]


def test_a_finding_is_a_sentence_with_the_owners_name_and_is_told_once():
    seen = status(unit(1, "energy_meters 0", **DEAD), FINE) | {"health": {"uptime_s": 5}}
    info = {"device_info": {"energy_meters": {"0": {"name": "Cellar"}}}}
    one = doctor.Doctor(lambda path: seen if path == "/status.json" else info)
    assert one.news() == [
        'The other devices answer: check supply, wiring and address 1 of "Cellar".'
    ]
    assert one.news() == []
    assert doctor.Doctor(lambda path: None).news() == []
