# SPDX-License-Identifier: MIT
"""What a complaint says: values as the owner wrote them, what is allowed, what was meant. Loaded
only when there is something to complain about.
"""

_SHOWN = 40
_LISTED = 12
_PART_CHARS = 4  # less is a part of too many names
_MEANT = 3


def shown(value):
    """The value as the owner wrote it, short and on one line; of a tuple all values."""
    if value is None:
        return "null"
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is dict:
        return "an object { }"
    if type(value) is tuple:
        return listed(value)
    if type(value) is list:
        return "a list [ ]"
    if type(value) is not str:
        return str(value)
    text = value if len(value) <= _SHOWN else value[:_SHOWN] + "..."
    return '"' + "".join(c if c >= " " and c != "\x7f" else "?" for c in text) + '"'


def listed(values):
    """'"a", "b" or "c"'"""
    words = [shown(value) for value in values]
    return " or ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else "".join(words)


def allowed_of(value, kind, limits):
    """allowed(), and before it which of the words was meant."""
    hint = ""
    if kind == "one_of" and type(value) is str and len(value) >= _PART_CHARS:
        hint = meant(value, [one for one in limits if type(one) is str])
    return (hint[2:] + " " if hint else "") + allowed(kind, limits)


def allowed(kind, limits):
    """What a row of the schema takes, as the end of a sentence."""
    if kind == "section":
        return "an object { } is needed"
    if kind == "list":
        return "a list [ ] is needed"
    if kind == "one_of":
        return listed(limits) + " is allowed"
    if kind == "load":
        return listed(limits) + " or an object { } with clamps is allowed"
    if kind == "names":
        return 'a name like "ct1" or a list of %d to %d names is allowed' % tuple(limits)
    if kind == "networks":
        return 'a list of %d to %d networks like "192.168.0.0/16" is allowed' % tuple(limits)
    if kind == "hosts":
        return "a list of %d to %d host names is allowed" % tuple(limits)
    if kind == "yes_no":
        return "true or false is allowed"
    if kind == "ip":
        return 'an address like "192.168.1.10" is allowed'
    if kind == "host":
        return 'an address like "192.168.1.10" or a host name is allowed'
    if kind == "zone":
        return 'one like "CET-1CEST,M3.5.0,M10.5.0/3" is allowed'
    if kind == "password":
        return '8 to 63 bytes, or a key of 64 hex digits, are allowed, "" for an open network'
    if kind == "label":
        return 'letters, digits and "-" within, %d to %d, are allowed' % tuple(limits)
    words = "%s to %s" % tuple(limits)
    if kind == "text":
        return words + " bytes of text are allowed"
    if kind == "word":
        return words + ' is allowed, in hex like "0x1F40", too'
    if kind == "pin":
        return words + " or null is allowed"
    return words + " is allowed"


def nothing_named(what, name, names):
    hint = meant(name, names)
    if not hint and len(names) > _LISTED:
        hint = "; the documents list all %d" % len(names)
    elif not hint:
        hint = "; %s is there" % listed(sorted(names)) if names else "; there is none"
    return "no %s %s%s" % (what, shown(name), hint)


def meant(word, names):
    """'; did you mean "x"?' of the nearest name, or of those that the word is a part of; "" where there is none."""
    best, least = "", 2 + len(word) // 4
    for name in sorted(names):
        if abs(len(name) - len(word)) < least:
            edits = distance(word.lower(), name.lower())
            if edits < least and edits < len(name):
                best, least = name, edits
    if not best and len(word) >= _PART_CHARS:
        within = sorted([name for name in names if word.lower() in name.lower()])
        return "; did you mean %s?" % listed(within[:_MEANT]) if within else ""
    return '; did you mean "%s"?' % best if best else ""


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
