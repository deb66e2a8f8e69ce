# SPDX-License-Identifier: MIT
"""What many runs amount to: in words, and as the tables of docs/design/chaos.md."""

from collections import Counter
from pathlib import Path

from host_tools.paths import ROOT
from host_tools.simulate.chaos.faults import KINDS
from host_tools.simulate.chaos.world import Result

PAGE = ROOT / "docs" / "design" / "chaos.md"
_BEGIN, _END = "<!-- made by make chaos ARGS=--write -->\n", "<!-- end -->"


class Report:
    """results: of runs of so many seconds each."""

    def __init__(self, results: list[Result], seconds: int) -> None:
        self.results = results
        self.seconds = seconds
        self.counts: Counter = Counter()
        self.kinds = Counter(v.kind for one in results for v in one.violations)
        for one in results:
            self.counts.update(one.counts)

    @property
    def failed(self) -> list[Result]:
        return [one for one in self.results if one.violations]

    def words(self) -> list[str]:
        count = self.counts
        simulated_s = self.seconds * len(self.results)
        faults = sum(len(one.faults) for one in self.results)
        requests = sum(one.requests for one in self.results)
        return [
            f"{len(self.results):,} seeds of {self.seconds} s: {simulated_s / 3600:.1f} simulated hours, {faults:,} faults",
            f"{requests:,} Modbus requests, {count['answers']:,} answers with {count['values']:,} numbers",
            f"503: {_share(count['503'], count['answers'])} of all answers; "
            f"while all was well {_share(count['503 while well'], count['while well'])}",
            f"violations: {sum(self.kinds.values())} in {len(self.failed)} seeds"
            + "".join(f"; {number} {kind}" for kind, number in sorted(self.kinds.items())),
            f"0 and -1 of a unit that has just started, which may be true: {count['believed']:,} numbers",
        ]

    def tables(self) -> str:
        """Markdown."""
        lines = ["| | |", "| --- | --- |"]
        for line in self.words():
            name, _, value = line.partition(": ")
            lines.append(f"| {name} | {value} |")
        lines += [
            "",
            "| fault | what it is | times | seeds | violations |",
            "| --- | --- | --- | --- | --- |",
        ]
        for name, kind in KINDS.items():
            own = [[f for f in one.faults if f.name == name] for one in self.results]
            failed = sum(
                len(one.violations) for one, found in zip(self.results, own, strict=True) if found
            )
            times, seeds = sum(map(len, own)), sum(map(bool, own))
            what = (kind.__doc__ or "").replace("\n", " ").rstrip(".")
            lines.append(f"| `{name}` | {' '.join(what.split())} | {times} | {seeds} | {failed} |")
        return "\n".join(lines) + "\n"

    def write(self, page: Path = PAGE) -> None:
        """Put the tables into the page, in place of those of the last run."""
        text = page.read_text("utf-8")
        before, _, rest = text.partition(_BEGIN)
        _, _, behind = rest.partition(_END)
        page.write_text(before + _BEGIN + self.tables() + _END + behind, "utf-8")


def _share(part, whole):
    return f"{100 * part / whole:.2f} %" if whole else "none"
