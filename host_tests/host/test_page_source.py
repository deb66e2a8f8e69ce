# SPDX-License-Identifier: MIT
"""The page's sources: both languages say the same, and the build changes nothing but names."""

import gzip
import json
import re
import shutil
import subprocess

import pytest

from host_tools.build import page, short_script
from host_tools.paths import ROOT

FOLDER = ROOT / page.FOLDER
WORDS = json.loads((FOLDER / "words.json").read_text("utf-8"))
FINDINGS = json.loads((FOLDER / "findings.json").read_text("utf-8"))
SOURCE = "\n".join(path.read_text("utf-8") for path in sorted(FOLDER.glob("*.[hj][ts]*")))
# Asked for by a name that is put together: the categories, the policies, the fields, the directions.
MADE_UP = re.compile(
    r"(name_)?(inverters|energy_meters|batteries|smart_loads|load)|(sun|grid|battery|use|house)(_[012])?|error|omit|hold"
    r"|\w+_(w|wh)|soc|temp|mode|voltage_l[123]|[er]_\w+"
)


def slots(text):
    return sorted(re.findall(r"\{(\w+)\}", text))


@pytest.mark.parametrize("key", [*WORDS, *(one["id"] for one in FINDINGS)])
def test_both_languages_say_it_with_the_same_values(key):
    texts = WORDS.get(key) or next(one["text"] for one in FINDINGS if one["id"] == key)
    german, english = texts
    assert german and english and slots(german) == slots(english)


def test_every_word_that_the_page_asks_for_is_there_and_every_other_is_asked_for():
    asked = set(re.findall(r"""\bt\("(\w+)"|pair\("(\w+)"|data-t="(\w+)\"""", SOURCE))
    asked = {name for names in asked for name in names if name}
    assert asked <= set(WORDS)
    text = set(re.findall(r'"(\w+)"', SOURCE)) | asked | set(re.findall(r"(\w+):/", SOURCE))
    assert {key for key in WORDS if key not in text and not MADE_UP.fullmatch(key)} == set()


def test_each_finding_has_a_name_of_its_own_and_says_when():
    assert len({one["id"] for one in FINDINGS}) == len(FINDINGS)
    for one in FINDINGS:
        assert one["for"] in ("line", "unit", "clamp", "house") and one["when"]
        assert all(1 <= len(limits) <= 2 for limits in one["when"].values())


def test_the_page_fits_and_is_the_same_each_time():
    built = page.built(FOLDER)
    assert built == page.built(FOLDER) and len(built) < 14000
    text = gzip.decompress(built).decode()
    assert "SPDX" not in text and "<!--" not in text and "words.json" not in text
    assert "http://" not in text.replace("http://www.w3.org", "")  # nothing from elsewhere


def test_both_pages_have_the_same_policy():
    """Two constants, since neither mode may load the other's code."""
    policies = [
        re.findall(r"Content-Security-Policy: [^\\]+", (ROOT / name).read_text("utf-8"))
        for name in ("firmware/modes/bridge.py", "firmware/modes/setup/api.py")
    ]
    assert policies[0] == policies[1] and len(policies[0]) == 1
    assert "frame-ancestors 'none'" in policies[0][0]


def test_names_become_short_and_properties_stay():
    script = """const total = 1, text = `a ${total + `b ${total}`} total`;
function sum(list, total) { return {total: list.length, ["x"]: /total\\/"/.test("total") ? total : list.total} }
let other = sum([...text], total) / total / 2;
other += 1;
"""
    short = short_script.shortened(script)
    assert "length" in short and ".total" in short and "{total:" in short and '"total"' in short
    assert '/total\\/"/' in short and "} total`" in short
    assert not re.search(r"\b(sum|list|other)\b", short)


def test_a_property_that_is_a_name_as_well_is_refused():
    with pytest.raises(short_script.ScriptError, match="write name: name"):
        short_script.shortened("const name = 1, made = {name, x: 2};")


def test_a_name_that_nobody_declares_is_refused():
    with pytest.raises(short_script.ScriptError, match="AbortController stands once"):
        short_script.shortened("const stop = new AbortController(); stop.abort();")


@pytest.mark.skipif(not shutil.which("node"), reason="needs Node.js")
def test_the_short_script_does_the_same(tmp_path):
    script = """const list = [3, 1, 2], about = {list: list, name: "list"};
const told = (of, by = 2) => of.map(one => `${one * by}${one > 1 ? `, ${about.name}` : ""}`).join(";");
function sorted(list) { const found = [...list]; found.sort((one, other) => one - other); return found }
for (const [key, value] of Object.entries(about)) console.log(key, String(value));
console.log(told(sorted(list)), list.length / 3, /li(s)t/.exec(about.name)[1]);
"""
    printed = []
    for name, text in (("long", script), ("short", short_script.shortened(script))):
        (tmp_path / f"{name}.js").write_text(text)
        run = ["node", str(tmp_path / f"{name}.js")]
        printed.append(subprocess.run(run, capture_output=True, text=True, check=True).stdout)
    assert printed[0] == printed[1] and "list 3,1,2" in printed[0]
