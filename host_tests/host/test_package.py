# SPDX-License-Identifier: MIT
"""The mip package holds all that a board may need, for every processor. How mpremote installs it: board/test_package.py."""

import json

import pytest

from host_tools.build import image, package
from host_tools.paths import ROOT

BY_NAME = {
    "firmware/boot.py": "boot.py",
    "firmware/main.py": "main.py",
}  # MicroPython looks for them


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("package")
    package.write(folder)
    return folder


@pytest.fixture(scope="module")
def urls(made):
    """[path on the board, path beside package.json], as mpremote reads them."""
    return json.loads((made / "package.json").read_text())["urls"]


def test_every_module_and_every_data_file_is_in_it_once(urls):
    wanted = {"firmware/page.html.gz", "firmware/metrics.txt", "lib/planning/profiles.pack"}
    wanted |= {
        f"firmware/setup{one}"
        for one in (".html.gz", "_profiles.json", "_search.json", "_identities.txt")
    }
    for top in ("firmware", "lib"):
        for path in (ROOT / top).rglob("*.py"):
            name = path.relative_to(ROOT).as_posix()
            wanted.add(BY_NAME.get(name, name.replace(".py", ".mpy")))
    for top in ("lib", "boards"):
        wanted |= {path.relative_to(ROOT).as_posix() for path in (ROOT / top).rglob("*.json")}
    # The profiles are in the pack, the identities shorter in setup_identities.txt.
    wanted = {one for one in wanted if not one.startswith("lib/planning/profiles/")}
    wanted.remove("lib/planning/identities.json")
    targets = [target for target, _ in urls]
    assert sorted(targets) == sorted(wanted)


def test_paths_stay_beside_package_json(made, urls):
    there = {p.relative_to(made).as_posix() for p in made.rglob("*") if p.is_file()}
    assert there == {"package.json"} | {path for _, path in urls}


def test_modules_run_on_every_processor_from_micropython_1_24_on(made, urls):
    # MicroPython's docs/reference/mpyfiles.rst: "M", version, flags with the architecture of native code above
    # two bits, bits of a small int (31 on a 32-bit chip).
    compiled = [made / path for target, path in urls if target.endswith(".mpy")]
    assert len(compiled) > 50
    for path in compiled:
        letter, version, flags, bits = path.read_bytes()[:4]
        assert (letter, version, flags >> 2) == (ord("M"), 6, 0) and bits <= 31, path


def test_data_is_verbatim(made, urls):
    for target, path in urls:
        if target.startswith("boards/") or target == "firmware/metrics.txt":
            assert (made / path).read_bytes() == (ROOT / target).read_bytes()
    assert (made / "board/boot.py").read_bytes() == (ROOT / "firmware/boot.py").read_bytes()


def test_native_code_would_need_a_package_for_each_processor(tmp_path):
    (tmp_path / "firmware").mkdir()
    (tmp_path / "firmware" / "fast.py").write_text(
        'VERSION = "1.2.3"\n\n@micropython.native\ndef fast():\n    pass\n'
    )
    with pytest.raises(image.ImageError, match="fast.py does not compile"):
        package.write(tmp_path / "made", tmp_path)
