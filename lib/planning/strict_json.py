# SPDX-License-Identifier: MIT
"""Strict JSON (RFC 8259) that says where a mistake is, the same on every interpreter.

MicroPython's own json gives no place, needs no commas and keeps the last of two equal keys: what
the owner meant would be a guess. A number with a point or an exponent becomes a decimals.Decimal. Works on bytes, since MicroPython walks through a text from its
start to index it.
"""

from planning import decimals

_DEEPEST = 8
_LONGEST_NUMBER = 24
_DIGITS = b"0123456789"
_ESCAPES = {0x62: 8, 0x66: 12, 0x6E: 10, 0x72: 13, 0x74: 9, 0x22: 0x22, 0x2F: 0x2F, 0x5C: 0x5C}


def loads(data, kind=dict):
    """The object that `data` (bytes) stands for; ValueError names line and column. kind: of objects."""
    reader = _Reader(data, kind)
    value = reader.value(0)
    reader.next_byte()
    if reader.at < len(data):
        reader.fail("the file should end here")
    return value


class _Reader:
    def __init__(self, data, kind):
        self.data = data
        self.kind = kind
        self.at = 3 if data[:3] == b"\xef\xbb\xbf" else 0  # some editors begin a file so

    def fail(self, problem, at=None):
        before = self.data[: self.at if at is None else at]
        line = before.count(b"\n") + 1
        column = 1
        for byte in before[before.rfind(b"\n") + 1 :]:
            column += byte & 0xC0 != 0x80
        raise ValueError("line %d, column %d: %s" % (line, column, problem))

    def byte(self):
        """The byte here, 0 at the end (and for a NUL, which is nowhere allowed)."""
        return self.data[self.at] if self.at < len(self.data) else 0

    def next_byte(self):
        while self.byte() in b" \t\r\n":
            self.at += 1
        return self.byte()

    def take(self, wanted, words):
        if self.next_byte() not in wanted:
            self.fail(
                words + " is missing" if self.byte() else words + " is missing: the file ends"
            )
        self.at += 1
        return self.data[self.at - 1]

    def value(self, depth):
        byte = self.next_byte()
        if depth > _DEEPEST:
            self.fail("nested too deep")
        if byte == 0x7B:
            return self.members(depth)
        if byte == 0x5B:
            return self.items(depth)
        if byte == 0x22:
            return self.string()
        if byte and byte in b"-0123456789":
            return self.number()
        for word, value in ((b"true", True), (b"false", False), (b"null", None)):
            if self.data[self.at : self.at + len(word)] == word:
                self.at += len(word)
                return value
        self.fail_missing("a value is missing" if byte else "a value is missing: the file ends")

    def fail_missing(self, problem):
        """A comma behind the last one of a list is a frequent slip."""
        before = self.data[: self.at].rstrip()
        if self.byte() in b"]}" and before.endswith(b","):
            self.fail("nothing follows this comma; take it away", len(before) - 1)
        self.fail(problem)

    def members(self, depth):
        found = self.kind()
        self.at += 1
        if self.next_byte() == 0x7D:
            self.at += 1
            return found
        while True:
            if self.next_byte() != 0x22:
                self.fail_missing('a key in "quotes" is missing')
            at = self.at
            key = self.string()
            if key in found:
                self.fail("this key is written twice", at)
            self.take(b":", '":"')
            found[key] = self.value(depth + 1)
            if self.take(b",}", '"," or "}"') == 0x7D:
                return found

    def items(self, depth):
        found = []
        self.at += 1
        if self.next_byte() == 0x5D:
            self.at += 1
            return found
        while True:
            found.append(self.value(depth + 1))
            if self.take(b",]", '"," or "]"') == 0x5D:
                return found

    def string(self):
        start = self.at
        text = bytearray()
        while True:
            self.at += 1
            byte = self.byte()
            if byte < 0x20:
                self.fail('a closing " is missing')
            if byte == 0x22:
                break
            if byte == 0x5C:
                text.extend(self.escaped())
            else:
                text.append(byte)
        self.at += 1
        try:
            return str(bytes(text), "utf-8")
        except UnicodeError:
            self.fail("not UTF-8 text", start)

    def escaped(self):
        self.at += 1
        byte = self.byte()
        if byte in _ESCAPES:
            return bytes((_ESCAPES[byte],))
        if byte != 0x75:
            self.fail('a "\\" that means nothing here; a "\\" itself is written "\\\\"')
        code = self.hex4()
        if code & 0xFC00 == 0xD800 and self.data[self.at + 1 : self.at + 3] == b"\\u":
            self.at += 2
            low = self.hex4() ^ 0xDC00
            code = 0x10000 + (code & 0x3FF) * 1024 + low if low < 0x400 else 0xD800
        if code & 0xFFFFF800 == 0xD800:
            self.fail("half a character")
        return chr(code).encode()

    def hex4(self):
        digits = self.data[self.at + 1 : self.at + 5]
        self.at += 4
        try:
            if (
                len(digits) == 4
                and b"+" not in digits
                and b"-" not in digits
                and b"_" not in digits
            ):
                return int(digits, 16)
        except ValueError:
            pass
        self.fail('four hex digits are missing after "\\u"')

    def digits(self):
        if not self.byte() or self.byte() not in _DIGITS:
            self.fail("a digit is missing")
        while self.byte() and self.byte() in _DIGITS:
            self.at += 1

    def number(self):
        start = self.at
        whole = True
        if self.byte() == 0x2D:
            self.at += 1
        if self.byte() == 0x30:  # no digit may follow a leading zero
            self.at += 1
        else:
            self.digits()
        if self.byte() == 0x2E:
            whole = False
            self.at += 1
            self.digits()
        if self.byte() in (0x65, 0x45):
            whole = False
            self.at += 1
            if self.byte() in (0x2B, 0x2D):
                self.at += 1
            self.digits()
        return self.converted(start, whole)

    def converted(self, start, whole):
        if self.at - start > _LONGEST_NUMBER:
            self.fail("a number of more than %d characters" % _LONGEST_NUMBER, start)
        word = str(self.data[start : self.at], "utf-8")
        if whole:
            return int(word)
        try:
            return decimals.parse(word)
        except ValueError as error:
            self.fail(str(error), start)
