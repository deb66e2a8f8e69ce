# SPDX-License-Identifier: MIT
"""The image is the one list of the device's files."""

import json
from pathlib import Path

import pytest

from host_tools.build import image

CONFIG = {
    "board": "small",
    "devices": [
        {"category": "energy_meters", "profile": "meter"},
        {"category": "smart_loads", "clamp": "ct1"},
    ],
}


PROFILE = '{"vendor": "Maker", "model": "M1", "roles": {"energy_meters": {}}}'


@pytest.fixture
def tree(tmp_path):
    """A project and, apart from it, an owner's folder with config.json."""
    files = {
        "project/firmware/boot.py": "import gc\n",
        "project/firmware/main.py": "from firmware import app\n",
        "project/firmware/app.py": "def main(root):\n    assert root\n",
        "project/lib/httpd/server.py": "X = 1\n",
        "project/lib/httpd/page.html": "<p>",
        "project/lib/httpd/README.md": "for people",
        "project/lib/httpd/__pycache__/server.cpython-311.pyc": "",
        "project/lib/planning/profiles/meter.json": PROFILE,
        "project/lib/planning/profiles/other.json": PROFILE,
        "project/boards/small.json": '{"chip": "esp32"}',
        "project/boards/alike.json": '{"chip": "esp32"}',
        "project/boards/large.json": '{"chip": "esp32c3"}',
        "project/boards/small.md": "for people",
        "owner/config.json": json.dumps(CONFIG, indent=3),
        "owner/profiles/mine.json": '{"mine": 1}',
        "owner/profiles/notes.txt": "",
    }
    for name, text in files.items():
        Path(tmp_path, name).parent.mkdir(parents=True, exist_ok=True)
        Path(tmp_path, name).write_text(text)
    return tmp_path


def targets(tree):
    return [entry.target for entry in image.entries(tree / "owner/config.json", tree / "project")]


def test_image_holds_code_named_data_and_the_owners_files(tree):
    assert targets(tree) == [
        "boards/alike.json",
        "boards/small.json",
        "boot.py",
        "config.json",
        "firmware/app.mpy",
        "firmware/setup_profiles.json",
        "firmware/setup_search.json",
        "lib/httpd/page.html",
        "lib/httpd/server.mpy",
        "lib/planning/profiles.pack",
        "main.py",
        "profiles/mine.json",
    ]


@pytest.mark.parametrize("board", [{}, {"board": 7}, {"board": "unknown"}])
def test_all_boards_are_there_when_none_is_named(tree, board):
    Path(tree, "owner/config.json").write_text(json.dumps({"devices": [], **board}))
    assert {"boards/small.json", "boards/large.json"} <= set(targets(tree))


@pytest.mark.parametrize("text", ["{ no json", "[]", '{"devices": 3}', '{"devices": [3]}'])
def test_config_that_the_firmware_will_refuse_is_still_carried(tree, text):
    Path(tree, "owner/config.json").write_text(text)
    image.write(tree / "device", tree / "owner/config.json", tree / "project")
    assert Path(tree, "device/config.json").read_text() == text


def test_missing_config_leaves_the_rest_and_all_boards(tree):
    Path(tree, "owner/config.json").unlink()
    assert "config.json" not in targets(tree)
    assert {"firmware/app.mpy", "boards/small.json", "boards/large.json"} <= set(targets(tree))


def test_modules_are_bytecode_and_data_is_verbatim(tree):
    made = image.write(tree / "device", tree / "owner/config.json", tree / "project")
    written = {
        path.relative_to(tree / "device").as_posix()
        for path in Path(tree, "device").rglob("*")
        if path.is_file()
    }
    assert written == {entry.target for entry in made}
    assert Path(tree, "device/firmware/app.mpy").read_bytes()[:2] == b"M\x06"
    assert Path(tree, "device/boot.py").read_text() == "import gc\n"
    assert json.loads(Path(tree, "device/config.json").read_text()) == CONFIG


def test_module_that_does_not_compile_is_named(tree):
    Path(tree, "project/lib/httpd/server.py").write_text("def\n")
    with pytest.raises(image.ImageError, match="lib/httpd/server.py does not compile"):
        image.write(tree / "device", tree / "owner/config.json", tree / "project")


def test_set_up_mode_gets_what_it_has_to_know_of_all_profiles(tree):
    serial = {"baudrate": 4800, "parity": "odd", "unit": 7, "source": "factory"}
    Path(tree, "project/lib/planning/profiles/other.json").write_text(
        json.dumps({"vendor": "Other", "model": "ü", "roles": {"inverters": {}}, "serial": serial})
    )
    image.write(tree / "device", tree / "owner/config.json", tree / "project")
    assert json.loads(Path(tree, "device/firmware/setup_profiles.json").read_text("utf-8")) == [
        {"name": "meter", "title": "Maker M1", "roles": ["energy_meters"]},
        {"name": "other", "title": "Other ü", "roles": ["inverters"]},
    ]
    search = json.loads(Path(tree, "device/firmware/setup_search.json").read_text())
    assert search["delivered"][0] == [4800, "odd", 1, 7]
    assert [9600, "none", 1, 1] in search["others"] and 7 in search["units"]


def test_project_itself_makes_an_image(tmp_path):
    Path(tmp_path, "config.json").write_text('{"devices": []}')
    made = image.write(tmp_path / "device", tmp_path / "config.json")
    assert {"boot.py", "main.py", "config.json"} <= {entry.target for entry in made}
