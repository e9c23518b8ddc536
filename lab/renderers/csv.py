"""Verdicts and figures as CSV, for a spreadsheet: a line for each, run by run.

Races and the figures of experiments share the table; what one of them does not have
stays empty. What a spreadsheet would take for a formula gets an apostrophe: at the
beginning of a cell, or behind a semicolon, which separates cells in some countries.
"""

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

from lab.renderers import columns
from lab.verdicts.run import Judged

# The wide forms count in East Asian editions of Excel.
FORMULA = re.compile(r"(^|;)(?=\s*[-=+@＝＋－＠])")  # noqa: RUF001  # meant so


def render(runs: Sequence[Judged]) -> str:
    """The table with its head, comma-separated."""
    rows = [row for it in runs for row in _rows(it)]
    titles = list(dict.fromkeys(title for row in rows for title in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, titles, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {title: _cell(value) for title, value in row.items()} for row in rows
    )
    return out.getvalue()


def _rows(it: Judged) -> list[columns.Data]:
    run = columns.run(it)
    races = [{"kind": "race", **columns.data(columns.RACE, one)} for one in it.findings]
    series = [
        {"kind": "series", **columns.data(columns.SERIES, one)} for one in it.series
    ]
    return [run | row for row in races + series]


def _cell(value: Any) -> Any:
    return FORMULA.sub(r"\1'", value) if isinstance(value, str) else value
