# SPDX-License-Identifier: MIT
"""The page's script with short names, as short_names.py does it for the device's code. A name that is declared outside of all brackets
gets a capital letter, or two letters, any other a small letter, the same wherever it stands in one statement: so scopes stay what they
are.

What comes behind a dot, or before a colon in an object, is a property and keeps its name. `{name}` for `{name: name}` is refused,
since it is both.
"""

import collections
import itertools
import re
import string
from collections.abc import Iterator
from typing import NamedTuple

# What the language and the browser give.
_THEIRS = set(
    """async await break case catch const continue delete do else false finally for function if in instanceof let new null of return
    switch this throw true try typeof undefined var void while
    AbortSignal Array Boolean Date Infinity Intl JSON Math NaN Number Object Set String TextEncoder URLSearchParams console document fetch history
    location matchMedia navigator performance sessionStorage setInterval setTimeout window""".split()
)
_BEGIN = ("const", "for", "function", "if", "let", "try")  # a statement
_DECLARE = ("const", "function", "let")
_TOKEN = re.compile(
    r"""(?P<text>"(?:\\.|[^"\\])*")|(?P<template>`)|(?P<name>[A-Za-z_$][\w$]*)|(?P<number>\d[\w.]*)|(?P<dots>\.\.\.)|(?P<space>\s+)|(?P<other>.)""",
    re.DOTALL,
)
_REGEX = re.compile(r"/(?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\\[\n])+/[a-z]*")
_BEFORE_REGEX = "(,=>:[!&|?{};"  # what a slash behind these begins is no division


class ScriptError(Exception):
    """The script cannot be shortened safely."""


def shortened(script: str) -> str:
    """script: without comments; texts in double quotes or templates."""
    tokens = _without_needless_lines(list(_tokens(script)))
    places = list(_names(tokens))
    _check_known([tokens[place.at][1] for place in places])
    common = {tokens[place.at][1] for place in places if place.is_declared}
    used = collections.Counter(tokens[p.at][1] for p in places if tokens[p.at][1] in common)
    free = [short for short in (*string.ascii_uppercase, *_shorts(2)) if short not in _THEIRS]
    names = dict(zip([name for name, _ in used.most_common()], free, strict=False))
    rest = free[len(names) :]
    for _, statement in itertools.groupby(places, key=lambda place: place.statement):
        own: dict[str, str] = {}
        fresh = itertools.chain(string.ascii_lowercase, "_$", rest)
        for place in statement:
            name = tokens[place.at][1]
            if name not in names and name not in own:
                own[name] = next(fresh)
            tokens[place.at] = "name", names.get(name) or own[name]
    return "".join(text for _, text in tokens)


def _check_known(names):
    """ScriptError for a name that stands once: what declares it, or uses it, is not in the script."""
    once = [
        name for name, times in collections.Counter(names).items() if times == 1 and name != "_"
    ]
    if once:
        raise ScriptError(f"{once[0]} stands once: not used, not declared, or missing in _THEIRS")


def _without_needless_lines(tokens):
    """A line's end means something only where the statement before it has no mark of its own."""
    behind = [text for _, text in tokens[1:]] + [""]
    before = [""] + [text[-1:] for _, text in tokens[:-1]]
    return [
        (
            kind,
            ""
            if kind == "space" and "\n" in text and (last in (*";,{(", "") or after[:1] == "}")
            else text,
        )
        for (kind, text), last, after in zip(tokens, before, behind, strict=True)
    ]


def _tokens(script) -> Iterator[tuple[str, str]]:
    """(kind, text) of all; a template's code between its texts, so that it is looked at, too."""
    at, before = 0, "("
    while at < len(script):
        regex = _REGEX.match(script, at) if before in _BEFORE_REGEX else None
        if regex:
            yield "regex", regex[0]
            at, before = regex.end(), "/"
            continue
        found = _TOKEN.match(script, at)
        assert found
        kind, text, at = found.lastgroup or "", found[0], found.end()
        if kind == "template":
            yield "text", "`"
            for piece in _template(script, at):
                at += len(piece[1])
                yield piece
            before = "`"
            continue
        yield kind, text
        before = before if kind == "space" else text[-1]


def _template(script, at):
    """The pieces of a template behind its opening quote."""
    start = at
    while script[at] != "`":
        if script.startswith("${", at):
            end = _end_of_code(script, at + 2)
            yield "text", script[start:at]
            yield "other", "${"
            yield from _tokens(script[at + 2 : end])
            yield "other", "}"
            start = at = end + 1
        else:
            at += 2 if script[at] == "\\" else 1
    yield "text", script[start : at + 1]


def _end_of_code(script, at):
    """Where the brace is that ends the code which begins here."""
    depth = 0
    while depth or script[at] != "}":
        depth += {"{": 1, "}": -1}.get(script[at], 0)
        at += 1
    return at


class Place(NamedTuple):
    """Where a name of ours stands: the token, the statement outside of all brackets, and whether this one declares it for all."""

    at: int
    statement: int
    is_declared: bool


def _names(tokens) -> Iterator[Place]:
    """The places of names that are ours; ScriptError where one is a property as well."""
    open_brackets: list[str] = []
    statement, keyword = 0, ""
    solid = [i for i, (kind, text) in enumerate(tokens) if kind != "space" and text]
    for at, i in enumerate(solid):
        kind, text = tokens[i]
        if kind == "other" and text[-1] in "([{":
            open_brackets.append("(" if text == "${" else text)
        elif kind == "other" and text in ")]}":
            open_brackets.pop()
        if not open_brackets and text in _BEGIN:
            statement, keyword = statement + 1, text
        if kind != "name" or text in _THEIRS:
            continue
        before = tokens[solid[at - 1]][1] if at else ""
        behind = tokens[solid[at + 1]][1] if at + 1 < len(solid) else ""
        in_braces = open_brackets[-1:] == ["{"]
        if in_braces and before in "{," and behind in ",}":
            raise ScriptError(f"write {text}: {text} instead of {{{text}}}")
        if before != "." and not (in_braces and before in "{," and behind == ":"):
            is_declared = not open_brackets and keyword in _DECLARE and before in (keyword, ",")
            yield Place(i, statement, is_declared)


def _shorts(length):
    return map("".join, itertools.product(string.ascii_letters + "_$", repeat=length))
