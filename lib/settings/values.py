"""Holds a value against its row of the schema; a complaint is one line and says what is allowed."""

_SHOWN = 40
_LISTED = 12


class SettingsError(ValueError):
    """`place` is like devices[1].unit; `problem` says what is wrong there and what is allowed."""

    def __init__(self, place, problem):
        super().__init__(place, problem)
        self.place = place
        self.problem = problem

    def __str__(self):
        return self.place + ": " + self.problem


def shown(value):
    """The value as the owner wrote it, short and on one line."""
    if value is None:
        return "null"
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is dict:
        return "an object { }"
    if type(value) is list:
        return "a list [ ]"
    if type(value) is not str:
        return str(value)
    text = value if len(value) <= _SHOWN else value[:_SHOWN] + "..."
    return '"' + "".join(c if c >= " " and c != "\x7f" else "?" for c in text) + '"'


def listed(values, last=" or "):
    """'"a", "b" or "c"'"""
    words = [shown(value) for value in values]
    return last.join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else "".join(words)


def distance(a, b):
    """Edits (a letter added, dropped, changed, or two neighbours swapped) from a to b."""
    before, row = [], list(range(len(b) + 1))
    for i in range(len(a)):
        old, before, row = before, row, [i + 1]
        for j in range(len(b)):
            same = a[i] == b[j]
            cost = min(before[j + 1] + 1, row[j] + 1, before[j] + (not same))
            if not same and i and j and a[i] == b[j - 1] and a[i - 1] == b[j]:
                cost = min(cost, old[j - 1] + 1)
            row.append(cost)
    return row[-1]


def meant(word, names):
    """'; did you mean "x"?', or "" where no name is near."""
    best, least = "", 2 + len(word) // 4
    for name in sorted(names):
        if abs(len(name) - len(word)) < least:
            edits = distance(word.lower(), name.lower())
            if edits < least and edits < len(name):
                best, least = name, edits
    return '; did you mean "%s"?' % best if best else ""


def nothing_named(place, what, name, names):
    """Raises: there is no such board, profile, clamp input or model."""
    hint = meant(name, names)
    if not hint and len(names) <= _LISTED:
        hint = "; %s is there" % listed(sorted(names), " or ") if names else "; there is none"
    raise SettingsError(place, "no %s %s%s" % (what, shown(name), hint))


def check_keys(value, keys, place):
    """The value must be an object, and have no key but these."""
    if type(value) is not dict:
        raise SettingsError(place, shown(value) + "; " + allowed_words("section", None))
    for key in sorted(value):
        if key not in keys:
            hint = meant(key, keys) or "; %s may be here" % listed(keys)
            raise SettingsError(joined(place, key), "unknown key" + hint)


def filled(value, rows, place):
    """A new dict with every key of `rows`: what was left out by its default, a section as written."""
    check_keys(value, [row[0] for row in rows], place)
    result = {}
    for key, kind, default, allowed in rows:
        if key in value:
            result[key] = checked(value[key], kind, allowed, joined(place, key))
        elif default is ...:
            raise SettingsError(joined(place, key), "missing; " + allowed_words(kind, allowed))
        else:
            result[key] = {} if default == () else default
    return result


def joined(place, key):
    key = shown(key)[1:-1]
    return place + "." + key if place else key


def checked(value, kind, allowed, place):
    problem = _wrong(value, kind, allowed)
    if problem:
        secret = kind == "password"
        words = "what is written here" if secret else shown(value)
        raise SettingsError(place, words + " " + problem + "; " + allowed_words(kind, allowed))
    return value


def _wrong(value, kind, allowed):
    """What is wrong with the value, or None. `type() is`, since to Python True is an int."""
    if kind == "pin" and value is None:
        return None
    if kind == "whole" or kind == "pin":
        return _wrong_number(value, (int,), "is not a whole number", allowed)
    if kind == "number":
        return _wrong_number(value, (int, float), "is not a number", allowed)
    if kind == "one_of":
        known = any(type(one) is type(value) and one == value for one in allowed)
        return None if known else "is not allowed"
    if kind == "yes_no":
        return None if type(value) is bool else "is neither true nor false"
    if kind == "section":
        return None if type(value) is dict else "is not an object"
    if kind == "list":
        return None if type(value) is list else "is not a list"
    if type(value) is not str:
        return "is not text in quotes"
    return _wrong_text(value, kind, allowed)


def _wrong_number(value, types, wrong_type, allowed):
    if type(value) not in types:
        return wrong_type
    return None if allowed[0] <= value <= allowed[1] else "is out of range"


def _wrong_text(value, kind, allowed):
    if kind == "ip":
        return None if ip_number(value) is not None else "is not an IPv4 address"
    if kind == "label":
        return None if _is_label(value) else "is no host name"
    if kind == "host":
        digits = all(c in "0123456789." for c in value)  # an address with a slip is no name
        good = (
            ip_number(value) is not None
            if digits
            else all(_is_label(part) for part in value.split("."))
        )
        return None if good else "is neither an IPv4 address nor a host name"
    if any(c < " " for c in value):
        return "has a control character"
    size = len(value.encode())
    if allowed[0] <= size <= allowed[1]:
        return None
    return "is empty" if not size else "has %d bytes" % size


def _is_label(text):
    letters = "abcdefghijklmnopqrstuvwxyz0123456789-"
    fits = 1 <= len(text) <= 32 and text[0] != "-" and text[-1] != "-"
    return fits and all(c in letters for c in text.lower())


def ip_number(text):
    """The IPv4 address as a number, None if it is none."""
    number = 0
    parts = text.split(".")
    for part in parts:
        if not 1 <= len(part) <= 3 or not all(c in "0123456789" for c in part) or int(part) > 255:
            return None
        number = number * 256 + int(part)
    return number if len(parts) == 4 else None


def allowed_words(kind, allowed):
    if kind == "section":
        return "an object { } is needed"
    if kind == "list":
        return "a list [ ] is needed"
    if kind == "one_of":
        return listed(allowed) + " is allowed"
    if kind == "yes_no":
        return "true or false is allowed"
    if kind == "ip":
        return 'an address like "192.168.1.10" is allowed'
    if kind == "host":
        return 'an address like "0.0.0.0" or a host name is allowed'
    if kind == "label":
        return 'letters, digits and "-" within, %d to %d, are allowed' % tuple(allowed)
    words = "%s to %s" % tuple(allowed)
    if kind == "text":
        return words + " bytes of text are allowed"
    if kind == "password":
        return words + ' bytes are allowed, "" for an open network'
    if kind == "pin":
        return words + " or null is allowed"
    return words + " is allowed"
