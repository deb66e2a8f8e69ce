# SPDX-License-Identifier: MIT
"""`python -m host_tools.measure.bench [SUBJECT ...]`: run the benchmarks, all or some; prints tables in
Markdown.

A subject is a module of this package with a `main()` that prints; add it to SUBJECTS.
"""

import argparse
import importlib
import platform
import time

SUBJECTS = ("http", "polling", "modbus", "clamp")


def main():
    parser = argparse.ArgumentParser(prog="python -m host_tools.measure.bench")
    parser.add_argument("subject", nargs="*", metavar="SUBJECT", help=" ".join(SUBJECTS))
    asked = parser.parse_args().subject
    for name in asked:
        if name not in SUBJECTS:
            parser.error(f"no subject {name!r}: there are {', '.join(SUBJECTS)}")
    print(f"{time.strftime('%Y-%m-%d')}, {_processor()}\n", flush=True)
    for name in asked or SUBJECTS:
        print(f"## {name}\n", flush=True)
        importlib.import_module(f"host_tools.measure.bench.{name}").main()
        print(flush=True)


def _processor():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as info:
            return (
                next(line for line in info if line.startswith("model name")).split(": ")[1].strip()
            )
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
