# SPDX-License-Identifier: MIT
"""The licence line of every source file: `make format` puts it where it is missing, a test looks for it."""

from collections.abc import Iterator
from pathlib import Path

from host_tools.paths import ROOT

_COMMENTS = {
    ".py": "# %s",
    ".mjs": "// %s",
    ".js": "// %s",
    ".css": "/* %s */",
    ".html": "<!-- %s -->",
    "": "# %s",
}
_LINE = "SPDX-License-Identifier: MIT"
_FOLDERS = ("firmware", "lib", "host_tools", "host_tests", ".ci")
_FIRST = ("#!", "<!doctype")  # what must stay the first line


def sources(root: Path = ROOT) -> Iterator[Path]:
    """All that is written by hand and has something in it."""
    yield from (root / "Makefile", root / "manifest.py")
    for folder in _FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            hidden = any(part in ("__pycache__", "node_modules") for part in path.parts)
            if path.suffix in _COMMENTS and path.is_file() and path.stat().st_size and not hidden:
                yield path


def has_line(path: Path) -> bool:
    """Whether it stands among the first two lines."""
    wanted = _COMMENTS[path.suffix] % _LINE
    return wanted in path.read_text("utf-8").splitlines()[:2]


def add_line(path: Path) -> None:
    text = path.read_text("utf-8")
    first = text[: text.index("\n") + 1] if text.lower().startswith(_FIRST) else ""
    rest = text[len(first) :]
    path.write_text(f"{first}{_COMMENTS[path.suffix] % _LINE}\n{rest}", "utf-8")


if __name__ == "__main__":
    for one in sources():
        if not has_line(one):
            add_line(one)
