# SPDX-License-Identifier: MIT
"""Runs one file of portable tests on MicroPython, from the project's root folder:
`micropython host_tests/run_portable.py FILE [NAME...]`.

The same files run under pytest on CPython. Exit status 0 only if at least one test ran and none failed; tests that
this interpreter cannot do are counted apart (portable/skipping.py).
"""

import gc
import sys


def test_names(path):
    """In the order written, which a module's own dictionary does not keep on MicroPython."""
    with open(path) as source:
        return [line[4 : line.index("(")] for line in source if line.startswith("def test_")]


def outcome(module, name, skipped):
    """ "passed", "failed" or "skipped"; the last two are printed with their reason."""
    gc.collect()
    try:
        getattr(module, name)()
    except skipped as reason:
        print("skip", name, "-", reason)
        return "skipped"
    except Exception as error:
        print("FAIL", name)
        sys.print_exception(error)
        return "failed"
    print("ok", name)
    return "passed"


def main(path, names):
    """Run the named tests, or all; the last line printed is "N passed, N failed, N skipped"."""
    folder, _, file_name = path.rpartition("/")
    sys.path[:] = ["", "lib", folder, "host_tests/portable", ".frozen"]
    from skipping import Skipped

    names = names or test_names(path)
    module = __import__(file_name[: -len(".py")])
    outcomes = [outcome(module, name, Skipped) for name in names]
    passed, failed, skipped = [outcomes.count(kind) for kind in ("passed", "failed", "skipped")]
    print("%d passed, %d failed, %d skipped" % (passed, failed, skipped))
    return 0 if outcomes and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
