"""Who may know whom: lib/ nothing but itself, firmware/ lib and the hardware, boards/ is data."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIB = sorted((ROOT / "lib").rglob("*.py"))
FIRMWARE = sorted((ROOT / "firmware").rglob("*.py"))
PORTABLE = sorted((ROOT / "host_tests" / "portable").rglob("*.py"))

OURS_ABOVE_LIB = {"firmware", "boards", "host_tools", "host_tests"}
HARDWARE = {"bluetooth", "dht", "esp", "esp32", "machine", "neopixel", "network", "onewire"}
# A part's `step` is given the time and is no coroutine: whoever calls it decides when and how.
NOT_IN_LIB = OURS_ABOVE_LIB | HARDWARE | {"asyncio", "time"}


def imports(source):
    """Top-level names of all modules that a source text imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add("." if node.level else node.module.partition(".")[0])
    return names


def relative(path):
    return str(path.relative_to(ROOT))


def test_imports_are_found_wherever_they_hide():
    source = "import a.b, c\nfrom d.e import f\ndef g():\n    try:\n        import h as i\n    finally: pass\n"
    assert imports(source) == {"a", "c", "d", "h"}


@pytest.mark.parametrize("path", LIB, ids=relative)
def test_lib_knows_neither_firmware_nor_hardware_nor_a_clock(path):
    allowed = {"time"} if path.name == "ticks.py" else set()
    assert imports(path.read_text()) & NOT_IN_LIB <= allowed


@pytest.mark.parametrize("path", FIRMWARE, ids=relative)
def test_firmware_knows_nothing_of_the_pc_side(path):
    assert not imports(path.read_text()) & {"boards", "host_tools", "host_tests"}


@pytest.mark.parametrize("path", PORTABLE, ids=relative)
def test_portable_tests_need_neither_pytest_nor_hardware(path):
    allowed = {"pytest"} if path.name == "skipping.py" else set()
    assert imports(path.read_text()) & (HARDWARE | {"pytest", "host_tests"}) <= allowed


@pytest.mark.parametrize("path", LIB + FIRMWARE, ids=relative)
def test_device_modules_have_no_name_of_the_standard_library(path):
    names = path.relative_to(ROOT).parts[1:] if path in LIB else path.relative_to(ROOT).parts
    top = Path(names[0]).stem
    assert top not in sys.stdlib_module_names


def test_boards_are_data():
    kinds = {path.suffix for path in (ROOT / "boards").rglob("*") if path.is_file()}
    assert kinds <= {".json", ".md", ".svg"}


@pytest.mark.parametrize("path", LIB, ids=relative)
def test_lib_module_imports_under_plain_cpython(path):
    module = ".".join(path.relative_to(ROOT / "lib").with_suffix("").parts).removesuffix(
        ".__init__"
    )
    program = f"import sys; sys.path[:0] = [{str(ROOT / 'lib')!r}]; import {module}"
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
