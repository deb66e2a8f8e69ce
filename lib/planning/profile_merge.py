# SPDX-License-Identifier: MIT
"""A profile and what it extends put together: a JSON Merge Patch (RFC 7396), and numbers in hex read.

Objects are merged key by key, null takes a key out, anything else replaces. What tells one device from another is never inherited.
"""

_OWN = ("extends", "model", "variants", "source", "alternatives", "caveat", "doubt")
# Keys whose numbers may be written in hex, as makers print addresses.
_IN_HEX = (
    "address",
    "walls",
    "holes",
    "bases",
    "equals",
    "mask",
    "negative",
    "positive",
    "profiles",
)
_DIGITS = "0123456789abcdefABCDEF"


def completed(written):
    """written: [profile, the one that it extends, ...], None in place of the first where there is none; used up."""
    profile = written.pop()
    while written:
        profile = _merged(_inherited(profile), written.pop())
    return numbered(profile)


def _inherited(profile):
    return {key: profile[key] for key in profile if key not in _OWN}


def _merged(base, patch):
    """RFC 7396, section 2."""
    if type(patch) is not dict:
        return patch
    made = dict(base) if type(base) is dict else {}
    for key in patch:
        if key == "extends":
            continue
        if patch[key] is None:
            made.pop(key, None)
        else:
            made[key] = _merged(made.get(key), patch[key])
    return made


def numbered(value, in_hex=False):
    """A copy with numbers for texts like "0x1F40" at the keys that may have such."""
    if type(value) is dict:
        is_text = value.get("type") == "ascii"
        keys = [key for key in _IN_HEX if key != "equals" or not is_text]
        return {key: numbered(value[key], in_hex or key in keys) for key in value}
    if type(value) is list:
        return [numbered(one, in_hex) for one in value]
    return int(value[2:], 16) if in_hex and is_hex(value) else value


def is_hex(value):
    if type(value) is not str or value[:2] != "0x" or not 3 <= len(value) <= 10:
        return False
    return all(c in _DIGITS for c in value[2:])
