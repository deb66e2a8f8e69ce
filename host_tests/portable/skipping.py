# SPDX-License-Identifier: MIT
"""A test that this interpreter cannot do says so, and is counted as skipped on CPython and on MicroPython.

`skip("needs ...")` ends the test.
"""

import gc

try:
    from pytest import skip
except ImportError:

    def skip(reason):
        raise Skipped(reason)


class Skipped(BaseException):
    """Not an Exception: the code that a test calls must not catch it."""


def heap_taken(work):
    """Bytes that work() takes from the heap, those that it frees included; skips where nobody can tell."""
    if not hasattr(gc, "mem_alloc"):
        skip("only MicroPython can tell what is taken from the heap")
    gc.collect()
    gc.disable()
    try:
        before = gc.mem_alloc()
        work()
        return gc.mem_alloc() - before
    finally:
        gc.enable()
