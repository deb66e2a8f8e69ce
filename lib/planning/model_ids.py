# SPDX-License-Identifier: MIT
"""What a profile expects in the registers that name the model: numbers, ranges of numbers, beginnings of texts."""


def words(spec):
    """How many registers hold it."""
    return spec["words"] if spec["type"] == "ascii" else int(spec["type"][1:]) // 16


def listed(spec):
    """[number, [first, last] or text, ...]; None of a serial number."""
    equals = spec.get("equals")
    return [equals] if isinstance(equals, (int, str)) else equals


def ranges(equals, registers):
    """[[first, last], ...] of the numbers that these registers may hold, taken as one."""
    found = []
    for one in equals:
        if isinstance(one, str):
            rest = 8 * (2 * registers - len(one))
            first = int.from_bytes(one.encode(), "big") << rest
            found.append([first, first + (1 << rest) - 1])
        else:
            found.append([one, one] if isinstance(one, int) else one)
    return found


def in_words(equals):
    return " or ".join([_shown(one) for one in equals])


def _shown(one):
    if isinstance(one, list):
        return "%d to %d" % tuple(one)
    return '"%s"' % one if isinstance(one, str) else str(one)
