# SPDX-License-Identifier: MIT
"""The set-up page's sources: both languages say the same, it knows the config's own defaults, and it fits."""

import gzip
import json
import re

import pytest

from host_tools.build import page
from host_tools.paths import ROOT
from planning import schema

FOLDER = ROOT / page.SETUP_FOLDER
WORDS = json.loads((FOLDER / "words.json").read_text("utf-8"))
SOURCE = "\n".join(path.read_text("utf-8") for path in sorted(FOLDER.glob("*.js")))
BYTES = 10000
# Asked for by a name that is put together: the screens, categories, line and Wi-Fi states, directions, settings and figures.
MADE_UP = re.compile(
    r"start|line(_\w+)?|devices|direction|clamps|wifi(_\w+)?|done|(hint_)?(energy_meters|inverters|batteries|smart_loads)(_[12])?"
    r"|baudrate|parity|stop_bits|burden_ohm|amps_per_volt"
)


def slots(text):
    return sorted(set(re.findall(r"\{(\w+)\}", text)))


@pytest.mark.parametrize("key", WORDS)
def test_both_languages_say_it_with_the_same_values(key):
    german, english = WORDS[key]
    assert german and english and slots(german) == slots(english)


def test_every_word_that_the_page_asks_for_is_there_and_every_other_is_asked_for():
    asked = set(re.findall(r'\b(?:t|paragraph|button|field|choice|select)\("(\w*[a-z])"', SOURCE))
    assert asked <= set(WORDS)
    text = set(re.findall(r'"(\w+)"', SOURCE))
    assert {key for key in WORDS if key not in text and not MADE_UP.fullmatch(key)} == set()


def test_each_state_of_line_and_wifi_and_each_direction_has_a_sentence():
    """The states of docs/formats/setup.md."""
    keys = {"line_unknown", "line_silent", "line_noise", "line_found", "wifi_kept"}
    states = "untested testing good not_found wrong_password no_address same_network failed"
    keys |= {f"wifi_{state}" for state in states.split()}
    for category in ("energy_meters", "inverters", "batteries", "smart_loads"):
        keys |= {category, f"{category}_1", f"{category}_2"}
    assert keys <= set(WORDS)


def test_the_owners_guide_has_the_words_of_the_screens():
    guide = " ".join((ROOT / "docs" / "setup.md").read_text("utf-8").split())
    pairs = re.findall(r'„([^“]+)“ / "([^"]+)"', guide)
    assert len(pairs) > 15
    for pair in pairs:
        assert any(all(map(is_said, pair, texts)) for texts in WORDS.values()), pair


def is_said(quote, text):
    """A screen says this, or begins so; what is put in may be anything."""
    begin = text.partition("{")[0]
    return text.startswith(quote) or bool(begin) and quote.startswith(begin)


def test_a_default_is_that_of_the_config():
    usual = json.loads(
        re.sub(r"(\w+):", r'"\1":', re.search(r"const USUAL=(\{.*?\});", SOURCE)[1])
    )
    defaults = {
        key: default
        for section in ("", "bus")
        for key, _, default, _ in schema.rows(section)
        if key in usual
    }
    assert usual == defaults and len(usual) == 4
    known = json.loads(re.sub(r"(\w+):", r'"\1":', re.search(r"const BUS=(\{.*?\});", SOURCE)[1]))
    allowed = {key: allowed for key, _, _, allowed in schema.rows("bus")}
    assert known == {key: allowed[key] for key in ("baudrate", "parity", "stop_bits")}
    wifi = {key: default for key, _, default, _ in schema.rows("wifi")}
    assert f'"{wifi["hostname"]}"' in SOURCE


def test_it_fits_and_needs_nothing_that_the_sheet_of_a_phone_has_not():
    built = page.built(FOLDER)
    assert built == page.built(FOLDER) and len(built) <= BYTES
    text = gzip.decompress(built).decode()
    assert '<meta charset="utf-8">' in text and "SPDX" not in text and "<!--" not in text
    assert not re.search(r"https?:|Storage|indexedDB|cookie|alert\(|confirm\(|prompt\(|window\.open|_blank|download", text)  # fmt: skip
