"""Runs one file of portable tests on MicroPython, from the project's root folder:
`micropython host_tests/run_portable.py FILE [NAME...]`.

The same files run under pytest on CPython. Exit status 0 only if at least one test ran and none failed.
"""

import gc
import sys


def test_names(path):
    """In the order written, which a module's own dictionary does not keep on MicroPython."""
    with open(path) as source:
        return [line[4 : line.index("(")] for line in source if line.startswith("def test_")]


def passes(module, name):
    gc.collect()
    try:
        getattr(module, name)()
    except Exception as error:
        print("FAIL", name)
        sys.print_exception(error)
        return False
    print("ok", name)
    return True


def main(path, names):
    """Run the named tests, or all; the last line printed is "N passed, N failed"."""
    folder, _, file_name = path.rpartition("/")
    sys.path[:] = ["", "lib", folder, ".frozen"]
    names = names or test_names(path)
    module = __import__(file_name[: -len(".py")])
    results = [passes(module, name) for name in names]
    print("%d passed, %d failed" % (results.count(True), results.count(False)))
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
