# SPDX-License-Identifier: MIT
"""Simulated units: registers as their makers lay them out, filled from values that are known for every moment.

All that a unit measures changes in steps: so it is known exactly what was true when, and a value that was put together from two
moments was never true. Written from the sources named at each, apart from the firmware's profiles and decoder.
"""

import random
import struct
from bisect import bisect_right

GAP = 0x4366  # what stands between known registers: 230 as the high word of a float
NO_VALUE = {
    "f": (0x7FC00000, 0xFFFFFFFF),
    "H": (0xFFFF,),
    "h": (0x7FFF, 0x8000),
    "I": (0xFFFFFFFF,),
    "i": (0x7FFFFFFF, 0x80000000),
}


class Device:
    """One unit. Subclasses give `readable`, `signals` and `rows`.

    readable: {function: [(first, last)]}; what lies outside is answered with exception code 2.
    """

    readable: dict = {}
    most = 125  # registers in one read
    together: tuple = ()  # [(function, first, last)]: docs/formats/profile.md wants them in one reply

    def __init__(self, seed, begin_ms, end_ms, **options):
        self.options = options
        self._random = random.Random(seed)
        self._times = [begin_ms]
        self._states = [self.signals(self._random, None)]
        self._alone = []  # when a single value was read in such a spell
        self._spells = []  # (begin, end, fill): registers that hold something else for a while
        self._words: tuple = (None, {})  # of the last state that was looked at
        at_ms = begin_ms
        while at_ms < end_ms:
            at_ms += self._random.choice((150, 400, 900, 1700, 3000)) + self._random.randrange(200)
            self._times.append(at_ms)
            self._states.append(self.signals(self._random, self._states[-1]))

    def spell(self, begin_ms, end_ms, fill):
        """From then to then its registers hold 0, 0xFFFF, or ("none") what means "no value" in each."""
        self._spells.append((begin_ms, end_ms, fill))

    def read(self, function, address, count, at_ms):
        """Words, or an exception code."""
        ranges = self.ranges(function)
        if ranges is None:
            return 1
        if count > self.most:
            return 3
        last = address + count - 1
        if not any(a <= address and last <= b for a, b in ranges):
            return 2
        words = self._words_at(at_ms)
        if isinstance(words, int):
            if count <= 2:
                self._alone.append(at_ms)
            return [words] * count
        return [words.get((function, a), self.gap(a)) for a in range(address, address + count)]

    def ranges(self, function):
        return self.readable.get(function)

    def gap(self, address):
        """What stands where nothing is known to stand."""
        return GAP

    def truths(self, signal, begin_ms, end_ms):
        """All values that were true at some moment of [begin, end]; nothing that a spell of its registers says."""
        first = max(bisect_right(self._times, begin_ms) - 1, 0)
        last = max(bisect_right(self._times, end_ms) - 1, 0)
        return {state[signal] for state in self._states[first : last + 1]}

    def said(self, begin_ms, end_ms):
        """What its registers held, beside what was true, at some moments of [begin, end]: 0, or -1 where one was read alone."""
        fills = {fill for b, e, fill in self._spells if b <= end_ms and begin_ms < e}
        if not any(begin_ms <= at_ms <= end_ms for at_ms in self._alone):
            fills.discard(0xFFFF)
        return {-1 if fill else 0 for fill in fills - {"none"}}

    def last_ms(self, signal, value, at_ms):
        """When a value was true last, up to at_ms; None: never."""
        for i in range(bisect_right(self._times, at_ms) - 1, -1, -1):
            if self._states[i][signal] == value:
                return self._times[i + 1] if i + 1 < len(self._times) else at_ms
        return None

    def _words_at(self, at_ms):
        for begin_ms, end_ms, fill in self._spells:
            if begin_ms <= at_ms < end_ms:
                if fill == "none":
                    break
                return fill
        else:
            fill = None
        key = (bisect_right(self._times, at_ms) - 1, fill)
        if key != self._words[0]:
            self._words = (key, self._encoded(self._states[key[0]], fill == "none"))
        return self._words[1]

    def _encoded(self, state, is_void):
        words = {}
        for function, address, code, value, *order in self.rows(state):
            size = struct.calcsize(code)
            if is_void and code in NO_VALUE:
                raw = self._random.choice(NO_VALUE[code]).to_bytes(size, "big")
            else:
                raw = struct.pack(">" + code, value)
            found = struct.unpack(f">{size // 2}H", raw)
            for i, word in enumerate(found[::-1] if "little" in order else found):
                words[function, address + i] = word
        return words

    def signals(self, chance, before):
        """{name: value} of the next step."""
        raise NotImplementedError

    def rows(self, state):
        """[(function, address, struct code, value, "little"?)] of one step."""
        raise NotImplementedError


def watts(chance, most, least=100):
    """A power that is hardly ever the same, and never near 0."""
    return chance.randrange(least, most) * chance.choice((1, 1, -1))


def grown(chance, before, name, step_wh):
    """A counter."""
    return (
        before[name] + step_wh * chance.randrange(3)
        if before
        else step_wh * chance.randrange(4000, 90000)
    )
