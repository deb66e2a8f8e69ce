# SPDX-License-Identifier: MIT
"""The docs hold: links lead somewhere, commands and files exist, both languages say the same, the page's words are the page's."""

import contextlib
import functools
import importlib
import io
import json
import os
import re
import shlex
import subprocess
import unicodedata
from pathlib import Path
from unittest import mock

import pytest
from mpremote import main as mpremote

from host_tools.build import boards
from host_tools.owner import check
from host_tools.paths import PROFILES, ROOT

# English and German: the same headings, tables, commands and pictures in the same order.
PAIRS = (
    ("docs/quick-start.md", "docs/schnellstart.md"),
    ("docs/troubleshooting.md", "docs/fehlersuche.md"),
    ("docs/upgrade.md", "docs/aktualisieren.md"),
)
LANGUAGES = {name: language for pair in PAIRS for language, name in enumerate(reversed(pair))}
PICTURES_BYTES = 150_000
MADE = ("build", "dist", "node_modules")  # not ours
# Files that are named but lie elsewhere: on the board, at the owner's, in a release, or are an example.
ELSEWHERE = re.compile(
    r"/.*|<.*|.*/<.*|profiles/.*|(config|plan|package|status|values|info)\.json|.*acme-e2.*"
)
FILE = re.compile(r"[\w./<>*-]+\.(?:py|md|json|svg|csv|toml|txt|js|mjs|css|html|webp)")
STARTS = ("lib", "firmware", "host_tests")  # where a path may begin


@functools.cache
def pages():
    """{path from the root: text} of every .md of the project."""
    return {path: (ROOT / path).read_text("utf-8") for path in files() if path.endswith(".md")}


@functools.cache
def files():
    """The path from the root of every file of the project."""
    found = []
    for folder, names, here in os.walk(ROOT):
        made = MADE if folder == str(ROOT) else ()
        names[:] = sorted(name for name in names if name[0] not in "._" and name not in made)
        found += [Path(folder, name).relative_to(ROOT).as_posix() for name in sorted(here)]
    return found


def blocks(text):
    """[(kind, lines)] of the code blocks."""
    return re.findall(r"^ *```(\w*)\n(.*?)^ *```$", text, re.M | re.S)


def without_blocks(text):
    return re.sub(r"^ *```.*?^ *```$", "", text, flags=re.M | re.S)


def prose(text):
    """Without code blocks and code spans."""
    return re.sub(r"(`+).+?\1", "", without_blocks(text))


def spans(text):
    """The code within sentences."""
    return [" ".join(one.split()) for one in re.findall(r"`([^`]+)`", without_blocks(text))]


def headings(text):
    """[(level, words)]"""
    return [
        (len(one[1]), one[2]) for one in re.finditer(r"^(#+) (.+)$", without_blocks(text), re.M)
    ]


@functools.cache
def anchors(name):
    """As GitHub makes them of a page's headings: lower case, blanks to hyphens, no punctuation."""
    found = []
    for _, words in headings(pages()[name]):
        words = re.sub(r"\[(.*?)\]\(.*?\)", r"\1", words)
        kept = (c for c in words.lower() if c in " -_" or unicodedata.category(c)[0] in "LN")
        anchor = "".join(kept).replace(" ", "-")
        same = sum(
            one == anchor or re.fullmatch(re.escape(anchor) + r"-\d+", one) is not None
            for one in found
        )
        found.append(f"{anchor}-{same}" if same else anchor)
    return found


