# SPDX-License-Identifier: MIT
"""manifest.py freezes the very modules that a slot holds as .mpy."""

from host_tools.build import image
from host_tools.paths import ROOT


def frozen():
    """The files that MicroPython's makemanifest would freeze, relative to the checkout."""
    found = []

    def package(name, base_path, opt):
        assert opt == 3, "as image.compile_module"
        folder = ROOT / base_path / name
        found.extend(sorted(folder.rglob("*.py")))

    def module(name, base_path, opt):
        found.append(ROOT / base_path / name)

    names = {"include": lambda path: None, "package": package, "module": module}
    exec((ROOT / "manifest.py").read_text(), names)
    return {path.relative_to(ROOT).as_posix() for path in found}


def test_frozen_are_the_modules_of_a_slot_and_what_starts_it():
    compiled = {
        entry.source.relative_to(ROOT).as_posix()
        for entry in image.code_and_data(ROOT)
        if entry.compiled
    }
    # boot.py and main.py run from the file system; frozen beside the others they do no harm.
    started = {"firmware/boot.py", "firmware/main.py"}
    assert frozen() - started == compiled - {"lib/unload.py"}
