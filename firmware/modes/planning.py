# SPDX-License-Identifier: MIT
"""Planning, in a run of its own with the whole heap: config.json, board and profiles become plan.json, and the board starts again.

It counts as no failed start. Where plan.json cannot be written the bridge is started with the plan at once.
"""

import gc
import json
import os
import sys

from firmware.hw import chip
from firmware.modes import profile_pack
from firmware.modes.reset_reason import last_end
from firmware.modes.store import Store, size
from firmware.modes.version import VERSION
from planning import strict_json
from unload import unload

# What checks a config, and is not needed to plan it.
_CHECK = (
    "planning.settings",
    "planning.sections",
    "planning.devices",
    "planning.schema",
    "planning.profile_format",
    "planning.register_format",
    "planning.profile_keys",
)
_SOFT_RESET = 5  # of machine.reset_cause()
_SET_UP = 6  # docs/formats/device.md, "Failed starts"
_MOST_BYTES = 8193  # of a config.json: one more than is allowed


def main(root, memory):
    """The plan, where it could not be kept; None with one line on the console where there is no config to plan from. Else the board restarts."""
    failed = memory.failed - 1
    store = Store(root)
    try:
        made = planned(store, failed)
    except ValueError as error:  # a SettingsError
        print(error)
        return None
    except OSError:
        _set_up(memory)
        print("make setup PORT=... lets a phone make one")
        print("config.json: no such file; copy config.example.json and fill it in")
        return None
    if written(store, made) and store.plan(failed):
        _restart(memory)
    _forget_planner()
    return made


def _set_up(memory):
    """Where the board has a key for its access point, a phone may make the config."""
    from firmware.hw import access_point

    if access_point.key():
        memory.failed = _SET_UP
        memory.write()
        chip.soft_reset()  # for an empty heap


def planned(store, failed):
    """The plan, of config.json or else of the last good one. Raises config.json's SettingsError, or OSError where there is no file."""
    files = Files(store)
    is_doubtful = store.is_doubtful(failed)
    complaint = ""
    try:
        if is_doubtful:
            raise ValueError("%d starts with it failed" % failed)
        made = files.plan(store.config_path())
    except Exception as error:
        try:
            made = files.plan(store.good)
        except Exception:
            raise error
        what = "cannot be read" if isinstance(error, OSError) else "is refused"
        complaint = "The last good config is in use; config.json %s: %s" % (what, error)
    from planning import plan

    sources = {source: store.crc(source) for source in ["config"] + files.sources}
    return plan.stamped(made, VERSION, sources, is_doubtful, complaint)


def written(store, made):
    """Write plan.json; False where the flash is full. The old one goes first: it no longer fits, and takes the room."""
    from planning import plan_text

    path, temporary = store.root + "/plan.json", store.root + "/plan.tmp"
    try:
        _remove(path)
        with open(temporary, "wb") as file:
            plan_text.write(made, file)
        os.rename(temporary, path)
        return True
    except OSError as error:
        print("plan.json cannot be written: %s" % error)
        _remove(temporary)
        return False


def _remove(path):
    try:
        os.remove(path)
    except OSError:
        pass  # not there


class Files:
    """What a config may name, as planning.settings wants it, and which of it was asked for."""

    def __init__(self, store):
        self._store = store
        self.sources = []

    def plan(self, path):
        text = self._store.text(path, _MOST_BYTES)
        from planning import settings  # and plan later: a board has no room for both

        config = settings.read(text, self.load, self.names)
        del settings
        unload(*_CHECK)
        gc.collect()
        from planning import plan

        return plan.make(config, self.load)

    def load(self, kind, name):
        """The parsed JSON of a "board", "profile" or clamp "model", or None."""
        if kind == "model":
            return self._models().get(name)
        source = "%s %s" % (kind, name)
        if source not in self.sources:
            self.sources.append(source)
        path = self._store.find(kind, name)
        if path:
            with open(path, "rb") as file:
                text = file.read()
        else:
            text = self._packed(name) if kind == "profile" else None
        # MicroPython's own json takes half a file for a whole one.
        return strict_json.loads(text) if text is not None else None

    def _packed(self, name):
        """The text of a profile that comes with the bridge, or None."""
        path = self._store.pack
        if not size(path):
            return None
        if "pack" not in self.sources:
            if not profile_pack.is_whole(path):
                from planning.checks import SettingsError

                raise SettingsError("profiles", "damaged on the board; make deploy mends them")
            self.sources.append("pack")
        return profile_pack.find(path, name)

    def names(self, kind):
        """All names of a kind, for a did-you-mean."""
        if kind == "model":
            return list(self._models())
        found = []
        if kind == "profile" and size(self._store.pack):
            found = [name for name, _ in profile_pack.lines(self._store.pack)]
        for folder in self._store.places(kind):
            try:
                found += [name[:-5] for name in os.listdir(folder) if name.endswith(".json")]
            except OSError:
                pass
        return found

    def _models(self):
        with open(self._store.root + "/lib/planning/clamp_models.json") as file:
            return json.load(file)


def _restart(memory):
    """This start is no failed one, though it ends now; the next tells why the one before it ended."""
    memory.failed -= 1
    if (
        chip.reset_cause() != _SOFT_RESET or not memory.text
    ):  # else this is known from a run like this
        reason = last_end(memory, chip.reset_cause())
        memory.uptime_s = 0
        memory.note(reason)
    memory.write()
    chip.soft_reset()


def _forget_planner():
    """The bridge follows in the same run: its heap has no room for all this."""
    for name in list(sys.modules):
        if name.startswith("planning") or name == __name__:
            del sys.modules[name]
    gc.collect()