def links():
    """[(page, target)] that lead to something of ours."""
    for name, text in pages().items():
        found = re.findall(r"\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"", prose(text))
        for target in ("".join(one) for one in found):
            if not re.match(r"[a-z]+:", target):
                yield name, target


def problem(name, target):
    """What is wrong with a link, or None."""
    path, _, anchor = target.partition("#")
    there = (ROOT / name).parent.joinpath(path).resolve() if path else ROOT / name
    if not there.exists() or not there.is_relative_to(ROOT):
        return "is not there"
    if anchor and anchor not in anchors(there.relative_to(ROOT).as_posix()):
        return "has no such heading"
    return None


def test_every_link_leads_somewhere():
    seen = list(links())
    assert len(seen) > 100
    wrong = [
        f"{name}: {target} {problem(name, target)}"
        for name, target in seen
        if problem(name, target)
    ]
    assert wrong == []


def test_a_dead_link_and_a_dead_anchor_are_found():
    assert problem("docs/api.md", "nowhere.md") == "is not there"
    assert problem("docs/api.md", "clamp.md#nowhere") == "has no such heading"
    assert problem("README.md", "docs/clamp.md#method") is None
    assert anchors("docs/fehlersuche.md")[4] == "ein-gerät-antwortet-nicht"


def test_pictures_are_small_and_used():
    folder = ROOT / "docs" / "pictures"
    used = {(ROOT / name).parent.joinpath(target).resolve() for name, target in links()}
    files = list(folder.iterdir())
    assert set(files) <= used
    assert sum(path.stat().st_size for path in files) < PICTURES_BYTES


# The two languages


ENGLISH = {Path(german).name: Path(english).name for english, german in PAIRS}


def shape(section):
    """What of a section is the same in both languages."""
    pages = re.findall(r"\]\(([^)#:]+\.(?:md|svg))", section)
    return {
        "rows": section.count("\n|"),
        "steps": len(re.findall(r"^(?:\d\.|-) ", section, re.M)),
        "commands": [lines for kind, lines in blocks(section) if kind == "sh"],
        "spans": sorted(spans(section)),
        "pages": sorted(ENGLISH.get(page, page) for page in pages),
    }


@pytest.mark.parametrize("english, german", PAIRS)
def test_both_languages_have_the_same_parts(english, german):
    levels, parts = [], []
    for text in (pages()[english], pages()[german]):
        levels.append([level for level, _ in headings(text)])
        parts.append(re.split(r"^#+ .*$", text, flags=re.M))
    assert levels[0] == levels[1] and len(levels[0]) > 4
    _, _, *sections = zip(*parts, strict=True)  # the first one leads to the other language
    for (_, words), (there, here) in zip(headings(pages()[english])[1:], sections, strict=True):
        assert shape(there) == shape(here), words


@pytest.mark.parametrize("name", ["docs/quick-start.md", "docs/schnellstart.md"])
def test_the_config_of_the_quick_start_is_good(name, tmp_path, capsys):
    (block,) = [lines for kind, lines in blocks(pages()[name]) if kind == "json"]
    path = tmp_path / "config.json"
    path.write_text(block, "utf-8")
    assert check.main([str(path)]) == 0
    assert "warning" not in capsys.readouterr().out


# The words of the page


def templates(language):
    """{id: a pattern of what the page says}"""
    findings = json.loads((ROOT / "firmware/page/findings.json").read_text("utf-8"))
    words = json.loads((ROOT / "firmware/page/words.json").read_text("utf-8"))
    texts = {key: both[language] for key, both in words.items()}
    texts |= {f"finding {one['id']}": one["text"][language] for one in findings}
    return {key: re.sub(r"\\\{\w+\\\}", ".+?", re.escape(text)) for key, text in texts.items()}


# What the page may say first: every one must be explained.
SENTENCES = {
    "fine", "no_charger", "gone", "starting", "off", "silent", "silent_never", "no_value", "no_clamp", "complaint",
    "other_model",
}  # fmt: skip


@pytest.mark.parametrize("name", LANGUAGES)
def test_what_stands_like_this_is_what_the_page_says(name):
    said = templates(LANGUAGES[name])
    told = set()
    for quoted in re.findall(r"(?<![*\w])\*([^*]+)\*(?![*\w])", prose(pages()[name])):
        words = " ".join(quoted.split())
        if words in ("like this", "so"):
            continue
        fitting = {key for key, pattern in said.items() if re.fullmatch(pattern, words)}
        assert fitting, f"the page never says: {words}"
        told |= fitting
    if name in PAIRS[1]:
        assert {key for key in said if key.startswith("finding ")} | SENTENCES <= told


@pytest.mark.parametrize("name", PAIRS[1] + PAIRS[2])
def test_what_commands_are_quoted_to_say_they_say(name):
    source = "".join(path.read_text("utf-8") for path in (ROOT / "host_tools/owner").glob("*.py"))
    quoted = re.findall(r"`(?:\.\.\. )(.+?)(?: \.\.\.)?`|`(the new version .*?)`", pages()[name])
    assert quoted
    assert [words for pair in quoted for words in pair if words not in source] == []


# Commands


def commands(first):
    """(page, command) of all that begin with this word, in blocks and in sentences; a comment stands behind two blanks."""
    for name, text in pages().items():
        shell = [lines for kind, lines in blocks(text) if kind in ("", "sh")]
        for line in [*"\n".join(shell).splitlines(), *spans(text)]:
            for one in line.strip().removeprefix("$ ").partition("  ")[0].split(" && "):
                if one.startswith(first + " "):
                    yield name, one.strip()


@functools.cache
def help_of(module):
    found = importlib.import_module(module)
    if hasattr(found, "__path__"):
        found = importlib.import_module(module + ".__main__")
    said = io.StringIO()
    with (
        mock.patch("sys.argv", [module, "--help"]),
        contextlib.redirect_stdout(said),
        contextlib.suppress(SystemExit),
    ):
        found.main()
    assert said.getvalue().startswith("usage: "), module
    return said.getvalue()


@functools.cache
def recipes():
    """{target: (all of its variables, those that it needs, its lines)}, from the Makefile."""
    text = (ROOT / "Makefile").read_text("utf-8")
    found = {}
    for one in re.finditer(r"^([a-z-]+):.*##.*\n((?:\t.*\n)*)", text, re.M):
        needed = re.search(r"\$\(call need,([A-Z_ ]+)\)", one[2])
        taken = set(re.findall(r"\$\(([A-Z][A-Z_]*)\)", one[2])) - {"PY"}
        found[one[1]] = (taken, set(needed[1].split()) if needed else set(), one[2])
    return found


def _is_profile(name):
    return name.startswith("profiles/") or (PROFILES / f"{name}.json").exists()


def wrong_with(command):
    """What is wrong with a `make ...`, or None. A command without any variable may be short for a longer one."""
    _, target, *words = shlex.split(command)
    if target not in recipes():
        return f"no target {target}"
    taken, needed, recipe = recipes()[target]
    given = dict(word.partition("=")[::2] for word in words)
    if not all("=" in word for word in words):
        return "more than variables"
    if set(given) - taken:
        return f"no variable {set(given) - taken}"
    if given and needed - set(given) and "ARGS" not in given:
        return f"{needed - set(given)} is needed"
    if given.get("BOARD", "...") not in (*boards.names(), "..."):
        return f"no board {given['BOARD']}"
    if not _is_profile(given.get("PROFILE", "profiles/own.json")):
        return f"no profile {given['PROFILE']}"
    (module,) = re.findall(r"-m (host_tools\S+|pytest)", recipe)[:1] or [None]
    options = re.findall(r"--[a-z-]+", given.get("ARGS", ""))
    if options and module:
        unknown = [one for one in options if not re.search(one + r"\b(?!-)", help_of(module))]
        if unknown:
            return f"{module} has no {unknown}"
    return None


def test_every_make_command_exists():
    seen = [one for one in commands("make") if re.match(r"make [a-z-]+($| [A-Z])", one[1])]
    assert len(seen) > 60
    assert [f"{name}: {one}: {wrong_with(one)}" for name, one in seen if wrong_with(one)] == []


@pytest.mark.parametrize(
    "command, wrong",
    [
        ("make fly", "no target fly"),
        ("make read PORT=x", "{'UNIT'} is needed"),
        ("make logs PORT=x BOARD=z", "no variable {'BOARD'}"),
        ("make flash PORT=x BOARD=z", "no board z"),
        ("make read PORT=x UNIT=1 PROFILE=z", "no profile z"),
        ("make flash PORT=x ARGS=--keep", "host_tools.owner.flash has no ['--keep']"),
    ],
)
def test_a_make_command_that_does_not_exist_is_found(command, wrong):
    assert wrong_with(command) == wrong


def test_the_readme_counts_the_profiles():
    assert f"[{len(list(PROFILES.glob('*.json')))} so far]" in pages()["README.md"]


def test_every_target_is_in_make_help_and_the_owners_in_the_docs():
    shown = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert set(re.findall(r"^make ([a-z-]+)", shown, re.M)) == set(recipes())
    told = {one.split()[1] for _, one in commands("make")}
    assert {"run", "check", "flash", "deploy", "scan", "read", "calibrate", "logs"} <= told


def test_the_example_is_checked_as_the_docs_say(capsys):
    assert check.main([str(ROOT / "config.example.json")]) == 0
    assert capsys.readouterr().out.startswith("config.example.json is good\n")


def test_every_mpremote_command_exists():
    lines = {line.removeprefix("mpremote ") for _, line in commands("mpremote")}
    seen = [shlex.split(command) for line in lines for command in line.split(" + ")]
    assert [name for name, *_ in seen].count("mip") >= 1
    for name, *arguments in seen:
        if name not in mpremote._BUILTIN_COMMAND_EXPANSIONS:
            _, parser = mpremote._COMMANDS[name]
            if arguments:  # else it is only spoken of
                parser().parse_args(arguments)


# Files


def test_every_file_that_is_named_exists():
    names = {path.rpartition("/")[2] for path in files()}
    seen, wrong = 0, []
    for page, text in pages().items():
        places = [ROOT, (ROOT / page).parent, *(ROOT / name for name in STARTS)]
        for span in spans(text):
            if FILE.fullmatch(span) and not ELSEWHERE.fullmatch(span):
                seen += 1
                if span not in names and not any(list(place.glob(span)) for place in places):
                    wrong.append(f"{page}: {span}")
    assert wrong == [] and seen > 100
