"""config.json: read, held against the schema, completed. The PC runs the very same check.

    settings.read(text, load, names) -> dict

`load(kind, name)` gives the parsed JSON of a "board", a "profile" or a clamp "model", None where
there is none; `names(kind)` lists their names. The dict has every key of the schema, with None for
what was left out and has no default. Raises SettingsError, whose text is one line.
"""

from planning import profile_format, sections, strict_json
from planning.checks import SettingsError

_MOST_BYTES = 8192  # twelve devices with every key written take some 6000


def read(text, load, names):
    config = sections.completed(_parsed(text), load, names)
    checked = []
    for device in config["devices"]:
        name = device.get("profile")
        if name and name not in checked:
            profile_format.check(load("profile", name), name)
            checked.append(name)
    return config


def _parsed(text):
    data = text.encode() if type(text) is str else text
    if len(data) > _MOST_BYTES:
        raise SettingsError("config.json", "has more than %d bytes" % _MOST_BYTES)
    if 0 in data:
        raise SettingsError("config.json", "is no text in UTF-8; save it as that")
    try:
        value = strict_json.loads(data)
    except ValueError as error:
        raise SettingsError("config.json", "not JSON: " + str(error))
    if type(value) is not dict:
        raise SettingsError("config.json", "is no object; an object { } is needed")
    return value
