# SPDX-License-Identifier: MIT
"""Which of its faults does a failing run need? Delta debugging: Zeller and Hildebrandt, "Simplifying and Isolating
Failure-Inducing Input", 2002, the algorithm ddmin.
"""

from collections.abc import Callable


def fewest(numbers: list, fails: Callable) -> list:
    """The least of these with which fails(list) still holds: without any single one of them it does not."""
    parts = 2
    if fails([]):
        return []
    while len(numbers) >= 2:
        for some in _tries(numbers, parts):
            if fails(some):
                parts = max(parts - 1, 2) if len(some) > len(numbers) // parts else 2
                numbers = some
                break
        else:
            if parts >= len(numbers):
                break
            parts = min(2 * parts, len(numbers))
    return numbers


def _tries(numbers, parts):
    """Each part alone, then all but each."""
    bounds = [len(numbers) * i // parts for i in range(parts + 1)]
    pairs = list(zip(bounds, bounds[1:], strict=False))
    yield from (numbers[a:b] for a, b in pairs)
    if parts > 2:
        yield from (numbers[:a] + numbers[b:] for a, b in pairs)
