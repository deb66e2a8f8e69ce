# SPDX-License-Identifier: MIT
"""A plan as text: JSON, the same to the byte on every interpreter, with a CRC in front.

    {"crc": "0a1b2c3d", "plan": {...}}

The CRC (binascii.crc32) is that of the bytes of the inner object. MicroPython's own json keeps no order of keys and no one way to
write a letter, hence this writer.
"""

import binascii

_HEAD = b'{"crc": "%08x", "plan": '
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def write(plan, file):
    """Write plan.json into a binary file that can seek. No more than one value is in memory as text."""
    file.write(_HEAD % 0)
    crc = 0
    for piece in pieces(plan):
        data = piece.encode()
        crc = binascii.crc32(data, crc)
        file.write(data)
    file.write(b"}")
    file.seek(0)
    file.write(_HEAD % (crc & 0xFFFFFFFF))


def pieces(value):
    """The text of a plan bit by bit. TypeError for what is no dict, list, text, whole number, boolean or None: a float differs between chips."""
    if isinstance(value, dict):
        yield "{"
        separator = ""
        for key in sorted(value):
            yield "%s%s: " % (separator, quoted(key))
            yield from pieces(value[key])
            separator = ", "
        yield "}"
    elif isinstance(value, (list, tuple)):
        yield "["
        separator = ""
        for one in value:
            yield separator
            yield from pieces(one)
            separator = ", "
        yield "]"
    else:
        yield _scalar(value)


def _scalar(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return quoted(value)
    raise TypeError("a plan holds no %s" % type(value))


def quoted(words):
    """A text as JSON writes it, every letter as it is."""
    return '"%s"' % "".join([_letter(c) for c in words])


def _letter(c):
    if c in _ESCAPES:
        return _ESCAPES[c]
    return c if c >= " " else "\\u%04x" % ord(c)
