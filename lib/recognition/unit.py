# SPDX-License-Identifier: MIT
"""A unit on the line, asked register by register. What it has said is remembered: many profiles want the same
registers.

Nothing in this folder sends or waits. Its generators yield the reads to make, (function, address, count), and are
sent what came of each: the registers as a list, the code of an exception response, or 0 where no good reply came.
`make scan` drives them on a PC, the set-up mode on the board; the running bridge never loads them.
"""

from const import const

_TRIES = const(2)  # a reply may be lost...
_MUTE = const(
    6
)  # ...but a unit that left so many reads unanswered says nothing where others send an exception
_ILLEGAL_FUNCTION = const(1)  # exception code
_REFUSALS = const(3)

_SUNSPEC_BASES = (40000, 50000, 0)
_SUNSPEC_MARKER = (0x5375, 0x6E53)  # "SunS"
_SUNSPEC_END = const(0xFFFF)
_SUNSPEC_MODELS = const(40)
# No known device has registers there: what answers them answers everything.
_NOWHERE = (7777, 21021, 60999)


class Unit:
    """`models` is {SunSpec model number: address}, empty for a unit that does not speak SunSpec."""

    def __init__(self, most_known=None):
        self.models = {}
        self._most_known = most_known
        self._known = {}
        self._unanswered = 0
        self._illegal = {}  # function -> times it was called illegal; None once it has worked
        self._everywhere = {}  # function -> does it answer for registers that do not exist?

    def forget(self):
        """Read all registers again; the SunSpec models stay."""
        self._known.clear()

    def tidy(self):
        """Forget what was read where that is too much to keep."""
        if self._most_known and len(self._known) > self._most_known:
            self._known.clear()

    def words(self, function, address, count, again=False):
        """The registers as a tuple, or None where the unit has none. Read once, unless `again`. A generator of reads."""
        key = _key(function, address, count)
        if again or key not in self._known:
            self._known[key] = yield from self._read(function, address, count)
        return self._known[key]

    def known(self, function, address, count):
        """What words() has read before, or None."""
        return self._known.get(_key(function, address, count))

    def _read(self, function, address, count):
        if address + count > 0x10000 or (self._illegal.get(function) or 0) >= _REFUSALS:
            return None
        reply = 0
        for _ in range(1 if self._unanswered >= _MUTE else _TRIES):
            reply = yield function, address, count
            if reply:
                break
        if not isinstance(reply, int):
            self._illegal[function] = None
            return tuple(reply)  # half of the heap that a list takes
        if not reply:
            self._unanswered += 1
        elif reply == _ILLEGAL_FUNCTION and self._illegal.get(function, 0) is not None:
            self._illegal[function] = self._illegal.get(function, 0) + 1
        return None

    def answers_everywhere(self, function):
        """Does it answer for registers that no device has? Then an answer proves nothing. A generator of reads."""
        if function not in self._everywhere:
            found = False
            for address in _NOWHERE:
                words = yield from self.words(function, address, 1)
                found = found or words is not None
            self._everywhere[function] = found
        return self._everywhere[function]

    def find_models(self):
        """Look for the SunSpec marker and follow the chain of models behind it. A generator of reads."""
        for base in _SUNSPEC_BASES:
            if (yield from self.words(3, base, 2)) == _SUNSPEC_MARKER:
                yield from self._follow(base + 2)
                return

    def _follow(self, address):
        for _ in range(_SUNSPEC_MODELS):
            header = yield from self.words(3, address, 2)
            if header is None or header[0] == _SUNSPEC_END:
                return
            self.models.setdefault(header[0], address)
            address += 2 + header[1]


def _key(function, address, count):
    return function << 24 | address << 8 | count
