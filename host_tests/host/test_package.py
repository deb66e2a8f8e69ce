"""package.json, by which mpremote mip puts the bridge on a board."""

import json
import subprocess

from host_tools.build import image, package

ROOT = image.ROOT


def test_package_json_is_up_to_date():
    made = package.text(package.package())
    assert package.PACKAGE.read_text() == made, "python -m host_tools.build.package writes it anew"
    assert json.loads(made) == package.package()


def test_every_file_of_the_package_is_in_the_repository():
    paths = [path for _, path in package.package()["urls"]]
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *paths], cwd=ROOT, capture_output=True, text=True
    )
    if listed.returncode == 0:  # a copy of the sources has no git
        assert set(listed.stdout.split("\0")) >= set(paths)
    assert all((ROOT / path).is_file() for path in paths)


def test_nothing_that_a_board_may_need_is_missing(tmp_path):
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"devices": []}))
    wanted = {
        entry.target.replace(".mpy", ".py")
        for entry in image.entries(config)
        if entry.target != "config.json"
    }
    targets = [target for target, _ in package.package()["urls"]]
    assert wanted <= set(targets) and len(set(targets)) == len(targets)
    for folder in (image.PROFILES, image.BOARDS):
        for path in (ROOT / folder).glob("*.json"):
            assert (folder / path.name).as_posix() in targets


def test_paths_are_those_of_the_image_and_relative_to_the_package():
    for target, path in package.package()["urls"]:
        top = {"firmware/boot.py": "boot.py", "firmware/main.py": "main.py"}
        assert target == top.get(path, path)
        assert not path.startswith(("/", ".")) and ":" not in path
