# SPDX-License-Identifier: MIT
"""Registers that name the model: a profile's own, and lib/planning/identities.json, which has what a profile cannot say.

That file is {name of a profile: [identity, ...]}. An identity is {"function", "address", "type", "equals", "source"}:
type      u16, u32, u64, or ascii with `words`, the number of registers to read
equals    a list of numbers and of ranges [first, last]; of ascii, of beginnings, case ignored, where * stands for any
          text
model     of SunSpec: the address counts from this model's own number
optional  true where sources disagree or the list of values is not complete: another value says nothing
always    true where every such device has the register: a unit that lacks it is something else
"""

from const import const

UNKNOWN = 0  # nothing is known of this profile, or the unit does not say
OTHER = 1  # the unit says that it is something else
WEAK = 2  # it fits, and so would many a register
STRONG = 3

_WORDS = {"u16": 1, "u32": 2, "u64": 4}
_COMMON = const(255)  # numbers up to it stand in many a register
_BLANK = (0, 0xFFFF, 0x2020)  # where nobody wrote a number


def of_profile(name, profile, identities):
    """[identity] of a profile, all of which must fit; identities: the content of identities.json."""
    found = list(identities.get(name, ()))
    model_id = profile.get("identity", {}).get("model_id")
    if model_id is not None:
        equals = model_id["equals"]
        found.append(dict(model_id, equals=equals if isinstance(equals, list) else [equals]))
    return found


def compare(unit, identities):
    """What the unit says to all of them: UNKNOWN, OTHER, WEAK or STRONG. A generator of reads."""
    best = UNKNOWN
    for identity in identities:
        words = yield from _read(unit, identity)
        found = _match(words, identity)
        if found == OTHER:
            return OTHER
        best = max(best, found)
    return best


def _read(unit, identity):
    address = identity["address"]
    if "model" in identity:
        if identity["model"] not in unit.models:
            return None
        address += unit.models[identity["model"]]
    count = identity.get("words") or _WORDS[identity["type"]]
    return (yield from unit.words(identity["function"], address, count))


def _match(words, identity):
    if words is None:
        return OTHER if identity.get("always") else UNKNOWN
    found = _matching(words, identity)
    return UNKNOWN if found == OTHER and identity.get("optional") else found


def _matching(words, identity):
    if identity["type"] == "ascii":
        text = ascii(words).lower()
        return STRONG if any([_begins(text, one.lower()) for one in identity["equals"]]) else OTHER
    number = _number(words)
    if not any([_within(number, one) for one in identity["equals"]]):
        return OTHER
    if not number:
        return UNKNOWN  # that is what a register without a meaning holds
    return STRONG if number > _COMMON else WEAK


def _number(words):
    number = 0
    for word in words:
        number = number << 16 | word
    return number


def _within(number, allowed):
    if isinstance(allowed, int):
        return number == allowed
    return allowed[0] <= number <= allowed[1]


def _begins(text, pattern):
    first, *others = pattern.split("*")
    if not text.startswith(first):
        return False
    text = text[len(first) :]
    for part in others:
        at = text.find(part)
        if at < 0:
            return False
        text = text[at + len(part) :]
    return True


def ascii(words):
    """The text in registers, one or two characters in each, without blanks around it."""
    text = ""
    for word in words:
        for code in (word >> 8, word & 0xFF):
            if 32 <= code < 127:
                text += chr(code)
    return text.strip()


def serial_number(unit, profile):
    """The serial number as text, or None. A generator of reads."""
    spec = profile.get("identity", {}).get("serial")
    if spec is None:
        return None
    words = yield from unit.words(spec["function"], spec["address"], _WORDS[spec["type"]])
    if words is None or all([word in _BLANK for word in words]):
        return None
    return str(_number(words))
