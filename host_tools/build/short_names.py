# SPDX-License-Identifier: MIT
"""Short names on the device for attributes that only their own class uses.

MicroPython keeps each name once and for ever, and an attribute like `self._deadline_ms` is one. Classes that never meet can share
names, so the private attributes of all modules are given a few short ones, the same length of line and column in the source otherwise.
Functions and methods keep their names: a traceback reads as the source does.

Two attributes must differ where one object may have both: in one module, and in modules whose classes inherit from each other.
"""

import ast
import functools
import io
import itertools
import string
import tokenize
from pathlib import Path


def shortened(source: Path, root: Path) -> str:
    """The text of a module of firmware/ or lib/ with its private attributes renamed."""
    names = mapping(root)
    text = source.read_text("utf-8")
    places = sorted(_places(ast.parse(text), text), reverse=True)
    lines = text.splitlines(keepends=True)
    for row, column, name in places:
        if name in names:
            line = lines[row - 1]
            lines[row - 1] = line[:column] + names[name] + line[column + len(name) :]
    return "".join(lines)


@functools.cache
def mapping(root: Path) -> dict[str, str]:
    """{private attribute: its short name} for all modules below a checkout's firmware/ and lib/."""
    trees = {
        path: ast.parse(path.read_text("utf-8"), str(path))
        for top in ("firmware", "lib")
        for path in sorted(Path(root, top).rglob("*.py"))
    }
    methods = {
        node.name
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    groups = [_attributes(tree) - methods for tree in trees.values()]
    meet: dict[str, set[str]] = {}
    for group in _joined(list(trees.values()), groups):
        for name in group:
            meet.setdefault(name, set()).update(group - {name})
    found: dict[str, str] = {}
    for name in sorted(meet, key=lambda name: (-len(meet[name]), name)):
        taken = {found[other] for other in meet[name] if other in found}
        found[name] = next(short for short in _shorts() if short not in taken)
    return found


def _shorts() -> itertools.chain[str]:
    letters = string.ascii_lowercase + string.ascii_uppercase
    one = (f"_{letter}" for letter in letters)
    return itertools.chain(one, (f"_{a}{b}" for a in letters for b in letters))


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def _attributes(tree: ast.Module) -> set[str]:
    """The private attributes that a module uses, and those that its classes have from the start."""
    found = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return {name for name in found | set(_class_names(tree)) if _is_private(name)}


def _class_names(tree: ast.Module) -> list[str]:
    return [target.id for target in _class_targets(tree)]


def _class_targets(tree: ast.Module) -> list[ast.Name]:
    """`x = ...` in the body of a class."""
    return [
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for statement in node.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        for name in ast.walk(target)
        if isinstance(name, ast.Name)
    ]


def _joined(trees: list[ast.Module], groups: list[set[str]]) -> list[set[str]]:
    """The groups of modules, each with those of the modules that its classes inherit from or that inherit from them."""
    classes = [{n.name for n in ast.walk(t) if isinstance(n, ast.ClassDef)} for t in trees]
    bases = [_base_names(tree) for tree in trees]
    joined = [set(group) for group in groups]
    changed = True
    while changed:
        changed = False
        for i, j in itertools.permutations(range(len(trees)), 2):
            if bases[i] & classes[j] and joined[i] != joined[j]:
                joined[i] = joined[j] = joined[i] | joined[j]
                changed = True
    return joined


def _base_names(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            for base in node.bases:
                found.add(
                    base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
                )
    return found


def _places(tree: ast.Module, text: str) -> list[tuple[int, int, str]]:
    """(row, column, name) of every private attribute; columns count characters."""
    found = []
    before = ""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME and before == "." and _is_private(token.string):
            found.append((*token.start, token.string))
        before = token.string
    for name in _class_targets(tree):
        if _is_private(name.id):
            found.append((name.lineno, name.col_offset, name.id))
    return found
