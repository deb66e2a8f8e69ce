# SPDX-License-Identifier: MIT
"""`make chaos`: runs the bridge's parts with faults that seeds choose, and says where the charger heard something untrue.

    make chaos                        300 seeds of 100 simulated seconds
    make chaos SEED=1 SECONDS=60      one seed, with what went wrong and when
    make chaos ARGS="--seeds 5000"    more of them; also --site NAME, --kinds late,copies, --faults 0,3

A seed that fails is run again with fewer and fewer of its faults; the command that shows it with the fewest is printed.
Exit status 1 when there was a violation.
"""

import argparse
import functools
import sys
from concurrent.futures import ProcessPoolExecutor

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from host_tools.simulate.chaos import faults, shrinking, sites, world
from host_tools.simulate.chaos.report import Report
from host_tools.simulate.chaos.world import Result

_SEEDS, _SECONDS = 300, 100
_SHOWN = 12


def main() -> int:
    options = _arguments()
    console = Console(highlight=False, soft_wrap=True)
    if options.seed is not None:
        return _one(console, options)
    results = _many(console, options)
    report = Report(results, options.seconds)
    for failed in report.failed[:_SHOWN]:
        _explain(console, failed, options)
    for line in report.words():
        console.print(line)
    if options.write:
        report.write()
    return bool(report.failed)


def _many(console, options):
    run = functools.partial(
        world.run, seconds=options.seconds, site=options.site, kinds=options.kinds
    )
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    found: list[Result] = []
    with (
        Progress(*columns, console=console) as progress,
        ProcessPoolExecutor(options.jobs) as pool,
    ):
        task = progress.add_task("seeds", total=options.seeds)
        for one in pool.map(run, range(options.first, options.first + options.seeds), chunksize=4):
            found.append(one)
            failed = sum(bool(each.violations) for each in found)
            progress.update(task, advance=1, description=f"seeds, {failed} with violations")
    return found


def _one(console, options):
    """A seed in detail."""
    keep = options.faults
    if keep is not None:
        keep = {int(number) for number in keep.split(",") if number}
    result = world.run(options.seed, options.seconds, keep, options.site, options.kinds)
    console.print(f"seed {options.seed}, site {result.site}; faults:")
    for fault in result.faults:
        console.print(f"  {fault.number:2} {fault}")
    for violation in result.violations[:_SHOWN]:
        console.print(str(violation))
    for line in Report([result], options.seconds).words():
        console.print(line)
    if result.violations and keep is None:
        _explain(console, result, options)
    return bool(result.violations)


def _explain(console, result, options):
    """The fewest faults with which this seed fails in the same way, and how to see it again."""
    kind = result.violations[0].kind

    def rerun(numbers):
        return world.run(result.seed, options.seconds, set(numbers), options.site, options.kinds)

    few = shrinking.fewest(
        [fault.number for fault in result.faults],
        lambda numbers: any(one.kind == kind for one in rerun(numbers).violations),
    )
    again = rerun(few)
    first = next(one for one in again.violations if one.kind == kind)
    console.print(f"seed {result.seed}, site {result.site}: {first}")
    for fault in again.faults:
        console.print(f"  {fault.number:2} {fault}")
    more = "".join(
        f" --{name} '{value}'"
        for name, value in (
            ("site", options.site),
            ("kinds", options.kinds and ",".join(options.kinds)),
        )
        if value
    )
    numbers = ",".join(map(str, few))
    console.print(
        f'  make chaos SEED={result.seed} SECONDS={options.seconds} ARGS="--faults {numbers}{more}"'
    )


def _arguments():
    words = __doc__ or ""
    parser = argparse.ArgumentParser(
        prog="make chaos", description=words, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, help="this one only")
    parser.add_argument("--seconds", type=int, default=_SECONDS, help=f"simulated; {_SECONDS}")
    parser.add_argument("--seeds", type=int, default=_SEEDS, help=f"how many; {_SEEDS}")
    parser.add_argument("--first", type=int, default=0, help="the first of them; 0")
    parser.add_argument("--jobs", type=int, help="processes; one for each core")
    parser.add_argument("--faults", help="numbers of those that are kept, such as 0,3")
    parser.add_argument("--site", choices=sites.SITES, help="this one only")
    parser.add_argument("--kinds", type=_kinds, help="of faults, such as late,copies")
    parser.add_argument(
        "--write", action="store_true", help="write the tables of docs/design/chaos.md"
    )
    return parser.parse_args()


def _kinds(text):
    names = text.split(",")
    for name in names:
        if name not in faults.KINDS:
            raise argparse.ArgumentTypeError(f"{name}: one of {', '.join(faults.KINDS)}")
    return names


if __name__ == "__main__":
    sys.exit(main())
