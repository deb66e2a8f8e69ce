"""The owner's config.json and the data files that it names, read from the board's file system.

A config.json that was accepted becomes the last good one once the bridge has proved itself with it. Beside it
lies what the check made of it, with every default: the checker, a quarter of a small heap, is loaded
only when there is something to check.
"""

import binascii
import json
import os

from unload import unload

_MOST_BYTES = 8193  # one more than is allowed
_CHUNK_BYTES = 256
_TRIES = 3  # failed starts after which a config that never proved itself is doubted; at 5 comes safe mode


class Store:
    """root: the folder of the application; top: where the owner's files lie, whatever the root.

    `complaint`: what is wrong with config.json while the last good one is used, "" if nothing. `renames`: what is to
    be done once the bridge has proved itself, [(from, to)]. `can_go_back`: there is another version or config to go back to
    where it does not. `is_new`: this config was checked just now.
    """

    def __init__(self, root, top=""):
        self._root = root
        self._top = top
        self._good = top + "/config.good.json"
        self._checked = top + "/config.checked.json"
        self.complaint = ""
        self.renames = []
        self.can_go_back = False
        self.is_new = False

    def config(self, read, failed=0):
        """The config, checked by read(text, load, names). Raises that one's error, or OSError where there is no file.

        failed: how many starts have failed before this one.
        """
        path = self._top + "/config.json"
        if self._root != self._top and _size(self._root + "/config.json") is not None:
            path = self._root + "/config.json"
        try:
            config = self._read(path, read)
            if failed >= _TRIES and _size(self._good) is not None and not _same(path, self._good):
                raise ValueError("%d starts with it failed" % failed)
        except Exception as error:
            try:
                config = self._read(self._good, read)
            except Exception:
                raise error
            what = "cannot be read" if isinstance(error, OSError) else "is refused"
            self.complaint = "The last good config is in use; config.json %s: %s" % (what, error)
            return config
        self._keep(path)
        return config

    def _read(self, path, read):
        with open(path, "rb") as file:
            text = file.read(min(_size(path), _MOST_BYTES))  # its buffer is made for what is asked
        of = [self._root, len(text), binascii.crc32(text), self._rules(), self._own_profiles()]
        try:
            with open(self._checked) as file:
                checked = json.load(file)
            if checked["of"] == of:
                return checked["config"]
        except (OSError, ValueError, KeyError):
            pass
        config = read(text, self._load_strictly, self.names)
        self._keep_checked({"of": of, "config": config})
        return config

    def _rules(self):
        """What tells one version of the checker from another: the sizes of its files."""
        folder = self._root + "/lib/planning/"
        try:
            return [_size(folder + name) for name in sorted(os.listdir(folder[:-1]))]
        except OSError:
            return []

    def _own_profiles(self):
        """What tells one state of the owner's profiles from another."""
        found = []
        for folder in self._places("profile")[:-1]:
            try:
                for name in sorted(os.listdir(folder)):
                    with open(folder + "/" + name, "rb") as file:
                        found.append([name, binascii.crc32(file.read(_MOST_BYTES))])
            except OSError:
                pass  # no such folder
        return found

    def _keep_checked(self, checked):
        temporary = self._checked + ".tmp"
        try:
            with open(temporary, "w") as file:
                json.dump(checked, file)
            os.rename(temporary, self._checked)
            with open(self._checked) as file:
                self.is_new = json.load(file)["of"] == checked["of"]
        except (OSError, ValueError):
            pass  # then it is checked again at the next start

    def _keep(self, path):
        """Copy an accepted config now, so that only renames are left for later."""
        if not _same(path, self._good):
            copy = self._top + "/config.tmp"
            try:
                _copy(path, copy)
                self.renames.append((copy, self._good))
                self.can_go_back = _size(self._good) is not None
            except OSError as error:
                self.complaint = "no room for a second copy of config.json: %s" % error
        if path != self._top + "/config.json":
            self.renames.append((path, self._top + "/config.json"))

    def prove_slot(self):
        """Where this slot is on trial: leave but a rename to end that."""
        try:
            with open(self._top + "/slot") as file:
                if len(file.read().split()) < 2:
                    return
            self.can_go_back = True
            with open(self._top + "/slot.proved", "w") as file:
                file.write(self._root or "/")
        except OSError:
            return  # there are no slots, or no room: it stays on trial
        self.renames.append((self._top + "/slot.proved", self._top + "/slot"))

    def _load_strictly(self, kind, name):
        """MicroPython's own json takes half a file for a whole one."""
        from planning import strict_json

        loaded = self.load(kind, name, lambda file: strict_json.loads(file.read()))
        unload("planning.strict_json")
        return loaded

    def load(self, kind, name, parse=json.load):
        """The parsed JSON of a "board", "profile" or clamp "model", or None. parse: for those that are not ours."""
        if kind == "model":
            return self.models().get(name)
        ours = self._root + "/lib/"
        for folder in self._places(kind):
            try:
                with open("%s/%s.json" % (folder, name), "rb") as file:
                    return (json.load if folder.startswith(ours) else parse)(file)
            except OSError:
                pass
        return None

    def names(self, kind):
        """All names of a kind, for a did-you-mean; a profile need not be on the device to be suggested."""
        if kind == "model":
            return list(self.models())
        found = []
        if kind == "profile":
            with open(self._root + "/lib/planning/profile_names.json") as file:
                found = json.load(file)
        for folder in self._places(kind):
            try:
                found += [name[:-5] for name in os.listdir(folder) if name.endswith(".json")]
            except OSError:
                pass
        return found

    def models(self):
        """All clamp models by name."""
        with open(self._root + "/lib/planning/clamp_models.json") as file:
            return json.load(file)

    def _places(self, kind):
        if kind == "board":
            return [self._root + "/boards"]
        own = [self._root + "/profiles", self._top + "/profiles"]
        return own[self._root == self._top :] + [self._root + "/lib/planning/profiles"]


def _size(path):
    try:
        return os.stat(path)[6]
    except OSError:
        return None


def _same(path, other):
    if _size(path) != _size(other):
        return False
    with open(path, "rb") as one, open(other, "rb") as two:
        while True:
            chunk = one.read(_CHUNK_BYTES)
            if chunk != two.read(_CHUNK_BYTES):
                return False
            if not chunk:
                return True


def _copy(path, other):
    with open(path, "rb") as source, open(other, "wb") as target:
        while True:
            chunk = source.read(_CHUNK_BYTES)
            if not chunk:
                return
            target.write(chunk)
