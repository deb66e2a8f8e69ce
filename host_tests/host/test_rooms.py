# SPDX-License-Identifier: MIT
"""The rooms of the house: who may know whom, who may touch the hardware, who does I/O. docs/design/rooms.md tells why."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from host_tools.paths import ROOT

LIB = sorted((ROOT / "lib").rglob("*.py"))
FIRMWARE = sorted((ROOT / "firmware").rglob("*.py"))
PORTABLE = sorted((ROOT / "host_tests" / "portable").rglob("*.py"))
HARDWARE = {"bluetooth", "dht", "esp", "esp32", "machine", "neopixel", "network", "onewire"}
# What opens files or sockets, or waits.
IO = {"os", "select", "socket", "time", "vfs"}

# Room -> the rooms that it may know, besides itself and the two leaves (const, ticks).
ROOMS = {
    "lib/modbus": set(),
    "lib/daytime": set(),
    "lib/httpd": set(),
    "lib/portal": set(),
    "lib/clamp": set(),
    "lib/meters": {"lib/modbus"},
    "lib/values": {"lib/httpd"},
    "lib/loading": {"lib/clamp", "lib/meters", "lib/values"},
    "lib/planning": {"lib/meters", "lib/modbus", "lib/values"},
    "lib/recognition": {"lib/planning"},
    "firmware": {"firmware/hw", "lib/daytime", "lib/httpd", "lib/meters", "lib/values"},
    "firmware/hw": {"firmware"},
    "firmware/modes/setup": {
        "firmware/hw", "firmware/modes", "lib/loading", "lib/modbus", "lib/planning", "lib/portal", "lib/recognition",
    },
    "firmware/modes": {
        "firmware", "firmware/hw", "lib/clamp", "lib/httpd", "lib/loading", "lib/meters", "lib/modbus", "lib/planning",
        "lib/values",
    },
}  # fmt: skip
# A unit's reads that change at run time: so rare that this code is loaded for the moment.
FOR_THE_MOMENT = {"lib/meters/adapt.py", "lib/meters/sunspec.py"}
# Files that do I/O; in lib/ only what serves files and connections.
DOES_IO = {
    "firmware/boot.py", "firmware/main.py", "firmware/clock.py", "firmware/status.py", "firmware/trial.py", "firmware/hw/bus_port.py",
    "firmware/modes/bridge.py", "firmware/modes/planning.py", "firmware/modes/profile_pack.py", "firmware/modes/safe.py",
    "firmware/modes/store.py",
    "firmware/modes/setup/api.py", "firmware/modes/setup/factory.py", "firmware/modes/setup/mode.py",
    "firmware/modes/setup/questions.py", "firmware/modes/setup/session.py", "lib/loading/listener.py", "lib/httpd/responses.py", "lib/ticks.py",
}  # fmt: skip
SELF_CONTAINED = {"firmware/boot.py", "firmware/main.py"}


def relative(path):
    return path.relative_to(ROOT).as_posix()


def room(path):
    return Path(path).parent.as_posix()


def imported(path):
    """[(dotted name of a module, whether it is imported when its importer is)] of all imports of a file, wherever in it."""
    tree = ast.parse(path.read_text())
    top = set(tree.body) | {
        n for node in tree.body if isinstance(node, ast.Try) for n in node.body
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, node in top) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = relative(path).removeprefix("lib/").rpartition("/")[0].replace("/", ".")
                base = f"{package}.{base}" if base else package
            found.append((base, node in top))
            found += [(f"{base}.{alias.name}", node in top) for alias in node.names]
    return found


def file_of(module):
    """The file of one of our modules, or None."""
    parts = module.replace(".", "/")
    for top in ("lib/", ""):
        for name in (f"{top}{parts}.py", f"{top}{parts}/__init__.py"):
            if (ROOT / name).is_file() and name.startswith(("lib/", "firmware/")):
                return name
    return None


def arrows():
    """{(file, file): whether it is one at import time} within lib/ and firmware/."""
    found = {}
    for path in LIB + FIRMWARE:
        for module, at_import in imported(path):
            target = file_of(module)
            if target and target != relative(path) and not target.endswith("__init__.py"):
                key = relative(path), target
                found[key] = found.get(key, False) or at_import
    return found


ARROWS = arrows()


def does_io(path):
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    opens = any(isinstance(call.func, ast.Name) and call.func.id == "open" for call in calls)
    return opens or bool(outside(imported(path)) & IO)


def outside(names):
    return {name.partition(".")[0] for name, _ in names}


def test_imports_are_found_wherever_they_hide(tmp_path):
    path = ROOT / "firmware" / "modes" / "bridge.py"
    names = {name for name, _ in imported(path)}
    assert {"firmware.clock", "modbus.master", "values.documents.Values"} <= names
    assert ("firmware/modes/bridge.py", "firmware/hw/led.py") in ARROWS
    assert not ARROWS["firmware/modes/bridge.py", "firmware/clock.py"], "it is imported late"


@pytest.mark.parametrize("importer, target", sorted(ARROWS), ids=lambda name: name)
def test_room_knows_only_the_rooms_below_it(importer, target):
    source, other = room(importer), room(target)
    if source == other or other == "lib" or importer == "firmware/main.py":
        return  # main.py chooses a mode
    assert other in ROOMS[source] or (
        importer == "lib/meters/sunspec.py" and other == "lib/planning"
    )


def test_what_is_loaded_for_the_moment_is_imported_late():
    early = [key for key, at_import in ARROWS.items() if at_import and key[1] in FOR_THE_MOMENT]
    assert early == []


def test_every_room_is_on_the_list_and_every_permission_is_used():
    used = {(room(a), room(b)) for a, b in ARROWS}
    assert {room(relative(path)) for path in LIB + FIRMWARE} - {"lib"} == set(ROOMS)
    unused = [(a, b) for a in ROOMS for b in ROOMS[a] if (a, b) not in used]
    assert unused == []


def test_no_import_circle():
    at_import = {}
    for (importer, target), early in ARROWS.items():
        if early:
            at_import.setdefault(importer, set()).add(target)
    done, path = set(), []

    def visit(name):
        assert name not in path, " -> ".join([*path[path.index(name) :], name])
        if name not in done:
            path.append(name)
            for target in sorted(at_import.get(name, ())):
                visit(target)
            done.add(path.pop())

    for name in sorted(at_import):
        visit(name)


def test_the_running_bridge_knows_nothing_of_the_planner():
    reached, todo = set(), ["firmware/modes/bridge.py"]
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo += [b for (a, b) in ARROWS if a == name and b not in FOR_THE_MOMENT]
    assert len(reached) > 20
    assert not [name for name in reached if name.startswith("lib/planning/")]


@pytest.mark.parametrize("path", LIB + FIRMWARE, ids=relative)
def test_only_hardware_files_import_the_hardware(path):
    allowed = room(relative(path)) == "firmware/hw" or relative(path) in SELF_CONTAINED
    assert allowed or not outside(imported(path)) & HARDWARE


@pytest.mark.parametrize("path", LIB + FIRMWARE, ids=relative)
def test_only_files_that_do_io_can(path):
    assert not does_io(path) or relative(path) in DOES_IO


def test_every_file_that_may_do_io_does():
    for name in DOES_IO:
        assert does_io(ROOT / name), name


@pytest.mark.parametrize("path", LIB + FIRMWARE, ids=relative)
def test_device_code_knows_nothing_of_the_pc_side(path):
    ours = {"boards", "host_tools", "host_tests"} | ({"firmware"} if path in LIB else set())
    assert not outside(imported(path)) & ours


@pytest.mark.parametrize("path", LIB, ids=relative)
def test_lib_has_no_coroutines(path):
    # A component's `step` is given the time and is no coroutine: whoever calls it decides when and how.
    assert "asyncio" not in outside(imported(path))


@pytest.mark.parametrize("path", PORTABLE, ids=relative)
def test_portable_tests_need_neither_pytest_nor_hardware(path):
    allowed = {"pytest"} if path.name == "skipping.py" else set()
    assert outside(imported(path)) & (HARDWARE | {"pytest", "host_tests"}) <= allowed


@pytest.mark.parametrize("path", LIB + FIRMWARE, ids=relative)
def test_device_modules_have_no_name_of_the_standard_library(path):
    names = path.relative_to(ROOT).parts[1:] if path in LIB else path.relative_to(ROOT).parts
    assert Path(names[0]).stem not in sys.stdlib_module_names


def test_boards_are_data():
    kinds = {path.suffix for path in (ROOT / "boards").rglob("*") if path.is_file()}
    assert kinds <= {".json", ".md", ".svg"}


@pytest.mark.parametrize("path", LIB + FIRMWARE, ids=relative)
def test_no_module_is_longer_than_300_lines_and_no_function_than_40(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 301  # one is the licence
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno < 40, node.name


@pytest.mark.parametrize("path", LIB, ids=relative)
def test_lib_module_imports_under_plain_cpython(path):
    module = ".".join(path.relative_to(ROOT / "lib").with_suffix("").parts)
    module = module.removesuffix(".__init__")
    program = f"import sys; sys.path[:0] = [{str(ROOT / 'lib')!r}]; import {module}"
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
