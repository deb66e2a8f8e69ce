# SPDX-License-Identifier: MIT
"""Private attributes have short names on the device: shared by classes that never meet, and never by one object twice."""

import ast
from pathlib import Path

import pytest

from host_tools.build import short_names
from host_tools.paths import ROOT

SOURCES = sorted([*(ROOT / "firmware").rglob("*.py"), *(ROOT / "lib").rglob("*.py")])
TREES = {path: ast.parse(path.read_text("utf-8")) for path in SOURCES}
NAMES = short_names.mapping(ROOT)


def classes():
    """{(file, class): (its bases, the attributes that its own code sets or has from the start)}."""
    found = {}
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                bases = {getattr(base, "attr", getattr(base, "id", "")) for base in node.bases}
                own = {
                    one.attr
                    for one in ast.walk(node)
                    if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name)
                    if one.value.id == "self"
                }
                own |= {
                    target.id
                    for statement in node.body
                    if isinstance(statement, ast.Assign)
                    for target in ast.walk(statement)
                    if isinstance(target, ast.Name) and isinstance(target.ctx, ast.Store)
                }
                found[path.relative_to(ROOT).as_posix(), node.name] = bases, own
    return found


CLASSES = classes()


def attributes(key):
    bases, own = CLASSES[key]
    return own.union(*[attributes(other) for other in CLASSES if other[1] in bases])


@pytest.mark.parametrize("key", sorted(CLASSES), ids="-".join)
def test_no_two_attributes_of_an_object_share_a_name(key):
    own = attributes(key)
    on_device = [NAMES.get(attribute, attribute) for attribute in own]
    assert len(set(on_device)) == len(own)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_but_private_attributes_is_renamed(path):
    made = ast.parse(short_names.shortened(path, ROOT))
    for old, new in zip(ast.walk(TREES[path]), ast.walk(made), strict=True):
        assert type(old) is type(new)
        if isinstance(old, ast.Attribute) and old.attr != new.attr:
            assert (old.attr, new.attr) in NAMES.items()
        elif isinstance(old, ast.Name) and old.id != new.id:
            assert (old.id, new.id) in NAMES.items() and isinstance(old.ctx, ast.Store)
        elif isinstance(old, ast.FunctionDef | ast.ClassDef):
            assert old.name == new.name


def test_few_names_serve_them_all():
    assert len(NAMES) > 100 and len(set(NAMES.values())) <= 30


def test_places_are_found_whatever_stands_before_them_in_the_line(tmp_path):
    for folder in ("firmware", "lib"):
        Path(tmp_path, folder).mkdir()
    path = Path(tmp_path, "lib", "a.py")
    path.write_text(
        'class A:\n    _kept = 1\n\n    def f(self):\n        self._ö = "ä" + self._kept + self._g()\n\n'
        "    def _g(self):\n        return self._kept\n",
        "utf-8",
    )
    made = short_names.shortened(path, tmp_path)
    assert made.count("_kept") == 0 and made.count("_ö") == 0 and made.count("_g(") == 2
