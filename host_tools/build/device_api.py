# SPDX-License-Identifier: MIT
"""Does the code for the board fit every MicroPython it may meet? `python -m host_tools.build.device_api`.

Three checks of firmware/ and lib/: mpy-cross compiles each file for the ESP32; each module, and each attribute used
on a module, on one of its classes or on an object just made from one, exists in the oldest and the newest release; and
no text is asked for one of several beginnings or ends at once, which 1.24 cannot (a TypeError).

What exists is read from the esp32 stubs of both releases, or from LISTED where they only mirror CPython. Code that
catches ImportError is left alone: it is written for the case that something is missing.
"""

import ast
import functools
import subprocess
import sys
from pathlib import Path

from host_tools.build import pinned
from host_tools.build.compiler import mpy_cross
from host_tools.build.interpreter import CACHE, ROOT, appearing, locked

Dotted = tuple[str, ...]  # ("machine", "Pin", "OUT")

# Releases of the stubs, and the SHA-256 of their files.
STUBS = {
    "1.24.1.post2": (
        "98dc0be1c49ec2dd8b1b62fcc6d723e2adcad4ff543e97d998fe4bf498db9e62",
        "a15f7383691fd104e02ba3f6a535d30d533a6c57ce04d23050ce6359f0e57617",
    ),
    "1.29.0.post1": (
        "bd458e03eaa5c9b5986f08f63ccbd6254e6d72289dbf2a9896cdb7b1df6978fc",
        "c0a72410b9924f51b520534de0dc7f1839ff8f108689aa1e935a0c2b9fcbd96b",
    ),
}

# From MicroPython's library reference and the esp32 port's sources, 1.24.
LISTED = {
    "array": "array",
    "asyncio": "CancelledError Event Lock StreamReader StreamWriter Task ThreadSafeFlag TimeoutError "
    "create_task current_task gather get_event_loop new_event_loop open_connection run sleep sleep_ms "
    "start_server wait_for wait_for_ms",
    "collections": "OrderedDict deque namedtuple",
    "io": "BytesIO IOBase StringIO open",
    "json": "dump dumps load loads",
    "os": "VfsFat VfsLfs2 chdir dupterm getcwd ilistdir listdir mkdir mount remove rename rmdir stat "
    "statvfs sync umount uname unlink urandom",
    "re": "compile match search sub",
    "struct": "calcsize pack pack_into unpack unpack_from",
    "sys": "argv byteorder exit implementation maxsize modules path platform print_exception ps1 ps2 "
    "stderr stdin stdout version version_info",
}


def main() -> int:
    files = sorted(
        path for folder in ("firmware", "lib") for path in (ROOT / folder).rglob("*.py")
    )
    found = [line for path in files for line in compile_errors(path) + api_errors(path)]
    print(*found, f"{len(files)} device files checked, {len(found)} errors", sep="\n")
    return 1 if found else 0


def compile_errors(path: Path) -> list[str]:
    """mpy-cross's complaint about a file; `native` and `viper` code is made for the ESP32's processor."""
    command = [mpy_cross(), "-march=xtensawin", "-o", "/dev/null", str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    return [(done.stdout + done.stderr).strip()] if done.returncode else []


def api_errors(path: Path) -> list[str]:
    """One line per thing in the file that a release does not have."""
    uses = Uses()
    tree = ast.parse(path.read_text())
    uses.visit(tree)
    name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    return [
        f"{name}:{line}: {'.'.join(names)} is not in MicroPython {release.partition('.post')[0]}"
        for line, names in uses.found
        for release in STUBS
        if not exists(release, names)
    ] + [
        f"{name}:{line}: a tuple for startswith or endswith is not in MicroPython 1.24"
        for line in tuples_of_affixes(tree)
    ]


def tuples_of_affixes(tree: ast.AST) -> list[int]:
    """The lines that give str.startswith or str.endswith a tuple."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [
        call.lineno
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in ("startswith", "endswith")
        and call.args
        and isinstance(call.args[0], ast.Tuple)
    ]


class Uses(ast.NodeVisitor):
    """Collects (line, dotted name) of everything a file takes from modules that are not ours."""

    def __init__(self):
        self.found = []
        self.meaning = {}  # source text of a name or attribute -> the dotted name it stands for

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.bind(alias.asname or alias.name, (alias.name,), node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.level or not node.module:
            return  # relative: ours
        for alias in node.names:
            self.bind(alias.asname or alias.name, (node.module, alias.name), node)

    def bind(self, name: str, dotted: Dotted, node: ast.stmt) -> None:
        if dotted[0].partition(".")[0] not in own_modules():
            self.meaning[name] = dotted
            self.found.append((node.lineno, dotted))

    def visit_Assign(self, node: ast.Assign) -> None:
        self.generic_visit(node)
        if isinstance(node.value, ast.Call) and (made := self.dotted(node.value.func)):
            self.meaning.update((ast.unparse(target), made) for target in node.targets)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.generic_visit(node)
        if isinstance(node.ctx, ast.Load) and (dotted := self.dotted(node)):
            self.found.append((node.lineno, dotted))

    def visit_Try(self, node: ast.Try) -> None:
        caught = " ".join(ast.unparse(handler.type) for handler in node.handlers if handler.type)
        if "ImportError" not in caught:
            self.generic_visit(node)

    def dotted(self, node: ast.expr) -> Dotted | None:
        """("machine", "Pin", "OUT") for `Pin.OUT` after `from machine import Pin`; None for what is ours."""
        text = ast.unparse(node)
        if text in self.meaning:
            return self.meaning[text]
        if isinstance(node, ast.Attribute) and (base := self.dotted(node.value)):
            return (*base, node.attr)
        return None


def exists(release: str, names: Dotted) -> bool:
    """Whether a dotted name does; what lies deeper than a class's member is not known and passes."""
    known = module(release, names[0])
    for name in names[1:]:
        if known is None or name not in known:
            return False
        known = known[name]
        if not known:
            return True
    return known is not None


@functools.cache
def module(release: str, name: str) -> dict | None:
    """{name: {member: {}}} of a module, None if there is no such module."""
    if name in LISTED:
        return {known: {} for known in LISTED[name].split()}
    stub = stubs(release) / (name.replace(".", "/") + ".pyi")
    return members(ast.parse(stub.read_text()).body) if stub.exists() else None


def members(body: list[ast.stmt]) -> dict:
    """{name: its own members} of what a stub's module or class defines; imports belong to the stub only."""
    found = {}
    for node in body:
        if isinstance(node, ast.ClassDef):
            found[node.name] = members(node.body)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found[node.name] = {}
        elif isinstance(node, ast.AnnAssign):
            found[ast.unparse(node.target)] = {}
        elif isinstance(node, ast.Assign):
            found.update((ast.unparse(target), {}) for target in node.targets)
        elif isinstance(node, (ast.Try, ast.If)):
            found.update(members(node.body))
    return found


@functools.cache
def own_modules() -> set[str]:
    return {"firmware"} | {path.stem for path in (ROOT / "lib").iterdir()}


@functools.cache
def stubs(release: str) -> Path:
    """Folder with the esp32 stubs of one release; two of them cannot share an environment."""
    folder = CACHE / f"stubs-{release}"
    with locked(CACHE / "stubs.lock"):
        if not folder.exists():
            with appearing(folder) as new:
                pinned.install(f"micropython-esp32-stubs=={release}", STUBS[release], new)
    return folder


if __name__ == "__main__":
    sys.exit(main())
