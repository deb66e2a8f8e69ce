"""The owner's config.json and the data files that it names, read from the board's file system."""

import json
import os


class Store:
    """root: the folder of the application; an owner's own profiles lie in /profiles, whatever the root."""

    def __init__(self, root):
        self._root = root

    def config(self, read):
        """config.json checked by read(text, load, names). Raises its SettingsError, or OSError where there is no file."""
        with open("/config.json", "rb") as file:
            return read(file.read(), self.load, self.names)

    def load(self, kind, name):
        """The parsed JSON of a "board", "profile" or clamp "model", or None."""
        if kind == "model":
            return self.models().get(name)
        for folder in self._places(kind):
            try:
                with open("%s/%s.json" % (folder, name)) as file:
                    return json.load(file)
            except OSError:
                pass
        return None

    def names(self, kind):
        """All names of a kind, for a did-you-mean; a profile need not be on the device to be suggested."""
        if kind == "model":
            return list(self.models())
        found = []
        if kind == "profile":
            with open(self._root + "/lib/meters/profile_names.json") as file:
                found = json.load(file)
        for folder in self._places(kind):
            try:
                found += [name[:-5] for name in os.listdir(folder) if name.endswith(".json")]
            except OSError:
                pass
        return found

    def models(self):
        """All clamp models by name."""
        with open(self._root + "/lib/clamp/models.json") as file:
            return json.load(file)

    def _places(self, kind):
        if kind == "board":
            return [self._root + "/boards"]
        return ["/profiles", self._root + "/lib/meters/profiles"]
