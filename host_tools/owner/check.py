# SPDX-License-Identifier: MIT
"""`make check CONFIG=config.json`: the very check that the device makes at boot, and what else a PC can see.

Prints `config.json is good` with what it means and what is doubtful, or the one line that says where it is wrong.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema

from host_tools.build import boards
from host_tools.owner import config_warnings, plan_words
from host_tools.paths import CLAMP_MODELS, PROFILES, ROOT
from planning import plan, profile_file, settings, strict_json

_SCHEMA = ROOT / "docs" / "profile.schema.json"


class Files:
    """What a config.json may name: `load` and `names` as settings.read wants them. `asked`: {"board NAME" or "profile NAME": path}.

    An owner's profiles lie in the folder profiles/ beside config.json and come before ours, which are in PROFILES.
    """

    def __init__(self, folder: Path) -> None:
        self.asked = {}
        self._profiles = {path.stem: path for path in sorted(PROFILES.glob("*.json"))}
        self._profiles.update(
            {path.stem: path for path in sorted(Path(folder, "profiles").glob("*.json"))}
        )
        self._models = json.loads(CLAMP_MODELS.read_text("utf-8")) if CLAMP_MODELS.exists() else {}

    def names(self, kind: str) -> list[str]:
        return {
            "board": boards.names(),
            "profile": list(self._profiles),
            "model": list(self._models),
        }[kind]

    def load(self, kind: str, name: str) -> Any:
        if kind == "model":
            return self._models.get(name)
        path = boards.path(name) if kind == "board" else self._profiles.get(name)
        if path:
            self.asked[f"{kind} {name}"] = path
        return strict_json.loads(path.read_bytes()) if path else None

    def profile(self, name: str) -> dict:
        """A profile with all that it extends."""
        return profile_file.completed(name, self.load, self.names)


def check(path: Path) -> tuple[dict, Files]:
    """(config, files) of a good file; raises SettingsError or OSError."""
    files = Files(path.parent)
    config = settings.read(path.read_bytes(), files.load, files.names)
    for name in sorted({one["profile"] for one in config["devices"] if "profile" in one}):
        for profile in (*profile_file.chain(name, files.load, files.names), files.profile(name)):
            _check_profile(profile, name)
    return config, files


def _check_profile(profile, name):
    """What the schema says beyond the device's own check."""
    schema = json.loads(_SCHEMA.read_text("utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    error = jsonschema.exceptions.best_match(validator.iter_errors(profile))
    if error:
        place = error.json_path.removeprefix("$").removeprefix(".")
        meaning = error.schema.get("description")
        problem = error.message + (f" ({meaning})" if meaning else "")
        raise settings.SettingsError(f"profiles/{name}.json: {place}", problem)


def summary(config: dict, files: Files, made: dict) -> Iterator[str]:
    """What the file means and what is planned of it, line by line. made: the plan."""
    network = config["wifi"]
    yield f"board: {files.load('board', config['board'])['name']}"
    address = network["ip"]["address"] if network["ip"] else "an address from the router"
    yield f"Wi-Fi: {network['ssid']} as {network['hostname']} with {address}, port {config['http']['port']}"
    count = {}
    for device in config["devices"]:
        index = count[device["category"]] = count.get(device["category"], -1) + 1
        yield f"{device['category']} {index}: {_source(device)}"
    if isinstance(config["load_power"], dict):
        yield f"load_power_w: {_source(config['load_power'] | {'info': {}})}"
    yield ""
    yield "The plan:"
    yield from plan_words.lines(made)


def _source(device):
    if "profile" in device:
        words = f"{device['profile']}, unit {device['unit']}"
    elif "clamp" in device:
        ratio = f"{device['amps_per_volt']} A/V" if device["amps_per_volt"] else device["model"]
        words = f"clamp {' + '.join(device['clamp'])} ({ratio}), apparent power, unsigned"
    else:
        words = "fixed values"
    name = device["info"].get("name")
    return words + (f" ({name})" if name else "") + (", inverted" if device.get("invert") else "")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Check a config.json as the device does.")
    parser.add_argument("config", type=Path)
    path = parser.parse_args(arguments).config
    try:
        config, files = check(path)
    except OSError as error:
        print(f"{path}: {error.strerror}; a readable config.json is needed", file=sys.stderr)
        return 1
    except settings.SettingsError as error:
        told = str(error)
        print(
            path.name + told.removeprefix("config.json")
            if told.startswith("config.json:")
            else told,
            file=sys.stderr,
        )
        return 1
    made = plan.make(config, files.load)
    print(f"{path.name} is good")
    for line in summary(config, files, made):
        print(f"  {line}".rstrip())
    for line in config_warnings.warnings(config, files, made):
        print(f"warning: {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
