# SPDX-License-Identifier: MIT
"""`make soak`: the bridge for a day, or `make soak DAYS=50`, in virtual time on 32-bit MicroPython, in the heap of a board.

Each hour units fall silent and refuse, Wi-Fi goes, clients hang. Half an hour later all must be as it was after the first hours: heap in use,
largest free block, names, reads, slots, sockets, watchdog; and the energy of the day counts from the local midnight.
Midnight, the end of summer time (at 2025-10-26 01:00 UTC) and the wrap of the ticks are all within the first day.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from host_tools.build import image, interpreter
from host_tools.owner import check

_FOLDER = Path(__file__).parent
_CONFIG = {
    "wifi": {"ssid": "Home", "password": "correct horse"},
    "bus": {"poll_interval_ms": 5000, "baudrate": 115200},
    "freshness": {"limit_s": 30},
    "devices": [
        {"category": "energy_meters", "profile": "eastron-sdm630", "unit": 1},
        {"category": "inverters", "profile": "eastron-sdm120", "unit": 2},
    ],
}
_HEAP = "192k"
_BEGIN_UTC_S = (
    663 * 86400 + 10 * 3600
)  # 2025-10-25 10:00 UTC, 12:00 of the summer time, in seconds since 2024
_WRAP_S = 6 * 3600  # from the begin until the ticks wrap
_SETTLED = 2  # looks until nothing is new any more
_UNFED_MS = 10000  # of the 30 s that the watchdog waits
_LIVE_BYTES = (
    256  # more may come and go, as the collector takes a number for an address; a leak grows
)
_SAME = ("live", "largest", "names", "reads", "clients", "polled", "sockets", "crashes")


def looks(folder: Path, hours: int) -> Iterator[dict]:
    """Half an hour after the begin, and then each hour."""
    config = folder / "config.json"
    config.write_text(json.dumps(_CONFIG), "utf-8")
    image.write(folder / "flash", config)
    _, _, plan = check.check(config)
    (folder / "plan.json").write_text(json.dumps(plan), "utf-8")
    found = interpreter.find(32)
    path = [folder / "flash" / "lib", folder / "flash", _FOLDER, ".frozen"]
    first = (1 << 30) - 1000 * _WRAP_S
    command = found.command(
        _FOLDER / "on_board.py", folder / "plan.json", hours, first, _BEGIN_UTC_S, heap=_HEAP
    )
    environment = found.environment(MICROPYPATH=os.pathsep.join(map(str, path)))
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        look: dict = {}
        last = ""
        for last in process.stdout or ():
            if last.startswith("look "):
                look = json.loads(last[5:])
            elif "max free sz" in last:
                look["largest"] = 16 * int(re.findall(r"max free sz: (\d+)", last)[0])
            elif "n_qstr" in last:
                look["names"] = int(re.findall(r"n_qstr=(\d+)", last)[0])
                yield look
    if process.returncode:
        raise SystemExit(f"the bridge ended: {last}")


def complaints(before: dict, look: dict, midnight_wh: int | None) -> Iterator[str]:
    """What is not as it should be. before: the look that all later ones must resemble."""
    for key in _SAME:
        is_same = (
            look[key] <= before[key] + _LIVE_BYTES if key == "live" else look[key] == before[key]
        )
        if not is_same:
            yield f"{key} is {look[key]}, and was {before[key]}"
    if look["unfed_ms"] > _UNFED_MS:
        yield f"the watchdog was not fed for {look['unfed_ms']} ms"
    if not look["answered"] or look["refused"] > before["refused"] + 2:
        yield f"{look['answered']} answers with values, {look['refused']} without"
    if midnight_wh is not None:
        if look["day_wh"] is None or abs(look["day_wh"] - (look["total_wh"] - midnight_wh)) > 20:
            yield f"{look['day_wh']} Wh of the day, of {look['total_wh']} with {midnight_wh} at midnight"


def midnight_wh(hour: float) -> int | None:
    """What on_board.total_wh() was at the last local midnight; None before the first. The first day after it has 25 hours."""
    since = hour - 12
    if since < 0:
        return None
    days = 0 if since < 25 else 1 + int((since - 25) // 24)
    return 4000000 + 1000 * (12 + (25 + 24 * (days - 1) if days else 0))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="make soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--days", type=int, default=1)
    hours = 24 * parser.parse_args(arguments).days
    before: dict = {}
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, look in enumerate(looks(Path(folder), hours)):
            print(f"{look['hour']:7.1f} h  " + ", ".join(f"{key} {look[key]}" for key in _SAME))
            if number == _SETTLED:
                before = look
            for text in complaints(before, look, midnight_wh(look["hour"])) if before else ():
                print(f"           {text}")
                failed += 1
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
