# SPDX-License-Identifier: MIT
"""The config.json that a board has: fetched, compared with the one to deploy, told without its password.

A config changed on the board (`mpremote edit`, set-up mode) is neither the one that is given nor the one that deploy put there, whose
digest lies in the slot.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from host_tools.owner.deploy_plan import DIGEST_OF_CONFIG, DeployError, Held, digest
from host_tools.owner.remote import Board

_GOOD = "/config.good.json"
_CRC_BYTES = 8  # at the end of the last good config
_MOST_SHOWN = 60
_STRING = r'"(?:[^"\\]|\\.)*"'
_PASSWORD = rf'"password"\s*:\s*{_STRING}'
_SSID = rf'"ssid"\s*:\s*{_STRING}'


class Kept(NamedTuple):
    """text: of config.json, None where there is none. profiles: {file name: text} of the slot's own; top_profiles: those at the top.
    deployed: digest of the config.json that deploy has put there, or "".
    """

    text: bytes | None
    profiles: dict[str, bytes]
    top_profiles: dict[str, bytes]
    deployed: str = ""


def fetched(board: Board, held: Held) -> Kept:
    """What the board would start with. deploy_on_board.py runs there already."""
    root = root_of(held.slots)
    return Kept(
        config(board, held.slots),
        _profiles(board, held, f"{root}/profiles/") if root else {},
        _profiles(board, held, "/profiles/"),
        (_given(board, f"{root}/{DIGEST_OF_CONFIG}") or b"").decode(),
    )


def root_of(slots: list[str]) -> str:
    """Of what the board starts: /a, /b or, for the top, ""."""
    return slots[0].rstrip("/") if slots else ""


def config(board: Board, slots: list[str]) -> bytes | None:
    """config.json: that of the slot goes before the one at the top; the last good one where both are gone."""
    for path in dict.fromkeys((f"{root_of(slots)}/config.json", "/config.json")):
        text = _given(board, path)
        if text is not None:
            return text
    good = _given(board, _GOOD)
    return good[:-_CRC_BYTES] if good else None


def _profiles(board, held, folder):
    paths = [path for path in held.files if re.fullmatch(rf"{folder}[^/]+\.json", path)]
    found = {path[len(folder) :]: _given(board, path) for path in paths}
    return {name: text for name, text in found.items() if text is not None}


def _given(board, path):
    told = board.run(f"give({path!r})").strip()
    return None if told == "-" else bytes.fromhex(told)


def parsed(text: bytes) -> dict | None:
    """None where it is no JSON object."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def with_password_of(kept: Kept, text: bytes) -> tuple[bytes, str]:
    """(the given config, with the board's password where it has none and the network is the same; what was done, in words)."""
    old, new = (_wifi(one) for one in (kept.text or b"", text))
    if "password" in new or not old.get("password"):
        return text, ""
    if old.get("ssid") != new.get("ssid"):
        return text, "warning: wifi.password is left out and wifi.ssid is new: an open network"
    member = f', "password": {json.dumps(old["password"], ensure_ascii=False)}'
    made = re.sub(_SSID, lambda ssid: ssid[0] + member, text.decode("utf-8-sig"), count=1)
    wanted = parsed(text) or {}
    wanted["wifi"] = {**new, "password": old["password"]}
    return _text(made, wanted), "wifi.password: that of the board is kept"


def without_password(text: bytes) -> bytes:
    """As its owner wrote it, but for the key wifi.password. Raises DeployError where the password cannot be found."""
    wanted = parsed(text)
    if wanted is None:
        raise DeployError(
            "config.json on the board is no JSON; mpremote cat :config.json shows it"
        )
    if "password" not in _wifi(text):
        return text
    wanted["wifi"] = {key: one for key, one in wanted["wifi"].items() if key != "password"}
    written = text.decode("utf-8-sig")
    return _text(
        re.sub(rf"\s*,\s*{_PASSWORD}|{_PASSWORD}\s*,\s*|{_PASSWORD}", "", written), wanted
    )


def _wifi(text):
    found = (parsed(text) or {}).get("wifi")
    return found if isinstance(found, dict) else {}


def _text(made, wanted):
    """What was made of an owner's text if it means what is wanted; else that, written anew."""
    if parsed(made.encode()) == wanted:
        return made.encode()
    return (json.dumps(wanted, indent=2, ensure_ascii=False) + "\n").encode()


def changes(kept: Kept, text: bytes) -> list[str]:
    """What would be lost of a config.json that was changed on the board: sentences, empty where nothing would."""
    if kept.text is None or digest(kept.text) == kept.deployed:
        return []
    old, new = parsed(kept.text), parsed(text)
    if old is None:
        return ["it is no JSON object"]
    return list(_differences(old, new, ""))


def _differences(old: Any, new: Any, place: str) -> Iterator[str]:
    """One line for each key path that differs; a key that is left out is ..."""
    if old == new and type(old) is type(new):
        return
    pairs = _pairs(old, new, place)
    if pairs is None:
        if place.rpartition(".")[2] == "password":
            yield f"{place}: another one"
        else:
            yield f"{place}: {_shown(old)} on the board, {_shown(new)} in the given one"
        return
    for inner, one, other in pairs:
        yield from _differences(one, other, inner)


def _pairs(old, new, place):
    """[(place, old, new)] of what stands in two objects or lists; None for anything else."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = dict.fromkeys((*old, *new))
        prefix = f"{place}." if place else ""
        return [(prefix + key, old.get(key, ...), new.get(key, ...)) for key in keys]
    if isinstance(old, list) and isinstance(new, list):
        longest = range(max(len(old), len(new)))
        return [
            (f"{place}[{i}]", *(one[i] if i < len(one) else ... for one in (old, new)))
            for i in longest
        ]
    return None


def _shown(value):
    if value is ...:
        return "left out"
    text = json.dumps(_without_secrets(value), ensure_ascii=False)
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 3]}..."


def _without_secrets(value):
    """A section that only one side has may hold a password."""
    if isinstance(value, dict):
        return {k: "..." if k == "password" else _without_secrets(v) for k, v in value.items()}
    return [_without_secrets(one) for one in value] if isinstance(value, list) else value
