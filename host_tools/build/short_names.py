# SPDX-License-Identifier: MIT
"""Short names on the device for attributes that only their own class uses.

MicroPython keeps each name once and for ever, and an attribute like `self._deadline_ms` is one. Classes that never meet can share
names, so the private attributes of all modules are given a few short ones, the same length of line and column in the source otherwise.
Functions and methods keep their names: a traceback reads as the source does.

Two attributes must differ where one object may have both: in one module, and in modules whose classes inherit from each other.
"""

import ast
import functools
import itertools
import string
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class _Module(NamedTuple):
    """What counts of a module's tree. definitions: names of its functions, methods and classes. targets: `x = ...` in a class."""

    classes: list[ast.ClassDef]
    definitions: set[str]
    attributes: list[ast.Attribute]
    targets: list[ast.Name]


def shortened(source: Path, root: Path) -> str:
    """The text of a module of firmware/ or lib/ with its private attributes renamed."""
    names = mapping(root)
    text = source.read_text("utf-8")
    lines = text.encode().splitlines(keepends=True)
    for row, column, name in sorted(_places(_module(text, str(source))), reverse=True):
        if name in names:
            old, line = name.encode(), lines[row - 1]
            assert line.startswith(old, column), f"{source}:{row}: no place for {name}"
            lines[row - 1] = line[:column] + names[name].encode() + line[column + len(old) :]
    return b"".join(lines).decode()


@functools.cache
def mapping(root: Path) -> dict[str, str]:
    """{private attribute: its short name} for all modules below a checkout's firmware/ and lib/."""
    modules = [
        _module(path.read_text("utf-8"), str(path))
        for top in ("firmware", "lib")
        for path in sorted(Path(root, top).rglob("*.py"))
    ]
    methods = {name for module in modules for name in module.definitions}
    groups = [_private(module) - methods for module in modules]
    meet: dict[str, set[str]] = {}
    for group in _joined(modules, groups):
        for name in group:
            meet.setdefault(name, set()).update(group - {name})
    found: dict[str, str] = {}
    for name in sorted(meet, key=lambda name: (-len(meet[name]), name)):
        taken = {found[other] for other in meet[name] if other in found}
        found[name] = next(short for short in _shorts() if short not in taken)
    return found


@functools.cache
def _module(text: str, file: str) -> _Module:
    """In one walk over the tree, since walks are what takes the time of making an image."""
    made = _Module([], set(), [], [])
    for node in ast.walk(ast.parse(text, file)):
        if isinstance(node, ast.Attribute):
            made.attributes.append(node)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            made.definitions.add(node.name)
            if isinstance(node, ast.ClassDef):
                made.classes.append(node)
                made.targets.extend(_targets(node))
    return made


def _targets(node: ast.ClassDef) -> Iterator[ast.Name]:
    for statement in node.body:
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                yield from (name for name in ast.walk(target) if isinstance(name, ast.Name))


def _shorts() -> itertools.chain[str]:
    letters = string.ascii_lowercase + string.ascii_uppercase
    one = (f"_{letter}" for letter in letters)
    return itertools.chain(one, (f"_{a}{b}" for a in letters for b in letters))


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def _private(module: _Module) -> set[str]:
    """The private attributes that a module uses, and those that its classes have from the start."""
    found = {node.attr for node in module.attributes} | {name.id for name in module.targets}
    return {name for name in found if _is_private(name)}


def _joined(modules: list[_Module], groups: list[set[str]]) -> list[set[str]]:
    """The groups of modules, each with those of the modules that its classes inherit from or that inherit from them."""
    classes = [{node.name for node in module.classes} for module in modules]
    bases = [{_name(base) for node in module.classes for base in node.bases} for module in modules]
    joined = [set(group) for group in groups]
    changed = True
    while changed:
        changed = False
        for i, j in itertools.permutations(range(len(modules)), 2):
            if bases[i] & classes[j] and joined[i] != joined[j]:
                joined[i] = joined[j] = joined[i] | joined[j]
                changed = True
    return joined


def _name(base: ast.expr) -> str:
    return base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")


def _places(module: _Module) -> Iterator[tuple[int, int, str]]:
    """(row, column, name) of every private attribute; columns count bytes."""
    for node in module.attributes:
        if _is_private(node.attr):
            size = len(node.attr.encode())
            yield node.end_lineno or 0, (node.end_col_offset or 0) - size, node.attr
    for name in module.targets:
        if _is_private(name.id):
            yield name.lineno, name.col_offset, name.id
