# SPDX-License-Identifier: MIT
"""What host_tools/owner and host_tools/build offer to others says its types; `make lint` has mypy hold them."""

import ast

import pytest

from host_tools.paths import ROOT

# Programs that draw or write documents, which nobody else calls.
_PROGRAMS = {"board_drawing.py", "calibration_picture.py", "profiles_doc.py", "register_tables.py"}
_FILES = [
    path
    for folder in ("owner", "build")
    for path in sorted((ROOT / "host_tools" / folder).glob("*.py"))
    if path.name not in _PROGRAMS and not path.name.endswith("_on_board.py")
]


def untyped(body, place=""):
    """Names of public functions, and of public classes' methods, that leave out a type."""
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from untyped(node.body, f"{node.name}.")
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            public = node.name == "__init__" or not node.name.startswith("_")
            given = node.args.posonlyargs + node.args.args + node.args.kwonlyargs
            bare = [one.arg for one in given if one.annotation is None]
            returns = node.returns is not None or node.name == "__init__"
            if public and (set(bare) - {"self", "cls"} or not returns):
                yield place + node.name


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.name)
def test_public_functions_have_types(path):
    assert list(untyped(ast.parse(path.read_text("utf-8")).body)) == []


def test_a_missing_type_is_found():
    source = "class A:\n def b(self, c) -> None: ...\n def d(self): ...\n def _e(self, f): ...\n"
    assert list(untyped(ast.parse(source).body)) == ["A.b", "A.d"]
