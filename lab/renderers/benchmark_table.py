"""pytest-benchmark's own table, of the catalogue's kernels in the most threads.

It is drawn by pytest-benchmark from its JSON, as `pytest-benchmark compare` does it;
which rows it has, and how they are called, is ours.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any

from lab.records.harmless import harmless
from lab.records.race import Race
from lab.records.results import KEY
from lab.verdicts.run import KERNELS

# As many of them as fit: first all, at last one.
COLUMNS = (
    ("min", "median", "max", "rounds"),
    ("min", "median", "rounds"),
    ("median", "rounds"),
    ("median",),
)
TITLE = "all threads of a race; in brackets, times the least"
ORDER = "place"  # in the table: a key that pytest-benchmark sorts by


def table(content: Mapping[str, Any], width: int) -> str:
    """The table of a result file's JSON, in lines of at most so many columns if that
    can be; empty where there is no timing in it, or no pytest-benchmark here."""
    rows = list(_rows(content))
    if not rows:
        return ""
    text = ""
    for columns in COLUMNS:
        try:
            text = _drawn(rows, columns)
        except ModuleNotFoundError:  # it comes with the extra `bench`
            return ""
        if max(map(len, text.splitlines())) <= width:
            break
    left_out = [name for name in COLUMNS[0] if name not in columns]
    return text + (f"(no room for {', '.join(left_out)})\n" if left_out else "")


def _rows(content: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Of each kernel the races in the most threads, its twins together."""
    found: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for benchmark in content["benchmarks"]:
        for record in benchmark["extra_info"].get(KEY, ()):
            if record["kind"] != Race.KIND or "stats" not in benchmark:
                continue
            if record.get("experiment", KERNELS) == KERNELS and record["threads"] > 1:
                name = harmless(f"{record['kernel']} {record['twin']}")
                row = {**benchmark["stats"], "name": name}
                of_kernel = found.setdefault(record["kernel"], [])
                of_kernel.append((record["threads"], row))
    for races in found.values():
        most = max(threads for threads, _ in races)
        yield from (row for threads, row in races if threads == most)


def _drawn(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> str:
    from pytest_benchmark.plugin import pytest_benchmark_scale_unit
    from pytest_benchmark.table import TableResults
    from pytest_benchmark.utils import report_noprogress

    drawing = TableResults(  # type: ignore[no-untyped-call]  # it has no types
        columns=columns,
        sort=ORDER,
        histogram=False,
        name_format=itemgetter("name"),
        logger=None,
        # The unit that fits the quickest.
        scale_unit=partial(_scaled, pytest_benchmark_scale_unit),
    )
    placed = [{**row, ORDER: place} for place, row in enumerate(rows)]
    lines = _Lines()
    drawing.display(  # type: ignore[no-untyped-call]  # as above
        lines, [(TITLE, placed)], progress_reporter=report_noprogress
    )
    # Its legend explains columns that are not asked for.
    return lines.text.partition("Legend:")[0].strip("\n") + "\n"


def _scaled(scale: Any, **asked: Any) -> Any:
    return scale(config=None, **{**asked, "sort": "min"})


class _Lines:
    """Takes what pytest-benchmark writes; its colours mean something else here."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str, **_: bool) -> None:
        self.text += text

    def write_line(self, line: str, **_: bool) -> None:
        self.text += f"{line}\n"
